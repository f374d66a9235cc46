"""Faults of batches, of HTTP and of the connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from indexer.chaos.fault import Ask, Call, Fault, FaultKind, Json, Reply, error

_HTML = b"<!DOCTYPE html><html><head><title>Busy</title></head><body>Please try again later</body></html>"


class BatchFault(Fault):
    """Spoils the list of answers."""

    def __init__(self, change: Callable[[Call, list[Json]], list[Json]], number: int, seed: int) -> None:
        super().__init__(number, seed)
        self._change = change

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """What `change` makes of them."""
        return self._change(call, ask(call.requests))


class WireFault(Fault):
    """Spoils how answers are sent."""

    def __init__(self, change: Callable[[Reply, int], Reply], number: int, seed: int) -> None:
        super().__init__(number, seed)
        self._change = change

    def reply(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """What `change` makes of it."""
        return self._change(reply, self.number)


def _other_ids(_call: Call, answers: list[Json]) -> list[Json]:
    return [{**answer, "id": 10_000 + index} for index, answer in enumerate(answers)]


def _text_ids(_call: Call, answers: list[Json]) -> list[Json]:
    return [{**answer, "id": str(answer["id"])} for answer in answers]


def _no_ids(_call: Call, answers: list[Json]) -> list[Json]:
    return [{**answer, "id": None} for answer in answers]


def _swapped_ids(_call: Call, answers: list[Json]) -> list[Json]:
    ids = [answer["id"] for answer in answers]
    return [{**answer, "id": id_} for answer, id_ in zip(answers, ids[1:] + ids[:1], strict=True)]


def _without_one(call: Call, answers: list[Json]) -> list[Json]:
    missing = call.chance.randrange(len(answers))
    return [answer for index, answer in enumerate(answers) if index != missing]


def _one_twice(_call: Call, answers: list[Json]) -> list[Json]:
    return [*answers, answers[0]]


def _reversed(_call: Call, answers: list[Json]) -> list[Json]:
    return answers[::-1]


def _some_refused(call: Call, answers: list[Json]) -> list[Json]:
    busy = "Your app has exceeded its compute units per second capacity"
    return [
        error(request, 429, busy) if call.chance.random() < 0.5 else answer
        for request, answer in zip(call.requests, answers, strict=True)
    ]


def _without_results(_call: Call, answers: list[Json]) -> list[Json]:
    return [{"jsonrpc": "2.0", "id": answer["id"]} for answer in answers]


def _page(status: int, **headers: str) -> Callable[[Reply, int], Reply]:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda _reply, _number: Reply(_HTML, status, "text/html", sent)


def _single_error(_reply: Reply, _number: int) -> Reply:
    return Reply(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batches are not supported"}}')


def _half(reply: Reply, _number: int) -> Reply:
    half = reply.body[: len(reply.body) // 2]
    return replace(reply, body=half, announced_length=len(reply.body), then_closes=True)


def _half_and_whole(reply: Reply, _number: int) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _late(reply: Reply, milliseconds: int) -> Reply:
    return replace(reply, pause_s=milliseconds / 1_000)


def _drip(reply: Reply, milliseconds: int) -> Reply:
    return replace(reply, pace_s=milliseconds / 1_000)


def _lost(reply: Reply, _number: int) -> Reply:
    return replace(reply, is_lost=True)


def _too_short(reply: Reply, octets: int) -> Reply:
    return replace(reply, announced_length=max(len(reply.body) - octets, 0))


def _too_long(reply: Reply, octets: int) -> Reply:
    return replace(reply, announced_length=len(reply.body) + octets)


def _nothing(reply: Reply, _number: int) -> Reply:
    return replace(reply, body=b"")


def _no_json(reply: Reply, _number: int) -> Reply:
    return replace(reply, body=reply.body.replace(b":", b"="))


def _wire(
    name: str, summary: str, change: Callable[[Reply, int], Reply], number: int | None = None
) -> FaultKind:
    return FaultKind(name, summary, lambda given, seed: WireFault(change, given, seed), number)


def _batch(name: str, summary: str, change: Callable[[Call, list[Json]], list[Json]]) -> FaultKind:
    return FaultKind(name, summary, lambda given, seed: BatchFault(change, given, seed))


BATCH_FAULTS = (
    _batch("wrong-ids", "answers have other ids than the requests", _other_ids),
    _batch("text-ids", "the ids are strings", _text_ids),
    _batch("null-ids", "the ids are null", _no_ids),
    _batch("swapped-ids", "each answer has the id of the next one", _swapped_ids),
    _batch("missing-answer", "one answer of each batch is missing", _without_one),
    _batch("repeated-answer", "one answer of each batch comes twice", _one_twice),
    _batch("reversed-batch", "the last answer comes first, which is allowed", _reversed),
    _batch("busy-batch", "half of the requests of a batch are refused as too many", _some_refused),
    _batch("no-results", "answers have neither result nor error", _without_results),
)

WIRE_FAULTS = (
    _wire("http-429", "HTTP 429", _page(429)),
    _wire("http-429-later", "HTTP 429 with Retry-After: 1", _page(429, retry_after="1")),
    _wire("http-403", "HTTP 403", _page(403)),
    _wire("http-500", "HTTP 500", _page(500)),
    _wire("http-502", "HTTP 502", _page(502)),
    _wire("http-503", "HTTP 503", _page(503)),
    _wire("html", "HTTP 200 with a page in HTML", _page(200)),
    _wire("slow", "the answer comes after {n} ms", _late, 30_000),
    _wire("drip", "the answer comes byte by byte, each after {n} ms", _drip, 100),
    _wire("lost", "the connection is closed without an answer", _lost),
    _wire("half-body", "the connection is closed after half of the answer", _half),
    _wire("cut-body", "half of the answer, as if it were all", _half_and_whole),
    _wire("short-length", "the announced length is {n} bytes too short", _too_short, 3),
    _wire("long-length", "the announced length is {n} bytes too long", _too_long, 3),
    _wire("empty-body", "HTTP 200 with nothing", _nothing),
    _wire("no-json", "the answer is no JSON", _no_json),
    _wire("no-batches", "one error instead of a list", _single_error),
)
