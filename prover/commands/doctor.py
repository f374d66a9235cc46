"""`veritally-prover doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from prover.commands.invocation import configure
from prover.operations.check import Check
from prover.operations.doctor import examine


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Checks everything that the service needs, and says of each failure what to do; changes nothing.

    Exit code 0: all is well; 1: something is not.

    Example: veritally-prover doctor
    """
    failed = False
    checks = []
    for check in examine(configure(context)):
        failed |= not check.ok
        checks.append(check)
        if not as_json:
            typer.echo(_line(check))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    raise typer.Exit(1 if failed else 0)


def _line(check: Check) -> str:
    fix = f" -> {check.fix}" if check.fix else ""
    return f"{'ok' if check.ok else 'FAILED':6}  {check.name}: {check.found}{fix}"
