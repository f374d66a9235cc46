"""Runs the indexer against every fault, and compares what it stored with what an honest node says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from indexer.chaos.contents import Contents, differences, read_contents, rollup_differences
from indexer.chaos.fault import Ask, FaultKind
from indexer.chaos.node import FaultyNode, serve
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import IndexerError
from indexer.sync import Indexer
from indexer.tallies import compared, read_report, require_match
from veritally.deployment import Deployment

_TRIES = 3


class Outcome(Enum):
    """What became of a database."""

    EQUAL = "equals the truth"
    """At every time, and in the end all of it."""
    STOPPED = "stopped"
    """With a reason; when the fault had ended, it went on to the truth."""
    GIVEN_UP = "stopped for good"
    """With a reason, which the end of the fault did not remove."""
    UNCOVERED = "NEEDS ANOTHER NODE"
    """What the indexer is known not to notice before another node has confirmed the block as final."""
    DIFFERS = "DIFFERS FROM THE TRUTH"
    """And nothing was said."""


@dataclass(frozen=True)
class Finding:
    """What one fault led to."""

    fault: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.reason}" if self.reason else self.outcome.value


@dataclass(frozen=True)
class Bench:
    """Where a check runs."""

    ask: Ask
    """The honest node."""
    deployment: Deployment
    folder: Path
    """For databases."""
    timeout_s: float = 2.0
    """Of the indexer's requests."""
    blocks_per_request: int = 1_000
    has_honest_node: bool = False
    """Whether the indexer is given an honest node besides, as the second one."""
    database_url: Callable[[str], str] | None = None
    """Makes an empty database for a name; None: a file in the folder."""

    def database(self, name: str) -> Database:
        """An empty one."""
        if self.database_url is not None:
            return Database(self.database_url(name))
        path = self.folder / f"{name}.db"
        for file in self.folder.glob(f"{path.name}*"):
            file.unlink()
        return Database(f"sqlite:///{path}")

    def truth(self, name: str = "trial") -> Contents:
        """What an honest node leads to, in a database of this name.

        Raises:
            IndexerError: it leads to nothing.
        """
        with Trial(self, FaultyNode(self.ask), name) as trial:
            trial.run()
            return trial.contents()


def check_fault(bench: Bench, truth: Contents, kind: FaultKind, number: int | None, seed: int) -> Finding:
    """Lets the indexer meet a fault from the start, and half-way: the worse of the two outcomes."""
    blocks = max(truth.next_block - bench.deployment.first_block, 2)
    findings = [
        _met(bench, truth, kind, FaultyNode(bench.ask, [kind.fault(number, seed)], seed), hidden_blocks)
        for hidden_blocks in (None, blocks // 2)
    ]
    return max(findings, key=lambda finding: list(Outcome).index(finding.outcome))


def check_all(bench: Bench, faults: list[tuple[FaultKind, int | None]], seed: int) -> Iterator[Finding]:
    """One finding for each fault.

    Raises:
        IndexerError: the chain cannot be indexed through an honest node either.
    """
    truth = bench.truth()
    for kind, number in faults:
        yield check_fault(bench, truth, kind, number, seed)


def _met(
    bench: Bench, truth: Contents, kind: FaultKind, node: FaultyNode, hidden_blocks: int | None
) -> Finding:
    """With `hidden_blocks`, all but those are indexed while the node is still honest."""
    with Trial(bench, node) as trial:
        if hidden_blocks is not None:
            node.is_faulty = False
            trial.hide_blocks(hidden_blocks)
            trial.run()
            trial.hide_blocks(0)
            node.is_faulty = True
        first_reason = ""
        for _ in range(_TRIES):
            reason = trial.attempt()
            first_reason = first_reason or reason
            lies = [] if reason or kind.shows_another_chain else trial.differences(truth, whole=False)
            if lies:
                outcome = Outcome.UNCOVERED if kind.is_uncovered else Outcome.DIFFERS
                return Finding(kind.name, outcome, "; ".join(lies))
        node.is_faulty = False
        return _recovered(trial, truth, kind, first_reason)


def _recovered(trial: Trial, truth: Contents, kind: FaultKind, first_reason: str) -> Finding:
    """What comes after the fault has ended."""
    reasons = [trial.attempt() for _ in range(_TRIES)]
    if reasons[-1]:
        return Finding(kind.name, Outcome.GIVEN_UP, reasons[-1])
    lies = trial.differences(truth, whole=True)
    if lies:
        outcome = Outcome.UNCOVERED if kind.is_uncovered else Outcome.DIFFERS
        return Finding(kind.name, outcome, "; ".join(lies))
    return Finding(kind.name, Outcome.STOPPED if first_reason else Outcome.EQUAL, first_reason)


class Trial:
    """One database, filled through the same nodes by indexers that start anew each time."""

    def __init__(self, bench: Bench, node: FaultyNode, name: str = "trial") -> None:
        """`name` is that of the database, which is emptied."""
        self._bench = bench
        self._nodes = [node, FaultyNode(bench.ask)] if bench.has_honest_node else [node]
        self._served = ExitStack()
        self._database = bench.database(name)

    def __enter__(self) -> Trial:
        self._urls = [self._served.enter_context(serve(node)) for node in self._nodes]
        return self

    def __exit__(self, *problem: object) -> None:
        self._served.close()

    def hide_blocks(self, blocks: int) -> None:
        """All nodes show the chain as it was that many blocks ago."""
        for node in self._nodes:
            node.hide_blocks(blocks)

    def run(self) -> None:
        """What `sync --once` does.

        Raises:
            IndexerError: it stopped.
        """
        endpoints = Endpoints.of_urls(self._urls, self._bench.timeout_s)
        try:
            bench = self._bench
            indexer = Indexer(endpoints, self._database, bench.deployment, bench.blocks_per_request)
            indexer.open()
            indexer.sync_once()
            require_match(compared(endpoints, read_report(self._database)))
        finally:
            for node in endpoints.in_order():
                node.close()

    def attempt(self) -> str:
        """Why it stopped; empty when it did not."""
        try:
            self.run()
        except IndexerError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def contents(self) -> Contents:
        """What the database holds."""
        return read_contents(self._database)

    def differences(self, truth: Contents, whole: bool) -> list[str]:
        """From the truth, or from that part of it that the database has come to."""
        found = self.contents()
        expected = truth if whole else truth.below(found.next_block)
        return differences(found if whole else found.below(found.next_block), expected) + rollup_differences(
            found
        )
