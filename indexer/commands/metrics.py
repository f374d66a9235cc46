"""`veritally-indexer metrics`."""

from __future__ import annotations

import difflib
import json
from typing import Annotated

import typer

from indexer.analytics import writing
from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.catalogue import BY_NAME, METRICS
from indexer.analytics.cube import sql
from indexer.analytics.metric import METHODOLOGY, Metric, Scope
from indexer.commands.asking import (
    OneDeployment,
    Until,
    Weeks,
    open_analysis,
    open_database,
    rows_of,
    window_of,
)
from indexer.commands.options import Config, DatabaseUrl
from indexer.errors import SettingsError, UsageError
from indexer.reporting.forms import Form, console, one_form
from indexer.reporting.frame import definition, frame, label, scope_frame, state_lines, weeks_text
from veritally.tables import print_whole

_LISTING = (
    Column("id", Kind.TEXT, "M1 to M20; several answers may belong to one"),
    Column("name", Kind.TEXT, "for commands and addresses"),
    Column("question", Kind.TEXT, "what it answers"),
)


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(metrics)


def metrics(
    name: Annotated[str | None, typer.Argument(help="Metric to compute; without it, list all.")] = None,
    weeks: Weeks = 4,
    until: Until = None,
    rows: Annotated[
        str, typer.Option(help="raw: all; strict: without pairs labelled as self or suspected.")
    ] = "raw",
    as_table: Annotated[bool, typer.Option("--table", help="Print a table (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that computes it.")] = False,
    database_url: DatabaseUrl = None,
    deployment: OneDeployment = None,
    config: Config = None,
) -> None:
    """List the metrics, or compute one of them over full weeks whose blocks are final.

    Example: veritally-indexer metrics capped-share --weeks 8 --csv
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv, sql=as_sql)
    if name is None:
        _list(form)
        return
    metric = _metric(name)
    if form is Form.SQL:
        typer.echo("\n".join(sql(file).rstrip() + "\n;" for file in metric.sql))
        return
    counted = rows_of(rows)
    analysis = open_analysis(open_database(config, database_url), deployment)
    scope = Scope(window_of(analysis, weeks, until), counted)
    answer = analysis.answer(metric, scope)
    if form is Form.CSV:
        typer.echo(writing.to_csv(answer), nl=False)
    elif form is Form.JSON:
        content = frame(analysis.state) | {"metric": definition(metric)} | scope_frame(scope)
        content |= {"columns": writing.json_columns(answer), "rows": writing.json_rows(answer)}
        typer.echo(json.dumps(content, indent=2))
    else:
        _print(metric, scope, answer, state_lines(analysis.state))


def _metric(name: str) -> Metric:
    if name not in BY_NAME:
        (nearest,) = difflib.get_close_matches(name, BY_NAME, 1, cutoff=0.0)
        raise SettingsError("metrics", f"there is no metric {name}; the nearest is {nearest}")
    return BY_NAME[name]


def _list(form: Form) -> None:
    """All metrics; needs no database."""
    if form is Form.SQL:
        raise UsageError("--sql prints the SQL of one metric: name it")
    if form is Form.JSON:
        listed = [definition(m) | {"columns": writing.json_columns(Answer(m.columns, ()))} for m in METRICS]
        typer.echo(json.dumps({"methodology": METHODOLOGY, "metrics": listed}, indent=2))
        return
    listing = Answer(_LISTING, tuple((m.id, m.name, m.question) for m in METRICS))
    if form is Form.CSV:
        typer.echo(writing.to_csv(listing), nl=False)
    else:
        console().print(writing.to_table(listing))


def _print(metric: Metric, scope: Scope, answer: Answer, lines: list[str]) -> None:
    out = console()
    out.print(f"{metric.title}: {metric.question}", markup=False, soft_wrap=True)
    out.print(f"{weeks_text(scope.now)}; {label(scope.rows)} rows", markup=False, soft_wrap=True)
    out.print()
    print_whole(writing.to_table(answer), out)
    out.print()
    out.print("\n".join(lines), markup=False, soft_wrap=True)
