"""Checks that the events about groups are all there: every inference is counted by the event of its group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import SQLModel

from indexer.decode import Rows
from indexer.errors import MissingGroupError
from indexer.tables import GroupSettledRow, InferenceRow, ReceiptSkippedRow
from indexer.wire import LOG_INDEX_BITS, Places

_OF_GROUP = ("transaction_hash", "model_id", "prover", "tier")
"""What an inference and the event of its group have in common."""
_OF_SKIP = ("transaction_hash", "prover")


def require_groups(first_block: int, last_block: int, rows: Iterable[Rows]) -> None:
    """Checks that each group's event counts the inferences, and the skips, that come before it.

    The contract emits the events of a group one after another, that of the group last. There may be more
    skips than the groups count: a group that settles none has no event. The rows are those of whole blocks.

    Raises:
        MissingGroupError: something is missing, or an inference is not of its group.
    """
    by_table = {some.table: some for some in rows}
    problem = _problem_of(by_table)
    if problem is not None:
        raise MissingGroupError(first_block, last_block, problem)


def _problem_of(by_table: dict[type[SQLModel], Rows]) -> str | None:
    groups = by_table.get(GroupSettledRow)
    settled = _followed(by_table.get(InferenceRow), groups, _OF_GROUP)
    if not settled.fits.all():
        return f"{_named(settled.places[~settled.fits][0])} is an inference without the event of its group"
    if groups is None:
        return None
    skipped = _followed(by_table.get(ReceiptSkippedRow), groups, _OF_SKIP)
    found, said = settled.counts(groups), groups.columns["settled"]
    least = groups.columns["skipped"]
    for what, counts, numbers, wrong in (
        ("settled", found, said, found != said),
        ("skipped", skipped.counts(groups), least, skipped.counts(groups) < least),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            place = groups.places[at]
            return f"the group of {_named(place)} counts {numbers[at]} {what}, {counts[at]} are there"
    return None


@dataclass(frozen=True)
class _Followed:
    """Events, and the group events that come next."""

    places: Places
    next_group: NDArray[np.intp]
    fits: NDArray[np.bool_]
    """Whether the next group's event can be of the same group."""

    def counts(self, groups: Rows) -> NDArray[np.intp]:
        """How many of the events each group has."""
        return np.bincount(self.next_group[self.fits], minlength=len(groups))


def _followed(events: Rows | None, groups: Rows | None, shared: tuple[str, ...]) -> _Followed:
    if events is None:
        return _Followed(np.empty(0, np.int64), np.empty(0, np.intp), np.empty(0, np.bool_))
    if groups is None:
        nothing = np.zeros(len(events), np.intp)
        return _Followed(events.places, nothing, nothing.astype(np.bool_))
    ends = groups.places
    found = np.searchsorted(ends, events.places)
    last = np.minimum(found, len(ends) - 1)
    fits = (found < len(ends)) & (ends[last] >> LOG_INDEX_BITS == events.places >> LOG_INDEX_BITS)
    for name in shared:
        fits &= _same(events.columns[name], groups.columns[name][last])
    return _Followed(events.places, found, fits)


def _same(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Row by row."""
    equal: NDArray[np.bool_] = (left == right).reshape(len(left), -1).all(axis=1)
    return equal


def _named(place: int) -> str:
    block, log_index = divmod(int(place), 1 << LOG_INDEX_BITS)
    return f"log {log_index} of block {block}"
