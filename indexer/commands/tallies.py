"""`veritally-indexer tallies`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from indexer.commands.options import Config, DatabaseUrl, RpcUrls
from indexer.database import Database
from indexer.nodes import connect, nodes_of
from indexer.report import print_table, to_csv, to_json
from indexer.reporting.forms import Form, one_form
from indexer.settings import load_settings, require_no_password
from indexer.tallies import compared, read_report, require_match
from veritally.deployment import Deployment


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(tallies)


def tallies(
    as_table: Annotated[bool, typer.Option("--table", help="Print tables (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per tier and asset.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the contract's counters.")] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Leave out what a reorganisation may still undo.")
    ] = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Which one, when the database holds several deployments.")
    ] = None,
    config: Config = None,
) -> None:
    """Show how the inferences split over the tiers. The exit code is 1 when the contract counts otherwise.

    Example: veritally-indexer tallies --json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    require_no_password("--database-url", database_url)
    settings = load_settings(config, rpc_urls=rpc_urls, database_url=database_url)
    meant = None if deployment is None else Deployment.load(deployment)
    report = read_report(Database(settings.database_url.get_secret_value()), meant, final)
    if not offline:
        nodes = nodes_of([report.chain_id], settings.rpc_urls)
        report = compared(connect(nodes.of(report.chain_id)), report)
    if form is Form.JSON:
        typer.echo(to_json(report))
    elif form is Form.CSV:
        typer.echo(to_csv(report))
    else:
        print_table(report, Console())
    require_match(report)
