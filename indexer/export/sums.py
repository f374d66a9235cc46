"""Tallies over the exported inferences, held against the database's roll-ups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from indexer.export.errors import ExportMismatchError
from indexer.export.manifest import CellEntry
from indexer.tallies import TallyReport

_KEYS = ("tier", "asset", "development", "unbound")
_Key: TypeAlias = tuple[str, str, bool, bool]


class Sums:
    """Number and amount of inferences by tier, asset and labels; and the sequence numbers seen."""

    def __init__(self, cells: Sequence[CellEntry], next_seq: int) -> None:
        self.next_seq = next_seq
        self._inferences: Counter[_Key] = Counter()
        self._amounts_base_units: Counter[_Key] = Counter()
        for cell in cells:
            key = cell.tier, cell.asset, cell.development, cell.unbound
            self._inferences[key] = cell.inferences
            self._amounts_base_units[key] = int(cell.amount_base_units)

    def add(self, group: pa.Table) -> None:
        """Takes inferences in the order of the chain.

        Raises:
            ExportMismatchError: their sequence numbers are not contiguous.
        """
        seqs = group["seq"].to_numpy()
        expected = np.arange(self.next_seq, self.next_seq + len(seqs))
        wrong = np.flatnonzero(seqs != expected)
        if len(wrong):
            raise ExportMismatchError(f"expected seq {expected[wrong[0]]}, found {seqs[wrong[0]]}")
        self.next_seq += len(seqs)
        totals = group.group_by(_KEYS).aggregate([([], "count_all"), ("amount_base_units", "sum")])
        for row in totals.to_pylist():
            key = tuple(row[name] for name in _KEYS)
            self._inferences[key] += row["count_all"]
            self._amounts_base_units[key] += int(row["amount_base_units_sum"])

    def cells(self) -> list[CellEntry]:
        """For the manifest."""
        return [
            CellEntry(*key, count, str(self._amounts_base_units[key]))
            for key, count in sorted(self._inferences.items())
        ]

    def require(self, report: TallyReport) -> None:
        """Checks that the export counts what the database's roll-ups say at the last exported block.

        Raises:
            ExportMismatchError: it does not.
        """
        expected = {
            CellEntry(
                tier.tier.label,
                f"0x{asset.asset.hex()}",
                asset.labels.development,
                asset.labels.unbound,
                asset.inferences,
                str(asset.amount_base_units),
            )
            for tier in report.tiers
            for asset in tier.assets
        }
        different = expected ^ set(self.cells())
        if different:
            cells = sorted(f"{cell.tier} in {cell.asset}" for cell in different)
            raise ExportMismatchError(f"other tallies up to block {report.block_number}: {cells[0]}")
