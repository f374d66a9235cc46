"""`veritally-prover serve`."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Annotated

import typer
import uvloop

from prover.app import Parts, create_app
from prover.assembly import assemble
from prover.commands.invocation import configure
from prover.connection import Connection, connect
from prover.operations.control import Control, DrainGate, control_app, health_app
from prover.operations.logs import progress
from prover.operations.metrics import Metrics, RequestMetrics
from prover.operations.monitor import Monitor
from prover.operations.nodes import ChainWatch
from prover.operations.serving import Listener, bind_tcp, serve_until_stopped
from prover.operations.state_folder import bind_control, open_state_folder
from prover.settings import PREFIX, ProverSettings

_log = logging.getLogger("veritally.prover")
_SWITCH_INTERVAL_S = 0.0005
"""How long a thread keeps the interpreter when others want it: a request passes through several threads."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port of the service.")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Scheduler of a Dask cluster for the proofs, as tcp://host:8786.")
    ] = None,
) -> None:
    """Registers the models and serves them until Ctrl-C.

    Running requests end first, and what waits is settled. A second Ctrl-C ends at once and loses nothing.

    Example: VERITALLY_PROVER_KEYSTORE_FILE=key.json veritally-prover serve
    """
    settings = configure(context, host=host, port=port, cluster=cluster).settings
    connection = connect(settings)
    open_state_folder(settings.state_dir)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    uvloop.run(_serve(settings, connection))
    typer.echo("stopped")


async def _serve(settings: ProverSettings, connection: Connection) -> None:
    public = bind_tcp(settings.host, settings.port, f"{PREFIX}PORT")
    commands = bind_control(settings.state_dir)
    health = None
    if settings.metrics_port is not None:
        health = bind_tcp(settings.metrics_host, settings.metrics_port, f"{PREFIX}METRICS_PORT")
    tell = progress if settings.log_format == "json" else typer.echo
    parts = await asyncio.to_thread(assemble, settings, connection, tell)
    monitor = _monitor(settings, connection, parts)
    metrics, control = Metrics(lambda: monitor.latest), Control(parts.settling, monitor)
    app = RequestMetrics(DrainGate(create_app(parts), control), metrics)
    listeners = [Listener(app, public), Listener(control_app(control), commands)]
    if health is not None:
        listeners.append(Listener(health_app(monitor, metrics), health))
    await asyncio.to_thread(monitor.start)
    typer.echo(f"serving {', '.join(parts.catalogue.models)} as {connection.account.address}")
    try:
        await serve_until_stopped(listeners, control)
    finally:
        await asyncio.to_thread(monitor.close)


def _monitor(settings: ProverSettings, connection: Connection, parts: Parts) -> Monitor:
    def valid_until() -> dict[str, int]:
        return {model: enclave.registered_until_s() for model, enclave in parts.enclaves.items()}

    key, deployment = parts.books.manager.key, connection.deployment
    chain = ChainWatch(key, settings.rpc_urls, deployment, connection.pay_to, valid_until)
    monitor = Monitor(parts.books.database, key, chain)
    monitor.failure = lambda: parts.settling.failure
    return monitor
