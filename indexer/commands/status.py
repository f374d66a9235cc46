"""`veritally-indexer status`."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.commands.options import Config, DatabaseUrl, MaxLagS, RpcUrls
from indexer.database import Database
from indexer.errors import NotCurrentError
from indexer.reporting.forms import Form, one_form
from indexer.settings import load_settings, require_no_password
from indexer.status import read_status
from indexer.status_report import name_of, to_csv, to_json, to_text

_WRITERS = {Form.TABLE: to_text, Form.JSON: to_json, Form.CSV: to_csv}


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(status)


def status(
    as_table: Annotated[bool, typer.Option("--table", help="Print text (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per deployment.")] = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    max_lag_s: MaxLagS = None,
    config: Config = None,
) -> None:
    """Show how far behind each deployment of the database is, its last verification and its incidents.

    The exit code is 3 when one of them is not current.

    Example: veritally-indexer status --json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    require_no_password("--database-url", database_url)
    settings = load_settings(config, rpc_urls=rpc_urls, database_url=database_url, max_lag_s=max_lag_s)
    found = read_status(Database(settings.database_url.get_secret_value()), settings.rpc_urls)
    typer.echo(_WRITERS[form](found, settings.max_lag_s))
    behind = [(name_of(one), reason) for one in found if (reason := one.behind(settings.max_lag_s))]
    if behind:
        raise NotCurrentError([f"{name}: {reason}" for name, reason in behind])
