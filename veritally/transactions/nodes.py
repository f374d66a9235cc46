"""Several nodes of one chain: who is asked, who is left out, and how many must agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from veritally.transactions.errors import EndpointError, NoEndpointError, SettingError
from veritally.transactions.node import Block, Node

_LONGEST_REST = 32
"""Rounds for which a node that keeps failing is left alone at most."""
_T = TypeVar("_T")


@dataclass
class _Health:
    failures: int = 0
    rest: int = 0
    """Rounds for which it is left alone."""


@dataclass(frozen=True)
class View:
    """A node in one round, with its latest block then."""

    node: Node
    head: Block


class Nodes:
    """The nodes that a manager was given. The first one of a round changes from round to round."""

    def __init__(
        self, rpc_urls: Sequence[str], chain_id: int, agreeing: int | None, timeout_s: float
    ) -> None:
        """`agreeing` of them must say the same before something is final; None: two, if there are two.

        Raises:
            SettingError: there are no URLs, one is none, or fewer than must agree.
        """
        self._nodes = [Node(url, timeout_s) for url in dict.fromkeys(rpc_urls)]
        self._health = [_Health() for _ in self._nodes]
        self._chain_id = chain_id
        self._round = 0
        self.agreeing = min(2, len(self._nodes)) if agreeing is None else agreeing
        self.problems: dict[str, str] = {}
        """What was wrong with nodes when they were last asked, by host."""
        if not 0 < self.agreeing <= len(self._nodes):
            problem = f"{self.agreeing} of {len(self._nodes)} RPC URLs cannot agree"
            raise SettingError("agreeing nodes", problem)

    def views(self) -> list[View]:
        """The nodes that answer for the right chain, in the order of this round.

        Raises:
            NoEndpointError: there are none.
        """
        self._round += 1
        first = self._round % len(self._nodes)
        order = [*range(first, len(self._nodes)), *range(first)]
        found = [view for index in order if self._is_due(index) and (view := self._look(index))]
        if not found:
            found = [view for index in order if (view := self._look(index))]
        if not found:
            raise NoEndpointError(self._chain_id, self._shown_problems())
        return found

    def try_each(self, views: Sequence[View], ask: Callable[[View], _T]) -> _T:
        """What `ask` returns for the first view that it does not fail with.

        Raises:
            NoEndpointError: it fails with all of them.
        """
        for view in views:
            try:
                return ask(view)
            except EndpointError as error:
                self.failed(view.node, error)
        raise NoEndpointError(self._chain_id, self._shown_problems())

    def failed(self, node: Node, error: EndpointError) -> None:
        """Remembers that a node gave no usable answer, and leaves it alone for a while."""
        health = self._health[self._nodes.index(node)]
        health.failures += 1
        health.rest = min(2 ** (health.failures - 1) - 1, _LONGEST_REST)
        self.problems[node.host] = str(error).removeprefix(f"{node.host}: ")

    def agree(self, views: Sequence[View], says_so: Callable[[View], bool]) -> bool:
        """Whether as many nodes as must agree say so. One that does not answer does not count."""
        votes = 0
        for answer in self._answers(views, says_so):
            votes += answer
            if votes >= self.agreeing:
                return True
        return False

    def disagree(self, number: int) -> NoEndpointError:
        """The error of a question on which not enough nodes agree."""
        problem = f"fewer than {self.agreeing} nodes agree on block {number}"
        return NoEndpointError(self._chain_id, [problem, *self._shown_problems()])

    def close(self) -> None:
        """Closes all connections."""
        for node in self._nodes:
            node.close()

    def _shown_problems(self) -> list[str]:
        return [f"{host}: {problem}" for host, problem in list(self.problems.items())]

    def _answers(self, views: Sequence[View], ask: Callable[[View], bool]) -> Iterator[bool]:
        for view in views:
            try:
                yield ask(view)
            except EndpointError as error:
                self.failed(view.node, error)

    def _is_due(self, index: int) -> bool:
        health = self._health[index]
        health.rest -= 1
        return health.rest < 0

    def _look(self, index: int) -> View | None:
        node = self._nodes[index]
        try:
            chain_id = node.chain_id()
            if chain_id != self._chain_id:
                problem = f"serves chain {chain_id}, not {self._chain_id}; it is left out"
                raise EndpointError(node.host, problem)
            view = View(node, node.head())
        except EndpointError as error:
            self.failed(node, error)
            return None
        self._health[index] = _Health()
        self.problems.pop(node.host, None)
        return view
