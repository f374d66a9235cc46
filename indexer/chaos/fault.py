"""What a fault is: it stands between a client and a node, and spoils answers or the way they are sent."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from indexer.errors import SettingsError

Json: TypeAlias = dict[str, Any]
"""A JSON-RPC request, or the answer to one."""
Ask: TypeAlias = Callable[[list[Json]], list[Json]]
"""Passes requests on; gives one answer for each, in their order."""


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    announced_length: int | None = None
    """What the header claims, when it is not the body's length."""
    pause_s: float = 0.0
    """Before the first byte."""
    pace_s: float = 0.0
    """After each byte."""
    is_lost: bool = False
    """The connection is closed without an answer."""
    then_closes: bool = False
    """The connection is closed after the answer."""


@dataclass(frozen=True)
class Call:
    """One HTTP request of a client, and the luck that it has."""

    requests: list[Json]
    chance: random.Random
    """Depends on the seed, on the request, and on how often it has been made, not on other requests."""


class Fault:
    """Does nothing wrong; kinds of faults override one method or the other."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.seed = seed

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """The answers to the requests of a call."""
        return ask(call.requests)

    def reply(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """How the answers are sent."""
        return reply

    def lot(self, *place: int) -> int:
        """A number that always is the same for a place in the chain, and looks like chance."""
        return int.from_bytes(hashlib.sha256(repr((self.seed, *place)).encode()).digest()[:6])

    def hits(self, *place: int) -> bool:
        """Whether a place in the chain is one of those that are hit: one of `number`."""
        return self.lot(*place) % max(self.number, 1) == 0


@dataclass(frozen=True)
class FaultKind:
    """A fault by name."""

    name: str
    summary: str
    """One line; `{n}` stands for the number."""
    make: Callable[[int, int], Fault]
    """Makes one of a number and a seed."""
    number: int | None = None
    """Its parameter when nobody names one; None: it has none."""
    shows_another_chain: bool = False
    """Whether what the node says fits together, but is not what it says when the fault has ended."""
    is_uncovered: bool = False
    """Whether it may be about what no number, no counter and no group covers: see docs/verify.md."""

    @property
    def described(self) -> str:
        """The summary with its number."""
        return self.summary.format(n=self.number)

    def fault(self, number: int | None, seed: int) -> Fault:
        """A fault of this kind.

        Raises:
            SettingsError: the number is unusable, or this kind has none.
        """
        if number is not None and (self.number is None or number < 1):
            problem = "takes no number" if self.number is None else "its number must be above 0"
            raise SettingsError(f"fault {self.name}", problem)
        return self.make(number or self.number or 0, seed)


def through(
    requests: Sequence[Json],
    ask: Ask,
    before: Callable[[Json], Json],
    after: Callable[[Json, Json], Json] = lambda _request, answer: answer,
) -> list[Json]:
    """Asks for what `before` makes of each request, and answers with what `after` makes of the answer.

    When `before` gives an answer instead of a request, the node is not asked.
    """
    planned = [before(request) for request in requests]
    asked = [plan for plan in planned if "method" in plan]
    found = iter(ask(asked) if asked else [])
    return [
        after(request, next(found)) if "method" in plan else plan
        for request, plan in zip(requests, planned, strict=True)
    ]


def result(request: Json, value: Any) -> Json:
    """An answer."""
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": value}


def error(request: Json, code: int, message: str, **more: Any) -> Json:
    """A refusal."""
    refusal = {"code": code, "message": message, **more}
    return {"jsonrpc": "2.0", "id": request.get("id"), "error": refusal}


def params(request: Json) -> list[Any]:
    """Of a request; empty when it has none."""
    found = request.get("params")
    return found if isinstance(found, list) else []
