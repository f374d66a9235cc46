from __future__ import annotations

import asyncio
import contextlib
from typing import Any, cast

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from prover.operations.control import Control
from prover.operations.serving import Listener, bind_tcp, serve_until_stopped

REQUEST = b"GET / HTTP/1.1\r\nHost: prover\r\n\r\n"
IDLE_S = httpx.Limits().keepalive_expiry or 0.0
"""For which the official clients' library sends over a connection that was idle."""


class Stop:
    def __init__(self) -> None:
        self.stopped = asyncio.Event()


async def answer(port: int, pauses_s: tuple[float, ...]) -> list[bytes]:
    """First lines of the answers to one request after each pause, over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = []
    for pause_s in pauses_s:
        await asyncio.sleep(pause_s)
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        lines.append(head.splitlines()[0])
    writer.close()
    return lines


async def test_connections_outlive_the_idle_time_of_clients() -> None:
    async def ok(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    socket, stop = bind_tcp("127.0.0.1", 0, "port"), Stop()
    socket.listen()
    app = Starlette(routes=[Route("/", ok)])
    serving = asyncio.create_task(serve_until_stopped([Listener(app, socket)], cast(Control, stop)))
    try:
        lines = await answer(socket.getsockname()[1], (0.0, IDLE_S + 0.5))
        assert lines == [b"HTTP/1.1 200 OK"] * 2
    finally:
        stop.stopped.set()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
