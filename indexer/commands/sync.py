"""`veritally-indexer sync`."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.backfill import shown_backfill
from indexer.commands.options import BlocksPerRequest, Config, DatabaseUrl, Deployments, LogFormat, RpcUrls
from indexer.errors import UsageError
from indexer.follow import Stop
from indexer.follower import Follower, followers_of
from indexer.log import configure
from indexer.progress import SyncResult
from indexer.report import counters_line
from indexer.settings import load_settings, require_no_password
from indexer.tallies import require_match


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(sync)


def sync(
    once: Annotated[bool, typer.Option("--once", help="End at the head; `run` follows it.")] = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    deployments: Deployments = None,
    blocks_per_request: BlocksPerRequest = None,
    log_format: LogFormat = None,
    config: Config = None,
) -> None:
    """Index up to the head and check the contract's counters.

    Example: veritally-indexer sync --once --deployment deployment.json
    """
    if not once:
        raise UsageError("sync does not follow the head: give --once, or use `veritally-indexer run`")
    require_no_password("--database-url", database_url)
    settings = load_settings(
        config,
        rpc_urls=rpc_urls,
        database_url=database_url,
        deployments=deployments,
        blocks_per_request=blocks_per_request,
        log_format=log_format,
    )
    configure(settings.log_format)
    with Stop.on_signals() as stop:
        followers = followers_of(settings)
        for follower in followers:
            if not stop.is_set():
                name = f"{follower.name}: " if len(followers) > 1 else ""
                _sync(follower, stop, name)


def _sync(follower: Follower, stop: Stop, name: str) -> None:
    with shown_backfill() as watch:
        result = follower.go_on(stop.is_set, watch)
    typer.echo(name + _summary(result))
    if not stop.is_set():
        report = follower.compared()
        require_match(report)
        typer.echo(name + counters_line(report))


def _summary(result: SyncResult) -> str:
    if result.to_block < result.from_block:
        return f"no new blocks after block {result.to_block}"
    replaced = f", {result.replaced_blocks} blocks replaced" if result.replaced_blocks else ""
    return (
        f"blocks {result.from_block} to {result.to_block}: {result.inferences} new inferences, "
        f"{result.events} events{replaced}"
    )
