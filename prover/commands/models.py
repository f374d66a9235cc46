"""`veritally-prover models`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prover.commands.invocation import configure
from prover.connection import Connection, connect
from prover.offering import load_packages, offers_of
from prover.settings import ProverSettings
from veritally.tables import print_whole


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(models)


def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Lists the models with their tiers, prices and pay addresses; changes nothing.

    Example: veritally-prover models --json
    """
    settings = configure(context).settings
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
            "price_usd": settings.price_usd(tier, package.name),
            "pay_to": offer.pay_to,
        }
        for package in load_packages(settings)
        for tier, offer in offers_of(settings, connection, package.name).items()
    ]
