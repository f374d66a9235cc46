"""Imports final blocks of foreign contracts, range by range. What was interrupted goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from indexer.chain import ChainView, read_chain_id
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import (
    RecordedBlockChangedError,
    RpcAnswerError,
    RpcUnreachableError,
    SettingsError,
)
from indexer.recorded.reading import LogReader
from indexer.recorded.rows import Finder, Found, Source
from indexer.recorded.store import open_source, read_sources, write_found
from indexer.rpc import JsonRpc
from indexer.wire import Block

_GROWTH = 2


@dataclass(frozen=True)
class Target:
    """What is to be followed."""

    contract: bytes
    payee: bytes = b""


class Importer:
    """Imports the sources of one kind on one chain."""

    def __init__(
        self, endpoints: Endpoints, database: Database, chain_id: int, finder: Finder, most_blocks: int
    ) -> None:
        """`most_blocks` limits a range."""
        self._endpoints, self._database, self._chain_id = endpoints, database, chain_id
        self._finder = finder
        self._most_blocks = self._blocks = most_blocks
        self._checked: set[JsonRpc] = set()

    def run(
        self,
        targets: Sequence[Target],
        from_block: int | None = None,
        last_block: int | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        watch: Callable[[int, int], None] = lambda _read, _end: None,
    ) -> int:
        """Imports up to the chain's final block, or to `last_block` when that is earlier.

        After each range, `watch` is told up to which block it reached, and which one is the last. Gives the
        number of ranges that were stored.

        Raises:
            SettingsError: a source does not begin at `from_block`, or a node serves another chain.
            RecordedBlockChangedError: what was imported is no longer in the chain.
            RpcAnswerError, RpcUnreachableError, NodeBehindError: no node answers, not even for one block.
        """
        final = self._endpoints.first_answer(lambda node: self._view(node).heads().final)
        end = final if last_block is None else min(final, last_block)
        with self._database.writing() as session:
            ids = [
                open_source(session, self._chain_id, self._finder.kind, one.contract, one.payee, from_block)
                for one in targets
            ]
        self._require_unchanged(self._sources(ids))
        ranges = 0
        while not should_stop():
            sources = self._sources(ids)
            start = min(source.next_block for source in sources)
            if start > end:
                break
            behind = [source for source in sources if source.next_block == start]
            ahead = [source.next_block - 1 for source in sources if source.next_block > start]
            found = self._find(behind, start, min([end, *ahead]))
            self._require_child(behind, found)
            with self._database.writing() as session:
                write_found(session, self._chain_id, behind, found, final)
            ranges += 1
            watch(found.last.number, end)
        return ranges

    def _find(self, sources: Sequence[Source], start: int, end: int) -> Found:
        """The next range; one that is refused, or whose answer looks cut, is asked for again in halves."""
        while True:
            last = min(start + self._blocks - 1, end)
            try:
                found = self._endpoints.first_answer(partial(self._found_by, sources, start, last))
            except (RpcAnswerError, RpcUnreachableError) as error:
                if last == start or not error.may_be_too_large:
                    raise
                self._blocks = (last - start + 1) // 2
                continue
            self._blocks = min(self._most_blocks, self._blocks * _GROWTH)
            return found

    def _found_by(self, sources: Sequence[Source], start: int, last: int, node: JsonRpc) -> Found:
        return self._finder.find(LogReader(self._view(node)), sources, start, last)

    def _sources(self, ids: Sequence[int]) -> list[Source]:
        with self._database.transaction() as session:
            return read_sources(session, ids)

    def _require_unchanged(self, sources: Sequence[Source]) -> None:
        for source in sources:
            if source.last_block_hash is not None:
                ask = partial(self._block, source.next_block - 1)
                _require(source, self._endpoints.first_answer(ask).hash)

    def _block(self, number: int, node: JsonRpc) -> Block:
        (block,) = self._view(node).blocks([number])
        return block

    def _require_child(self, sources: Sequence[Source], found: Found) -> None:
        for source in sources:
            _require(source, found.first.parent_hash)

    def _view(self, node: JsonRpc) -> ChainView:
        """The chain through a node; which chain that is, is asked once."""
        if node not in self._checked:
            found = read_chain_id(node)
            if found != self._chain_id:
                problem = f"is {self._chain_id}, but {node.shown_url} serves chain {found}"
                raise SettingsError("--chain-id", f"{problem}; set --rpc-url to a node of that chain")
            self._checked.add(node)
        return ChainView(node, self._chain_id)


def _require(source: Source, found_hash: bytes) -> None:
    if source.last_block_hash not in (None, found_hash):
        raise RecordedBlockChangedError(source.next_block - 1, source.last_block_hash or b"", found_hash)
