"""Where each deployment that is followed stands, for those who ask while it is followed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from indexer import metrics
from indexer.progress import Progress, SyncResult
from indexer.status import Audits

_STALLED_S = 300.0
"""Longer than any node may take to answer, and any transaction."""


@dataclass
class Standing:
    """One deployment."""

    chain_id: int
    settlement: str
    progress: Progress | None = None
    waiting: str = ""
    """What it waits for; empty while all is well."""
    complete_at_s: float = 0.0
    """Unix time when nothing was missing."""

    incidents: int = 0
    """Number of those on record."""

    def __post_init__(self) -> None:
        of = self.labels
        metrics.LAG_BLOCKS.labels(*of).set_function(lambda: _number(self.lag_blocks))
        metrics.LAG_SECONDS.labels(*of).set_function(lambda: _number(self.lag_s()))
        metrics.EVENTS.labels(*of)
        metrics.REORGS.labels(*of)
        metrics.TALLY_MISMATCH.labels(*of).set(0)

    @property
    def labels(self) -> tuple[str, str]:
        """Of its metrics."""
        return str(self.chain_id), self.settlement

    @property
    def lag_blocks(self) -> int | None:
        """Blocks that are missing; None when nobody knows."""
        return None if self.progress is None else self.progress.lag_blocks

    def lag_s(self) -> float | None:
        """Seconds that the database is behind the chain; None when nobody knows."""
        if self.progress is None:
            return None
        if not self.progress.lag_blocks and not self.waiting:
            return 0.0
        since_s = max(self.complete_at_s, self.progress.timestamp_s or 0)
        return max(0.0, time.time() - since_s)

    def is_current(self, max_lag_s: float) -> bool:
        """Whether it is behind by that many seconds at most."""
        lag_s = self.lag_s()
        return lag_s is not None and lag_s <= max_lag_s

    def moved(self, progress: Progress) -> None:
        """Takes note of where it stands now."""
        known = 0 if self.progress is None or progress.events < self.progress.events else self.progress.events
        metrics.EVENTS.labels(*self.labels).inc(progress.events - known)
        metrics.BLOCK.labels(*self.labels).set(progress.block)
        if progress.final_block is not None:
            metrics.FINAL_BLOCK.labels(*self.labels).set(progress.final_block)
        self.progress = progress
        self.waiting = ""
        if not progress.lag_blocks:
            self.complete_at_s = time.time()

    def settled(self, result: SyncResult) -> None:
        """Takes note of a run that ended well: the contract counts as we do."""
        metrics.TALLY_MISMATCH.labels(*self.labels).set(0)
        if result.replaced_blocks:
            metrics.REORGS.labels(*self.labels).inc()

    def audited(self, audits: Audits) -> None:
        """Takes note of what is on record about the trust in the rows."""
        metrics.INCIDENTS.labels(*self.labels).inc(audits.incidents - self.incidents)
        self.incidents = audits.incidents
        metrics.OPEN_INCIDENTS.labels(*self.labels).set(len(audits.open_incidents))
        if audits.verification is not None:
            metrics.VERIFIED_AT.labels(*self.labels).set(audits.verification.verified_at_s)
            metrics.VERIFIED_BLOCK.labels(*self.labels).set(audits.verification.block)
            metrics.VERIFICATION_OK.labels(*self.labels).set(not audits.verification.problems)


@dataclass
class Health:
    """All deployments of a process, and whether it moves."""

    max_lag_s: float
    standings: list[Standing] = field(default_factory=list)
    beat_at_s: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Says that the process moves."""
        self.beat_at_s = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether it moved lately."""
        return time.monotonic() - self.beat_at_s < _STALLED_S

    @property
    def is_ready(self) -> bool:
        """Whether every deployment is current."""
        return all(standing.is_current(self.max_lag_s) for standing in self.standings)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
