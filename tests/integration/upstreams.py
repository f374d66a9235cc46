"""A real HTTP server that plays an OpenAI-compatible upstream, well or badly."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Body = dict[str, Any]
WORDS = ["The", " sky", " is", " blue", "."]
USAGE = {"prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26}


def completion(**changes: Any) -> Body:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "inner/model-7b",
        "choices": [choice],
        "usage": USAGE,
    }
    return {**whole, **changes}


def chunk(delta: Body, finish_reason: str | None = None, **changes: Any) -> Body:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**head, "model": "inner/model-7b", "choices": [choice], **changes}


def events(*parts: Body | str) -> list[bytes]:
    return [f"data: {part if isinstance(part, str) else json.dumps(part)}\n\n".encode() for part in parts]


def spoken(usage: Body | None = USAGE) -> list[bytes]:
    """A whole answer in parts."""
    parts = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": word}) for word in WORDS)]
    parts.append(chunk({}, "stop"))
    if usage is not None:
        parts.append(chunk({}, choices=[], usage=usage))
    return events(*parts, "[DONE]")


def streaming(parts: list[bytes], pause_s: float = 0.0) -> Response:
    async def send() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
            await asyncio.sleep(pause_s)

    return StreamingResponse(send(), media_type="text/event-stream")


def breaking(parts: list[bytes]) -> Response:
    """The connection breaks after these parts."""

    async def send() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
            await asyncio.sleep(0.01)
        raise ConnectionAbortedError

    return StreamingResponse(send(), media_type="text/event-stream")


def well_behaved(body: Body) -> Response:
    return streaming(spoken()) if body.get("stream") else JSONResponse(completion())


@dataclass
class UpstreamServer:
    """What it was asked, and what it answers."""

    url: str = ""
    answer: Callable[[Body], Response] = well_behaved
    asked: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, request: Request) -> Response:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        return self.answer(self.asked[-1])


@contextmanager
def run_upstream() -> Iterator[UpstreamServer]:
    """A server on a free port."""
    played = UpstreamServer()
    app = Starlette(routes=[Route("/v1/chat/completions", played.serve, methods=["POST"])])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    played.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield played
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
