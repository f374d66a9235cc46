"""Shows how a long way to the head goes on: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from indexer.log import logger
from indexer.progress import Progress, Watch

_PATIENCE_S = 1.0
"""What takes less long shows nothing."""
_LINE_EVERY_S = 5.0


@dataclass(frozen=True)
class Pace:
    """How fast a run is."""

    done_percent: int
    events_per_s: int
    remaining_s: int
    """Seconds to the head when the remaining blocks are like the read ones."""

    @classmethod
    def of(cls, progress: Progress, elapsed_s: float) -> Pace:
        """After so many seconds."""
        done = progress.block - progress.first_block + 1
        every = done + progress.lag_blocks
        remaining_s = progress.lag_blocks * elapsed_s / done if done else 0
        percent = 100 * done // every if every else 100
        return cls(percent, round(progress.events / elapsed_s), round(remaining_s))

    @property
    def remaining(self) -> str:
        """As hours, minutes and seconds."""
        minutes, seconds = divmod(self.remaining_s, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"


class Backfill:
    """Watches one run."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("block {task.fields[block]} of {task.fields[head]}"),
            BarColumn(),
            TextColumn(
                "{task.percentage:.0f} %, {task.fields[pace].events_per_s} events/s, "
                "{task.fields[pace].remaining} left"
            ),
            console=console,
            transient=True,
        )
        self._console = console
        self._started_at_s = self._said_at_s = time.monotonic()
        self._task = self._bar.add_task("", total=None, block=0, head=0, pace=Pace(0, 0, 0))

    def show(self, progress: Progress) -> None:
        """Shows where it stands, when it is time to and something is left to read."""
        now_s = time.monotonic()
        elapsed_s = now_s - self._started_at_s
        if elapsed_s < _PATIENCE_S or not progress.lag_blocks:
            return
        pace = Pace.of(progress, elapsed_s)
        if self._console.is_terminal:
            if not self._bar.live.is_started:
                self._bar.start()
            total = progress.head - progress.first_block + 1
            done = progress.block - progress.first_block + 1
            block, head = progress.block, progress.head
            self._bar.update(self._task, total=total, completed=done, block=block, head=head, pace=pace)
        elif now_s - self._said_at_s >= _LINE_EVERY_S:
            self._said_at_s = now_s
            logger().info(
                "catching up",
                block=progress.block,
                head=progress.head,
                percent=pace.done_percent,
                events_per_s=pace.events_per_s,
                remaining=pace.remaining,
            )

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar.live.is_started:
            self._bar.stop()


@contextmanager
def shown_backfill() -> Iterator[Watch]:
    """Watches one run and shows it on stderr."""
    backfill = Backfill(Console(stderr=True))
    try:
        yield backfill.show
    finally:
        backfill.close()
