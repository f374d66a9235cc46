"""How far a run has come, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indexer.chain import Heads
from indexer.cursor import Cursor
from indexer.store import Batch


@dataclass(frozen=True)
class SyncResult:
    """What one run added."""

    from_block: int
    to_block: int
    """Last block that is indexed; below `from_block` when there was no new one."""
    inferences: int
    events: int
    """All events, the inferences among them."""
    replaced_blocks: int
    """Indexed blocks whose place others have taken in the chain; they are read again."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands when something has been stored."""

    first_block: int
    """Where the run began."""
    block: int
    """Last block that is indexed."""
    head: int
    """Number of the chain's latest block."""
    timestamp_s: int | None
    """Unix time of the last block that is indexed; None before the first one."""
    final_block: int | None
    """Last indexed block that no reorganisation reaches."""
    inferences: int
    """Added by the run."""
    events: int
    """Added by the run, the inferences among them."""

    @property
    def lag_blocks(self) -> int:
        """Number of blocks that are still to be read."""
        return max(0, self.head - self.block)


Watch = Callable[[Progress], None]
"""Is told whenever something has been stored, and once at the beginning."""


class Run:
    """What one run has done so far."""

    def __init__(self, cursor: Cursor, watch: Watch) -> None:
        self.cursor = cursor
        self.from_block = self._first_block = cursor.next_block
        self.inferences = self.events = self.replaced_blocks = 0
        self._watch = watch
        self._head = 0

    def begin(self, heads: Heads) -> None:
        """Says how far the chain is."""
        self._head = heads.latest
        self.tell()

    def add(self, batch: Batch) -> None:
        """Takes note of what was stored."""
        self.cursor = batch.after
        self.events += len(batch)
        self.inferences += batch.after.next_seq - batch.before.next_seq
        self.tell()

    def tell(self) -> None:
        """Tells who watches."""
        cursor = self.cursor
        place = self._first_block, cursor.next_block - 1, self._head
        known = cursor.last_block_timestamp_s, cursor.final_block
        self._watch(Progress(*place, *known, self.inferences, self.events))

    def result(self) -> SyncResult:
        """What was done in all."""
        last = self.cursor.next_block - 1
        return SyncResult(self.from_block, last, self.inferences, self.events, self.replaced_blocks)
