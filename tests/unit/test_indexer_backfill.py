"""What is shown while a long way to the head is read."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from indexer import backfill as backfill_module
from indexer.backfill import Backfill, Pace
from indexer.log import configure
from indexer.progress import Progress


def at(block: int, events: int, head: int = 1_099) -> Progress:
    return Progress(100, block, head, 1_764_000_000, None, events, events)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds on the clock."""
    now_s = [1_000.0]
    monkeypatch.setattr(backfill_module.time, "monotonic", lambda: now_s[0])
    return now_s


def test_pace() -> None:
    assert Pace.of(at(349, 5_000), 10.0) == Pace(25, 500, 30)
    assert Pace.of(at(1_099, 5_000), 10.0) == Pace(100, 500, 0)
    assert Pace.of(at(99, 0), 10.0) == Pace(0, 0, 0)
    assert Pace.of(at(99, 0, head=99), 10.0).done_percent == 100
    assert Pace(0, 0, 3_725).remaining == "1:02:05"


def test_line_every_few_seconds_without_a_terminal(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json")
    backfill = Backfill(Console(file=io.StringIO(), force_terminal=False))
    for seconds in range(1, 30):
        clock[0] = 1_000.0 + seconds
        backfill.show(at(min(1_099, 100 + 50 * seconds - 1), 100 * seconds))
    backfill.close()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["block"] for line in lines] == [349, 599, 849], "nothing is said at the head"
    assert (lines[0]["event"], lines[0]["percent"], lines[0]["head"]) == ("catching up", 25, 1_099)
    assert (lines[0]["events_per_s"], lines[0]["remaining"]) == (100, "0:00:15")


def test_bar_on_a_terminal(clock: list[float]) -> None:
    screen = io.StringIO()
    backfill = Backfill(Console(file=screen, force_terminal=True, width=120))
    clock[0] += 0.5
    backfill.show(at(200, 100))
    assert screen.getvalue() == ""
    clock[0] += 9.5
    backfill.show(at(349, 5_000))
    backfill.close()
    shown = screen.getvalue()
    assert "block 349 of 1099" in shown
    assert "25 %, 500 events/s, 0:00:30 left" in shown
    assert shown.endswith("\x1b[?25h") or "\x1b[2K" in shown


def test_nothing_is_shown_of_what_is_quick(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    backfill = Backfill(Console(file=screen, force_terminal=True))
    backfill.show(at(1_099, 5_000))
    backfill.close()
    assert screen.getvalue() == capsys.readouterr().err == ""
