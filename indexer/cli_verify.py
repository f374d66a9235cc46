"""The command `veritally-indexer verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.settings import load_settings, require_no_password
from indexer.sync import Indexer
from indexer.verification import require_verified, to_json, to_lines
from veritally.deployment import Deployment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(verify)


def verify(
    to_block: Annotated[
        int | None, typer.Option(help="Last block to verify. [default: the last final one]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Replace what differs by what the chain says, and verify again.")
    ] = False,
    rpc_url: Annotated[
        list[str] | None,
        typer.Option(help="JSON-RPC of a node; every one is asked. [default: http://127.0.0.1:8545]"),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(help="SQLAlchemy URL without a password. [default: sqlite:///veritally-indexer.db]"),
    ] = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file. [default: deployment.json]")
    ] = None,
) -> None:
    """Re-derive everything from the chain and print a digest. The exit code is 1 when the database differs.

    Example: veritally-indexer verify --json
    """
    require_no_password("--database-url", database_url)
    settings = load_settings(database_url=database_url, deployment=deployment)
    endpoints = Endpoints.of_urls(rpc_url or [settings.rpc_url])
    database = Database(settings.database_url.get_secret_value())
    deployed = Deployment.load(settings.deployment)
    verifier = Indexer(endpoints, database, deployed, settings.blocks_per_request).verifier
    found = verifier.verify(to_block)
    if repair and not found.match:
        verifier.repair(found)
        found = verifier.verify(to_block)
    typer.echo(to_json(found) if as_json else "\n".join(to_lines(found)))
    require_verified(found)
