"""`veritally-indexer sync`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from indexer.commands.options import DatabaseUrl, RpcUrl
from indexer.database import Database
from indexer.follow import Stop, follow
from indexer.report import counters_line
from indexer.rpc import JsonRpc
from indexer.settings import IndexerSettings, load_settings, require_no_password
from indexer.sync import Indexer, SyncResult
from indexer.tallies import compared, read_report, require_match
from veritally.deployment import Deployment


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(sync)


def sync(
    once: Annotated[bool, typer.Option("--once", help="Stop at the head instead of following it.")] = False,
    rpc_url: RpcUrl = None,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file. [default: deployment.json]")
    ] = None,
    blocks_per_request: Annotated[
        int | None, typer.Option(help="Most blocks per request and transaction. [default: 1000]")
    ] = None,
    poll_interval_s: Annotated[
        float | None, typer.Option(help="Seconds between two looks at the head. [default: 2]")
    ] = None,
) -> None:
    """Index up to the head and check the contract's counters; follow the head unless --once is given.

    Example: veritally-indexer sync --once --deployment deployment.json
    """
    require_no_password("--database-url", database_url)
    settings = load_settings(
        rpc_url=rpc_url,
        database_url=database_url,
        deployment=deployment,
        blocks_per_request=blocks_per_request,
        poll_interval_s=poll_interval_s,
    )
    with Stop.on_signals() as stop:
        synchronise = _synchroniser(settings, stop)
        synchronise()
        if not once:
            follow(synchronise, settings.poll_interval_s, stop)


def _synchroniser(settings: IndexerSettings, stop: Stop) -> Callable[[], None]:
    """A function that indexes up to the head, and reports and checks what it added."""
    database = Database(settings.database_url.get_secret_value())
    deployed = Deployment.load(settings.deployment)
    rpc = JsonRpc(settings.rpc_url)
    indexer = Indexer(rpc, database, deployed, settings.blocks_per_request)
    indexer.open()
    is_first = True

    def synchronise() -> None:
        nonlocal is_first
        result = indexer.sync_once(stop.is_set)
        if result.events or result.replaced_blocks or is_first:
            is_first = False
            typer.echo(_summary(result))
            if stop.is_set():
                return
            report = compared(rpc, read_report(database, deployed))
            require_match(report)
            typer.echo(counters_line(report))

    return synchronise


def _summary(result: SyncResult) -> str:
    if result.to_block < result.from_block:
        return f"no new blocks after block {result.to_block}"
    replaced = f", {result.replaced_blocks} blocks replaced" if result.replaced_blocks else ""
    return (
        f"blocks {result.from_block} to {result.to_block}: {result.inferences} new inferences, "
        f"{result.events} events{replaced}"
    )
