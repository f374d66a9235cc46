"""The command `veritally-prover`. Everything is set by environment variables; keys are named by file."""

from __future__ import annotations

import json
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from prover.app import create_app
from prover.assembly import Connection, assemble, connect, load_packages
from prover.config import load_settings
from prover.errors import ProverError
from prover.settings import ProverSettings
from veritally.errors import VeritallyError
from veritally.tables import print_whole

GRACE_S = 30
"""Seconds that running requests get when the service is stopped."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def veritally_prover() -> None:
    """Serves paid AI inferences over x402 and settles them with evidence.

    Settings are environment variables with the prefix VERITALLY_PROVER_; docs/prover.md lists them.
    """


@app.command()
def serve() -> None:
    """Registers the models and serves them until Ctrl-C.

    Example: VERITALLY_PROVER_KEYSTORE_FILE=key.json veritally-prover serve
    """
    settings = load_settings()
    connection = connect(settings)
    parts = assemble(settings, connection, typer.echo)
    typer.echo(f"serving {', '.join(parts.catalogue.models)} as {connection.account.address}")
    uvicorn.run(create_app(parts), host=settings.host, port=settings.port, timeout_graceful_shutdown=GRACE_S)
    typer.echo("stopped")


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Lists the models with their tiers, prices and pay addresses; changes nothing.

    Example: veritally-prover models --json
    """
    settings = load_settings()
    rows = _rows(settings, connect(settings))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*row.values())
    print_whole(table, Console())


def _rows(settings: ProverSettings, connection: Connection) -> list[dict[str, str]]:
    return [
        {
            "model": package.name,
            "version": package.version,
            "tier": tier.label,
            "price_usd": settings.price_usd(tier),
            "pay_to": offer.pay_to,
        }
        for package in load_packages(settings)
        for tier, offer in connection.offers.items()
    ]


def main() -> None:
    """Entry point: expected errors end the command with a line and their exit code."""
    try:
        app()
    except (ProverError, VeritallyError) as error:
        typer.echo(f"veritally-prover: {error}", err=True)
        raise SystemExit(error.exit_code) from None
