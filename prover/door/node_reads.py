"""Reads of the chain that concurrent requests share: one JSON-RPC batch for all that ask within a moment."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from prover.door.errors import NodeUnavailableError
from veritally.rpc_url import host_of

_log = logging.getLogger("veritally.prover.door")

GATHER_S = 0.004
"""For so long a read waits for others to share its batch."""
LIFETIME_S = 1.0
"""For so long an answer is used again: a block, where blocks are quick."""
BATCH_LIMIT = 100
"""Reads in one batch; many nodes take no more."""
TIMEOUT_S = 5.0
_CALL_GAS = "0xf4240"
_SELECTOR = len("0x12345678")
_WORD = 64
_WORDS = 4
"""Words of a call that may name an account or a channel."""


@dataclass(frozen=True)
class _Read:
    method: str
    params: tuple[Any, ...]
    """Hashable; calls as (to, data)."""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that it names, such as accounts and channels: 64 hex digits each."""
        if self.method != "eth_call":
            return frozenset(str(param)[2:].lower().rjust(_WORD, "0") for param in self.params)
        data = str(self.params[1])[_SELECTOR:]
        return frozenset(data[at : at + _WORD] for at in range(0, min(len(data), _WORDS * _WORD), _WORD))

    def request(self, number: int) -> dict[str, Any]:
        params: list[Any] = list(self.params)
        if self.method == "eth_call":
            to, data = self.params
            params = [{"to": to, "data": data, "gas": _CALL_GAS}]
        return {"jsonrpc": "2.0", "id": number, "method": self.method, "params": [*params, "latest"]}


@dataclass(frozen=True)
class _Kept:
    asked_at_s: float
    until_s: float
    """From then on it is forgotten."""
    answer: asyncio.Future[str | None]

    def is_good(self, now_s: float, oldest_s: float) -> bool:
        failed = self.answer.done() and self.answer.exception() is not None
        return now_s - self.asked_at_s <= oldest_s and not failed


class NodeReads:
    """Calls and code of the latest block, from the first node that answers. For one event loop."""

    def __init__(self, rpc_urls: Sequence[str]) -> None:
        self._urls = tuple(rpc_urls)
        self._http: httpx.AsyncClient | None = None
        self._kept: dict[_Read, _Kept] = {}
        self._naming: dict[str, set[_Read]] = defaultdict(set)
        """What is kept by the words that it names."""
        self._forget_at_s = 0.0
        self._waiting: list[tuple[_Read, asyncio.Future[str | None]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def call(self, to: str, data: bytes, oldest_s: float | None = None) -> bytes | None:
        """What a contract returns; None when the call reverts.

        An answer is used again for `oldest_s` seconds, else for `LIFETIME_S`.

        Raises:
            NodeUnavailableError: no node answers.
        """
        return await self._ask(_Read("eth_call", (to, "0x" + data.hex())), oldest_s or LIFETIME_S)

    async def code(self, address: str) -> bytes:
        """The code of an account.

        Raises:
            NodeUnavailableError: no node answers.
        """
        return await self._ask(_Read("eth_getCode", (address,)), LIFETIME_S) or b""

    def forget(self, word: str) -> None:
        """Asks anew whatever names this account next time, because its balance has just changed."""
        for read in list(self._naming.get(word[2:].lower().rjust(_WORD, "0"), ())):
            self._drop(read)

    async def close(self) -> None:
        """Ends the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _ask(self, read: _Read, oldest_s: float) -> bytes | None:
        now_s = time.monotonic()
        kept = self._kept.get(read)
        if kept is None or not kept.is_good(now_s, oldest_s):
            kept = _Kept(now_s, now_s + oldest_s, self._enqueue(read))
            self._kept[read] = kept
            for word in read.words:
                self._naming[word].add(read)
            self._forget_old(now_s)
        answer = await asyncio.shield(kept.answer)
        return None if answer is None else bytes.fromhex(answer[2:])

    def _enqueue(self, read: _Read) -> asyncio.Future[str | None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str | None] = loop.create_future()
        future.add_done_callback(lambda done: done.exception())  # whoever waited may have gone away
        self._waiting.append((read, future))
        if len(self._waiting) == 1:
            loop.call_later(GATHER_S, self._flush)
        return future

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), BATCH_LIMIT):
            task = asyncio.create_task(self._send(waiting[start : start + BATCH_LIMIT]))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, batch: Sequence[tuple[_Read, asyncio.Future[str | None]]]) -> None:
        problem = NodeUnavailableError(host_of(self._urls[0]), "not asked")
        requests = [read.request(number) for number, (read, _) in enumerate(batch)]
        for url in self._urls:
            try:
                answers = await self._post(url, requests)
                break
            except NodeUnavailableError as error:
                problem = error
                _log.warning("a batch of reads failed: %s", error)
        else:
            for _, future in batch:
                future.set_exception(problem)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)

    async def _post(self, url: str, requests: Sequence[dict[str, Any]]) -> list[str | None]:
        """The results in the order of the requests; None for calls that revert."""
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=TIMEOUT_S)
        try:
            response = await self._http.post(url, json=requests)
            response.raise_for_status()
            by_number = {answer["id"]: answer for answer in response.json()}
            return [_result(by_number[number]) for number in range(len(requests))]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            problem = type(error).__name__
        raise NodeUnavailableError(host_of(url), problem)  # here: the other error may show the URL

    def _forget_old(self, now_s: float) -> None:
        """Only what is still good stays."""
        if now_s >= self._forget_at_s:
            for read in [read for read, kept in self._kept.items() if kept.until_s < now_s]:
                self._drop(read)
            self._forget_at_s = now_s + LIFETIME_S

    def _drop(self, read: _Read) -> None:
        del self._kept[read]
        for word in read.words:
            self._naming[word].discard(read)
            if not self._naming[word]:
                del self._naming[word]


def _result(answer: dict[str, Any]) -> str | None:
    error = answer.get("error")
    if error is None:
        return str(answer["result"])
    if error.get("code") == 3 or "revert" in str(error.get("message", "")).lower():
        return None
    raise ValueError("the node refuses a read")
