"""Runs the HTTP servers of one process, and stops them in order."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from prover.errors import SettingError
from prover.operations.control import Control

GRACE_S = 30
"""Seconds that running requests get when the service is stopped."""
_BACKLOG = 2_048
_LONGEST_HEADERS_BYTES = 65_536
_KEEP_ALIVE_S = 75
"""Clients give up idle connections first: who is closed while it sends has lost a request."""


@dataclass(frozen=True)
class Listener:
    """An application and the socket on which it is asked."""

    app: ASGIApp
    socket: socket.socket


class _Server(uvicorn.Server):
    """Leaves signals to us: there are several servers in the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind_tcp(host: str, port: int, setting: str) -> socket.socket:
    """A socket at this address.

    Raises:
        SettingError: it cannot be had; names the setting.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        problem = f"cannot listen on {host}:{port} ({error.strerror}); choose another one"
        raise SettingError(setting, problem) from None
    return listener


async def serve_until_stopped(listeners: Sequence[Listener], control: Control) -> None:
    """Serves until the control says stop, or a signal does. The first listener is the public one.

    Running requests may end for `GRACE_S` seconds; a second signal ends them at once.
    """
    servers = [_Server(_config(listener.app)) for listener in listeners]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if control.stopped.is_set():
            for server in servers:
                server.force_exit = True
        control.stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    running = [
        asyncio.create_task(server.serve([listener.socket]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    stopped = asyncio.create_task(control.stopped.wait())
    await asyncio.wait([*running, stopped], return_when=asyncio.FIRST_COMPLETED)
    for server, task in zip(servers, running, strict=True):
        server.should_exit = True
        await task
    stopped.cancel()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        h11_max_incomplete_event_size=_LONGEST_HEADERS_BYTES,
        timeout_graceful_shutdown=GRACE_S,
    )
