"""Speaks to an upstream: one request at a time to one URL, with limits on time and size."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from prover.upstream.config import Upstream
from prover.upstream.errors import (
    UpstreamBusyError,
    UpstreamFailedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
)

MOST_BYTES: Final = 16 * 2**20
"""Of one answer."""
_CONNECT_S: Final = 10.0
_MOST_SHOWN: Final = 300
"""Characters of what an upstream says to a client."""
_BAD_REQUEST: Final = (400, 413, 422)

_log = logging.getLogger("veritally.prover.upstream")


class UpstreamClient:
    """The connections to one upstream. For one event loop."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._url = f"{upstream.url}/chat/completions"
        self._running = 0
        timeout = httpx.Timeout(upstream.silence_timeout_s, connect=_CONNECT_S)
        self._http = httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def ask(self, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """Sends a request; the answer has begun, and is read by the caller inside the context.

        Raises:
            UpstreamBusyError: too many requests run, here or there.
            UpstreamRefusedError: the upstream does not take the request.
            UpstreamTimeoutError: it said nothing for too long, also in the middle of an answer.
            UpstreamFailedError: it cannot be reached, broke off, or does not let us in.
        """
        if self._running >= self._upstream.max_parallel_requests:
            raise UpstreamBusyError
        self._running += 1
        try:
            async with self._http.stream("POST", self._url, json=body, headers=self._headers()) as response:
                await self._require_answer(response)
                yield response
        except httpx.TimeoutException:
            raise UpstreamTimeoutError(self._upstream.silence_timeout_s) from None
        except httpx.HTTPError as error:
            raise UpstreamFailedError(f"the connection failed ({type(error).__name__})") from None
        finally:
            self._running -= 1

    async def _require_answer(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        said = self._hide_key(_message_of(await read_whole(response)))
        if status in _BAD_REQUEST:
            raise UpstreamRefusedError(said)
        _log.error("the upstream of %s answers %d: %s", self._upstream.card.name, status, said)
        if status in (429, 503):
            raise UpstreamBusyError
        raise UpstreamFailedError(f"it answers with the status {status}")

    def _headers(self) -> dict[str, str]:
        key = self._upstream.api_key
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    def _hide_key(self, said: str) -> str:
        key = self._upstream.api_key
        return said.replace(key.get_secret_value(), "[key]") if key else said


async def read_whole(response: httpx.Response) -> bytes:
    """The whole body.

    Raises:
        UpstreamFailedError: it is larger than `MOST_BYTES`.
    """
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise UpstreamFailedError(f"it is larger than {MOST_BYTES} bytes")
    return bytes(body)


async def read_events(response: httpx.Response) -> AsyncIterator[str]:
    """The data of each server-sent event.

    Raises:
        UpstreamFailedError: all together are larger than `MOST_BYTES`, or no text.
    """
    received, rest, data = 0, b"", list[str]()
    async for part in response.aiter_bytes():
        received += len(part)
        if received > MOST_BYTES:
            raise UpstreamFailedError(f"it is larger than {MOST_BYTES} bytes")
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            text = _decode(line.removesuffix(b"\r"))
            if text.startswith("data:"):
                data.append(text.removeprefix("data:").removeprefix(" "))
            elif not text and data:
                yield "\n".join(data)
                data = []


def _decode(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UpstreamFailedError("it is not UTF-8") from None


def _message_of(body: bytes) -> str:
    """What an upstream says went wrong."""
    try:
        content = json.loads(body)
    except ValueError:
        return "it gives no reason"
    error = content.get("error", content) if isinstance(content, dict) else content
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "it gives no reason")[:_MOST_SHOWN]
