"""The check itself tells apart what it must."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_chain import bench, busy_chain

from indexer import batches as batches_module
from indexer.chaos.catalogue import FAULTS
from indexer.chaos.check import Outcome, check_all, check_fault
from indexer.chaos.contents import Contents
from indexer.chaos.fault import FaultKind
from indexer.ranges import BlockRange


def test_findings_come_in_order(tmp_path: Path) -> None:
    faults = [(FAULTS[name], number) for name, number in (("cut-logs", 4), ("reorg", 2), ("changed-sums", 1))]
    findings = list(check_all(bench(busy_chain(), tmp_path, timeout_s=20.0), faults, seed=1))
    assert [finding.fault for finding in findings] == ["cut-logs", "reorg", "changed-sums"]
    assert [finding.outcome for finding in findings] == [Outcome.STOPPED, Outcome.EQUAL, Outcome.STOPPED]
    assert str(findings[0]).startswith("stopped: SequenceGapError: ")
    assert str(findings[1]) == "equals the truth"


def test_lie_is_seen_before_it_is_forgotten(tmp_path: Path) -> None:
    """An indexer that makes good later what it had wrong was wrong all the same."""
    kind = FaultKind("passing", "", FAULTS["reorg"].make, 3)
    finding = check_fault(bench(busy_chain(), tmp_path, timeout_s=20.0), _truth(tmp_path), kind, 3, seed=1)
    assert finding.outcome is Outcome.DIFFERS
    shown = check_fault(
        bench(busy_chain(), tmp_path, timeout_s=20.0), _truth(tmp_path), FAULTS["reorg"], 3, 1
    )
    assert shown.outcome is Outcome.EQUAL


def test_indexer_that_loses_events_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes whatever comes, and asks no counters."""
    truth = _truth(tmp_path)

    def believe(expected: int, found: BlockRange, rows: object) -> int:
        return expected if found.next_seq is None else found.next_seq

    nothing: Callable[..., None] = lambda *_: None  # noqa: E731
    monkeypatch.setattr(batches_module, "_next_seq", believe)
    monkeypatch.setattr(batches_module, "require_groups", nothing)
    monkeypatch.setattr("indexer.chaos.check.require_match", nothing)
    monkeypatch.setattr("indexer.sync.Indexer._check", nothing)
    for name in ("dropped-log", "dropped-block", "cut-logs", "empty-logs"):
        finding = check_fault(bench(busy_chain(), tmp_path, timeout_s=20.0), truth, FAULTS[name], None, 1)
        assert finding.outcome is Outcome.DIFFERS, str(finding)
        assert finding.reason.startswith("inference: ")


def _truth(folder: Path) -> Contents:
    return bench(busy_chain(), folder).truth()
