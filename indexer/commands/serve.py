"""`veritally-indexer serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.commands.options import Config, DatabaseUrl, LogFormat
from indexer.follow import Stop
from indexer.log import configure, logger
from indexer.settings import load_settings, require_no_password
from veritally.deployment import Deployment

_REFRESH_S = 1.0


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8480,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Which one, when the database holds several deployments.")
    ] = None,
    log_format: LogFormat = None,
    config: Config = None,
) -> None:
    """Serve the HTTP interface of one deployment, until Ctrl-C or SIGTERM. Only reads the database.

    Example: veritally-indexer serve --port 8480
    """
    require_no_password("--database-url", database_url)
    settings = load_settings(config, database_url=database_url, log_format=log_format)
    configure(settings.log_format)
    meant = None if deployment is None else Deployment.load(deployment)
    with Stop.on_signals() as stop:
        _serve(settings.database_url.get_secret_value(), meant, host, port, stop)
    logger().info("stopped")


def _serve(url: str, deployment: Deployment | None, host: str, port: int, stop: Stop) -> None:
    from indexer.api.app import make_app  # slow to import
    from indexer.api.serving import served
    from indexer.api.source import Source
    from indexer.pages.router import pages
    from indexer.pages.wiring import pages_over

    source = Source(url, deployment)
    source.warm()
    app = make_app(source, [pages(pages_over(source))])
    with source.kept_fresh(_REFRESH_S), served(app, host, port) as address:
        logger().info("serving", url=f"{address}/", settlement=source.analysed.settlement)
        stop.wait(None)
