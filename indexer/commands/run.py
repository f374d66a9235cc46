"""`veritally-indexer run`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from indexer.commands.options import (
    BlocksPerRequest,
    Config,
    DatabaseUrl,
    Deployments,
    LogFormat,
    MaxLagS,
    RpcUrls,
)
from indexer.errors import IndexerError
from indexer.follow import Stop, follow
from indexer.follower import followers_of
from indexer.log import configure, logger
from indexer.metrics_server import serve_metrics
from indexer.nodes import ONE_NODE
from indexer.settings import IndexerSettings, load_settings, require_no_password
from indexer.standing import Health


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(run)


def run(
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    deployments: Deployments = None,
    blocks_per_request: BlocksPerRequest = None,
    poll_interval_s: Annotated[
        float | None, typer.Option(help="Seconds between two looks at the head. [default: 0.5]")
    ] = None,
    max_lag_s: MaxLagS = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Open /metrics, /healthz and /readyz on this port. [default: closed]")
    ] = None,
    metrics_host: Annotated[
        str | None, typer.Option(help="Address of that port. [default: 127.0.0.1]")
    ] = None,
    log_format: LogFormat = None,
    config: Config = None,
) -> None:
    """Follow one deployment or several, until Ctrl-C or SIGTERM. Logs to stderr.

    Example: veritally-indexer run --deployment deployment.json --metrics-port 9464
    """
    require_no_password("--database-url", database_url)
    settings = load_settings(
        config,
        rpc_urls=rpc_urls,
        database_url=database_url,
        deployments=deployments,
        blocks_per_request=blocks_per_request,
        poll_interval_s=poll_interval_s,
        max_lag_s=max_lag_s,
        metrics_port=metrics_port,
        metrics_host=metrics_host,
        log_format=log_format,
    )
    configure(settings.log_format)
    try:
        _follow(settings)
    except IndexerError as error:
        if settings.log_format != "json":
            raise
        logger().error("ended", reason=str(error), exit_code=error.exit_code)
        raise typer.Exit(error.exit_code) from None


def _follow(settings: IndexerSettings) -> None:
    with Stop.on_signals() as stop, ExitStack() as stack:
        followers = followers_of(settings)
        health = Health(settings.max_lag_s, [follower.standing for follower in followers])
        if settings.metrics_port is not None:
            url = stack.enter_context(serve_metrics(health, settings.metrics_host, settings.metrics_port))
            logger().info("metrics", url=f"{url}/metrics")
        for follower in followers:
            if follower.nodes == 1:
                logger().warning("unconfirmed", deployment=follower.name, reason=ONE_NODE)
        follow(followers, settings.poll_interval_s, health, stop)
    logger().info("stopped")
