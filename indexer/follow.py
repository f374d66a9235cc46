"""Following the head until somebody says stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from indexer.errors import NotReadyError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """A request to stop after the range that is being stored."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.is_set = self._event.is_set
        self.wait = self._event.wait

    @classmethod
    @contextmanager
    def on_signals(cls) -> Iterator[Stop]:
        """A request that Ctrl-C or SIGTERM makes. A second signal ends the process at once."""
        stop = cls()
        before = {number: signal.signal(number, stop._on_signal) for number in _SIGNALS}
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)


def follow(synchronise: Callable[[], None], poll_interval_s: float, stop: Stop) -> None:
    """Calls `synchronise` at every interval. What is not ready is named once and waited for.

    Raises:
        CheckFailedError: what `synchronise` found cannot be trusted.
    """
    reported = ""
    while not stop.wait(poll_interval_s):
        try:
            synchronise()
            reported = ""
        except NotReadyError as error:
            if str(error) != reported:
                print(f"veritally-indexer: waiting: {error}", file=sys.stderr, flush=True)  # noqa: T201
            reported = str(error)
