"""`veritally-prover drain`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from prover.commands.invocation import configure
from prover.operations.errors import DrainUnfinishedError, ServiceNotRunningError
from prover.operations.state_folder import ask_service

_POLL_S = 1.0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(drain)


def drain(
    context: typer.Context,
    timeout_s: Annotated[float, typer.Option(help="Seconds to wait for the end.", min=0)] = 900.0,
) -> None:
    """Has the running service take no new requests, settle everything, and end; waits for that.

    Exit code 3: it is still at work; it goes on by itself.

    Example: veritally-prover drain --timeout-s 600
    """
    folder = configure(context).settings.state_dir
    ask_service(folder, "POST", "/drain")
    typer.echo("no new requests are taken")
    deadline = time.monotonic() + timeout_s
    last = ""
    while time.monotonic() < deadline:
        line = _still_open(folder)
        if line is None:
            typer.echo("everything is settled; the service has ended")
            return
        if line != last:
            typer.echo(line)
            last = line
        time.sleep(_POLL_S)
    raise DrainUnfinishedError(timeout_s)


def _still_open(folder: Path) -> str | None:
    """How many requests are open; None when the service has ended."""
    try:
        book = ask_service(folder, "GET", "/status")["book"]
    except ServiceNotRunningError:
        return None
    if book is None:
        return "the database does not answer"
    counts = {state: sum(tiers.values()) for state, tiers in book["open_jobs"].items()}
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing is open"
