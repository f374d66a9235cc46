"""`veritally-indexer verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.commands.options import AsCsv, AsJson, AsTable, Config, DatabaseUrl, Deployments, RpcUrls
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.nodes import connect_all
from indexer.reporting.forms import Form, one_form
from indexer.settings import IndexerSettings, load_settings, require_no_password
from indexer.sync import Indexer
from indexer.verification import Verification, require_verified
from indexer.verification_report import to_csv, to_json, to_lines
from veritally.deployment import Deployment


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(verify)


def verify(
    to_block: Annotated[
        int | None, typer.Option(help="Last block to verify. [default: the last final one]")
    ] = None,
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Replace what differs by what the chain says, and verify again.")
    ] = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    deployments: Deployments = None,
    config: Config = None,
) -> None:
    """Re-derive everything from the chain and print a digest. The exit code is 1 when the database differs.

    JSON is an object for each deployment, CSV a line for each deployment and endpoint.

    Example: veritally-indexer verify --json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    require_no_password("--database-url", database_url)
    settings = load_settings(config, rpc_urls=rpc_urls, database_url=database_url, deployments=deployments)
    verified = []
    for deployed, endpoints in connect_all(settings.deployments, settings.rpc_urls):
        found = _verify(settings, deployed, endpoints, to_block, repair)
        if form is not Form.CSV:
            typer.echo(to_json(found) if form is Form.JSON else "\n".join(to_lines(found)))
        verified.append(found)
    if form is Form.CSV:
        typer.echo(to_csv(verified), nl=False)
    for found in verified:
        require_verified(found)


def _verify(
    settings: IndexerSettings, deployed: Deployment, endpoints: Endpoints, to_block: int | None, repair: bool
) -> Verification:
    database = Database(settings.database_url.get_secret_value())
    verifier = Indexer(endpoints, database, deployed, settings.blocks_per_request).verifier
    found = verifier.verify(to_block)
    if repair and not found.match:
        verifier.repair(found)
        found = verifier.verify(to_block)
    return found
