"""`veritally-indexer doctor`."""

from __future__ import annotations

import json

import typer

from indexer.commands.options import (
    AsCsv,
    AsJson,
    AsTable,
    BlocksPerRequest,
    Config,
    DatabaseUrl,
    Deployments,
    RpcUrls,
)
from indexer.doctor.examine import examine
from indexer.doctor.finding import failed, to_csv
from indexer.errors import UnhealthyError
from indexer.reporting.forms import Form, one_form
from indexer.settings import load, require_no_password


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(doctor)


def doctor(
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    deployments: Deployments = None,
    blocks_per_request: BlocksPerRequest = None,
    config: Config = None,
) -> None:
    """Look at the nodes, the database and the files; say how to put right what is wrong. Changes nothing.

    The exit code is 1 when a check failed.

    Example: veritally-indexer doctor
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    require_no_password("--database-url", database_url)
    loaded = load(
        config,
        rpc_urls=rpc_urls,
        database_url=database_url,
        deployments=deployments,
        blocks_per_request=blocks_per_request,
    )
    findings = examine(loaded)
    if form is Form.JSON:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    elif form is Form.CSV:
        typer.echo(to_csv(findings), nl=False)
    else:
        typer.echo("\n".join(map(str, findings)))
    if failed(findings):
        raise UnhealthyError(failed(findings), len(findings))
