"""`veritally-indexer report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from indexer.analytics.writing import to_csv
from indexer.commands.asking import OneDeployment, open_analysis, open_database
from indexer.commands.options import Config, DatabaseUrl
from indexer.reporting.forms import Form, console, one_form
from indexer.reporting.overview import read_overview, to_document, to_lines
from indexer.reporting.terminal import print_overview


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(report)


def report(
    as_table: Annotated[bool, typer.Option("--table", help="Print text and tables (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every number.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one number on each line.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the page to this file, which needs no other one.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Print the page to this file, with the system's Chromium.")
    ] = None,
    database_url: DatabaseUrl = None,
    deployment: OneDeployment = None,
    config: Config = None,
) -> None:
    """Answer what analysts ask first: which guarantee, how much, is it growing, and can it be trusted.

    It is about the last four full weeks whose blocks are final, compared with the four weeks before. With
    --html or --pdf it is written to files; --table, --json or --csv print it besides.

    Example: veritally-indexer report --json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    database = open_database(config, database_url)
    analysis = open_analysis(database, deployment)
    if html is not None or pdf is not None:
        from indexer.reporting.page import page_of, write_html, write_pdf  # templates are slow to import

        page = page_of(database, analysis)
        if html is not None:
            write_html(page, html)
        if pdf is not None:
            write_pdf(page, pdf)
        if not (as_table or as_json or as_csv):
            return
    overview = read_overview(analysis)
    if form is Form.JSON:
        typer.echo(json.dumps(to_document(overview), indent=2))
    elif form is Form.CSV:
        typer.echo(to_csv(to_lines(overview)), nl=False)
    else:
        print_overview(overview, console())
