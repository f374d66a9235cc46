"""What probes and metrics say of a deployment that is followed."""

from __future__ import annotations

import math
import time

import pytest
from prometheus_client import REGISTRY

from indexer import standing as standing_module
from indexer.progress import Progress
from indexer.standing import Health, Standing
from indexer.status import Audits, Incident, Verification

NOW_S = 1_764_000_100.0


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Standing:
    """One with metrics of its own."""
    monkeypatch.setattr(time, "time", lambda: NOW_S)
    return Standing(1, request.node.name)


def at(block: int, events: int = 0, head: int = 9, timestamp_s: int = 1_764_000_000) -> Progress:
    return Progress(3, block, head, timestamp_s, block - 1, events, events)


def metric(standing: Standing, name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"chain_id": "1", "settlement": standing.settlement})


def test_nothing_is_known_at_first(standing: Standing) -> None:
    assert (standing.lag_blocks, standing.lag_s(), standing.is_current(60)) == (None, None, False)
    assert math.isnan(metric(standing, "indexer_lag_seconds") or 0)
    assert metric(standing, "indexer_events_total") == metric(standing, "indexer_tally_mismatch") == 0


def test_lag(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    standing.moved(at(7))
    assert (standing.lag_blocks, standing.lag_s()) == (2, 100.0)
    assert metric(standing, "indexer_lag_blocks") == 2
    assert metric(standing, "indexer_lag_seconds") == 100
    assert (standing.is_current(99), standing.is_current(100)) == (False, True)
    standing.moved(at(9))
    assert (standing.lag_blocks, standing.lag_s()) == (0, 0)
    monkeypatch.setattr(time, "time", lambda: NOW_S + 30)
    assert standing.lag_s() == 0
    standing.waiting = "the node"
    assert standing.lag_s() == 30, "nobody knows what came since it was complete"
    standing.moved(at(9))
    assert (standing.lag_s(), standing.waiting) == (0, "")
    standing.moved(at(9, head=10))
    assert standing.lag_s() == 0, "it was complete just now"


def test_events_of_all_runs_are_counted_once(standing: Standing) -> None:
    for events in (0, 5, 8, 0, 0, 2):
        standing.moved(at(5, events))
    assert metric(standing, "indexer_events_total") == 10
    assert metric(standing, "indexer_block") == 5
    assert metric(standing, "indexer_final_block") == 4


def test_audits(standing: Standing) -> None:
    standing.audited(Audits(0, (), None))
    assert metric(standing, "indexer_incidents_total") == 0
    assert metric(standing, "indexer_last_verification_timestamp_seconds") is None
    standing.audited(Audits(2, (Incident(3, 4, "logs"),), Verification(5, b"", "rows", 77)))
    standing.audited(Audits(3, (), Verification(6, b"", "", 78)))
    assert metric(standing, "indexer_incidents_total") == 3
    assert metric(standing, "indexer_open_incidents") == 0
    assert metric(standing, "indexer_last_verification_timestamp_seconds") == 78
    assert metric(standing, "indexer_last_verification_block") == 6
    assert metric(standing, "indexer_last_verification_ok") == 1
    standing.audited(Audits(3, (Incident(3, 4, "logs"),), Verification(6, b"", "rows", 78)))
    assert metric(standing, "indexer_open_incidents") == 1
    assert metric(standing, "indexer_last_verification_ok") == 0


def test_health(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Standing(2, "other")
    health = Health(60, [standing, other])
    standing.moved(at(9))
    assert (health.is_ready, health.is_alive) == (False, True)
    other.moved(at(9))
    assert health.is_ready
    now_s = time.monotonic() + standing_module._STALLED_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    assert not health.is_alive
    health.beat()
    assert health.is_alive
