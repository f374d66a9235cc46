"""`veritally-prover settle`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.commands.invocation import configure
from prover.operations.state_folder import ask_service


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(settle)


def settle(
    context: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Needed: it costs more gas than waiting.")] = False,
) -> None:
    """Has the running service send what waits at once, vouchers too, without waiting for more.

    Exit code 3: something is not sent, as when fees are too high.

    Example: veritally-prover settle --now
    """
    if not now:
        raise typer.BadParameter("write `veritally-prover settle --now`: it costs more gas than waiting")
    answer = ask_service(configure(context).settings.state_dir, "POST", "/settle")
    typer.echo(
        "nothing waits any more" if answer["done"] else "not all is sent; `veritally-prover status` shows why"
    )
    raise typer.Exit(0 if answer["done"] else 3)
