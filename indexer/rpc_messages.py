"""What is sent to a node and what it answers: JSON-RPC as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from indexer.errors import SettingsError


@dataclass(frozen=True)
class Request:
    """One JSON-RPC request. Only methods that read are sent, so it is safe to repeat."""

    method: str
    params: list[Any]


class _Fault(msgspec.Struct):
    code: int
    message: str = ""


class Answer(msgspec.Struct):
    """One JSON-RPC answer: `error` is set, or `result` is raw JSON (empty when the answer has neither)."""

    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: _Fault | None = None


@dataclass(frozen=True)
class Sent:
    """A batch that is on its way."""

    requests: Sequence[Request]
    body: bytes


ANSWERS = msgspec.json.Decoder(list[Answer])
"""Of one batch."""


def body_of(requests: Sequence[Request]) -> bytes:
    """The batch as it is sent."""
    calls = [
        {"jsonrpc": "2.0", "id": i, "method": r.method, "params": r.params} for i, r in enumerate(requests)
    ]
    return msgspec.json.encode(calls)


def parse_url(url: str) -> SplitResult:
    """The parts of a node's URL.

    Raises:
        SettingsError: it is no HTTP(S) URL, or holds a password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("RPC URL", "is not of the form http(s)://host[:port][/path]")
    if parts.username or parts.password:
        raise SettingsError(
            "RPC URL", "user and password are not supported; use a node that takes a key in the path"
        )
    return parts
