"""The nodes that a chain is read through: one is used until it fails, the others give second opinions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from indexer.errors import NodeBehindError, RpcAnswerError, RpcUnreachableError, SettingsError
from indexer.rpc import JsonRpc

NOT_ANSWERED = (RpcUnreachableError, RpcAnswerError, NodeBehindError)
"""What an endpoint raises that gives no usable answer, or not yet."""

_REST_S = 30.0
"""For so long nobody asks an endpoint for a second opinion that has just failed."""
_T = TypeVar("_T")


class Endpoints:
    """One or more nodes of one chain. Not for use from several threads."""

    def __init__(self, nodes: Sequence[JsonRpc]) -> None:
        """`nodes` by preference.

        Raises:
            SettingsError: there is none.
        """
        if not nodes:
            raise SettingsError("RPC URL", "is missing")
        self._nodes = list(nodes)
        self._current = 0
        self._failed_at_s: dict[JsonRpc, float] = {}

    @classmethod
    def of_urls(cls, urls: Sequence[str], timeout_s: float = 20.0) -> Endpoints:
        """Nodes by URL, the preferred one first; `timeout_s` limits the wait for each part of an answer.

        Errors name a node by scheme, host and port; its path, where providers put keys, is not shown. Several
        nodes of one host are numbered.

        Raises:
            SettingsError: no URL, one that is not HTTP(S), or one that comes twice.
        """
        if len(set(urls)) < len(urls):
            raise SettingsError("RPC URL", "comes twice: an endpoint is no second opinion on itself")
        nodes, seen = [JsonRpc(url, timeout_s) for url in urls], Counter[str]()
        hosts = Counter(node.shown_url for node in nodes)
        for node in nodes:
            host = node.shown_url
            seen[host] += 1
            if hosts[host] > 1:
                node.shown_url = f"{host} (no. {seen[host]})"
        return cls(nodes)

    @classmethod
    def of(cls, source: JsonRpc | Endpoints) -> Endpoints:
        """Endpoints themselves, or those that are made of one node only."""
        return source if isinstance(source, Endpoints) else cls([source])

    @property
    def current(self) -> JsonRpc:
        """The node in use."""
        return self._nodes[self._current]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all nodes, by preference."""
        return tuple(node.shown_url for node in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def in_order(self) -> list[JsonRpc]:
        """All nodes: the one in use, then those behind it."""
        return self._nodes[self._current :] + self._nodes[: self._current]

    def others(self, node: JsonRpc) -> list[JsonRpc]:
        """Nodes besides this one that did not fail just now."""
        now_s = time.monotonic()
        rested = [n for n in self._nodes if now_s - self._failed_at_s.get(n, -_REST_S) >= _REST_S]
        return [n for n in rested if n is not node]

    def use(self, node: JsonRpc) -> None:
        """Goes on with this node."""
        self._current = self._nodes.index(node)
        self._failed_at_s.pop(node, None)

    def failed(self, node: JsonRpc) -> None:
        """Remembers that a node gave no usable answer."""
        self._failed_at_s[node] = time.monotonic()

    def first_answer(self, ask: Callable[[JsonRpc], _T]) -> _T:
        """What `ask` returns with the first node, beginning with the one in use, that gives an answer.

        Raises:
            RpcUnreachableError, RpcAnswerError, NodeBehindError: of the one in use; no node gives an answer.
        """
        first: Exception | None = None
        for node in self.in_order():
            try:
                return ask(node)
            except NOT_ANSWERED as error:
                self.failed(node)
                first = first or error
        assert first is not None
        raise first
