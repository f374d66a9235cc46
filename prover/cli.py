"""The command `veritally-prover`. Keys are named by file, never on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.commands import config as config_command
from prover.commands import doctor, drain, init, models, serve, settle, status
from prover.commands.invocation import Invocation
from prover.config import CONFIG_VARIABLE
from veritally.errors import CommandError
from veritally.memory import keep_freed_memory

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def veritally_prover(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(envvar=CONFIG_VARIABLE, help="Config file. [default: veritally-prover.toml, if there]"),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, such as port=9000; repeat it."),
    ] = None,
) -> None:
    """Serves paid AI inferences over x402 and settles them with evidence.

    Settings are options, environment variables with the prefix VERITALLY_PROVER_, or lines of the config
    file, in this order; docs/prover.md lists them. docs/operate.md leads from nothing to a running prover.
    """
    context.obj = Invocation.of(config, assignments or [])


for _module in (init, config_command, doctor, serve, models, status, settle, drain):
    _module.register(app)


def main() -> None:
    """Entry point: expected errors end the command with a line and their exit code."""
    keep_freed_memory()
    try:
        app()
    except CommandError as error:
        typer.echo(f"veritally-prover: {error}", err=True)
        raise SystemExit(error.exit_code) from None
