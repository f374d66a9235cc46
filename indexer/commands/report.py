"""`veritally-indexer report`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from indexer.commands.asking import OneDeployment, open_analysis
from indexer.commands.options import Config, DatabaseUrl
from indexer.reporting.forms import Form, console, one_form
from indexer.reporting.overview import read_overview, to_document
from indexer.reporting.terminal import print_overview


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(report)


def report(
    as_table: Annotated[bool, typer.Option("--table", help="Print text and tables (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every number.")] = False,
    database_url: DatabaseUrl = None,
    deployment: OneDeployment = None,
    config: Config = None,
) -> None:
    """Answer what analysts ask first: which guarantee, how much, is it growing, and can it be trusted.

    It is about the last four full weeks whose blocks are final, compared with the four weeks before.

    Example: veritally-indexer report --json
    """
    form = one_form(table=as_table, json=as_json)
    overview = read_overview(open_analysis(config, database_url, deployment))
    if form is Form.JSON:
        typer.echo(json.dumps(to_document(overview), indent=2))
    else:
        print_overview(overview, console())
