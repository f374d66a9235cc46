"""`veritally-prover config show`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prover.commands.invocation import configure
from veritally.tables import print_whole


def register(app: typer.Typer) -> None:
    """Adds the command."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_group)
    group.command()(show)
    app.add_typer(group, name="config")


def _group() -> None:
    """The settings that count.

    Example: veritally-prover config show
    """


def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Shows every setting, its value and where it comes from; URLs that may hold a key are masked.

    Example: veritally-prover --config veritally-prover.toml config show
    """
    rows = configure(context).shown()
    if as_json:
        shown = [{"setting": name, "value": value, "source": source} for name, value, source in rows]
        typer.echo(json.dumps(shown, indent=2))
        return
    table = Table("setting", "value", "source")
    for name, value, source in rows:
        table.add_row(name, value, source)
    print_whole(table, Console())
