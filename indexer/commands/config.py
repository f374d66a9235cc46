"""`veritally-indexer config`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from indexer.commands.options import AsCsv, AsJson, AsTable, Config
from indexer.config_text import commented_file, shown_settings, to_csv, to_toml
from indexer.errors import UsageError
from indexer.reporting.forms import Form, one_form
from indexer.settings import CONFIG_FILE, load

config = typer.Typer(help="Write and show the settings.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the group of commands to the program."""
    app.add_typer(config, name="config")


@config.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = CONFIG_FILE,
) -> None:
    """Write a config file in which every setting is explained.

    Example: veritally-indexer config init
    """
    try:
        with file.open("x", encoding="utf-8") as opened:
            file.chmod(0o600)
            opened.write(commented_file())
    except FileExistsError:
        raise UsageError(f"{file} exists already; name another file or delete it") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {file}")


@config.command()
def show(
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    file: Config = None,
) -> None:
    """Print the settings in force and where each comes from. Keys and passwords are left out.

    Example: veritally-indexer config show
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    shown = shown_settings(load(file))
    if form is Form.JSON:
        typer.echo(json.dumps({name: {"value": v, "from": o} for name, (v, o) in shown.items()}, indent=2))
    elif form is Form.CSV:
        typer.echo(to_csv(shown), nl=False)
    else:
        typer.echo(to_toml(shown))
