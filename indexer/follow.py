"""Following the head until somebody says stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from indexer.backfill import shown_backfill
from indexer.errors import ChainReorganisedError, NotReadyError
from indexer.follower import Follower
from indexer.log import logger
from indexer.standing import Health

GRACE_S = 3.0
"""What a range that is being stored when somebody says stop may still take."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SLICE_S = 5.0
"""What one of several deployments may take before it is the next one's turn."""


class StoppedError(BaseException):
    """Interrupts what takes longer than it may after a request to stop. Open transactions are rolled back."""


class Stop:
    """A request to stop after the range that is being stored."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.is_set = self._event.is_set
        self.wait = self._event.wait

    @classmethod
    @contextmanager
    def on_signals(cls) -> Iterator[Stop]:
        """A request that Ctrl-C or SIGTERM makes; the context ends soon after it, and without an error.

        A second signal ends the process at once.
        """
        stop = cls()
        before = {number: signal.signal(number, stop._on_signal) for number in _SIGNALS}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, stop._on_alarm)
        try:
            yield stop
        except StoppedError:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()
        signal.setitimer(signal.ITIMER_REAL, GRACE_S)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        raise StoppedError


def follow(followers: Sequence[Follower], poll_interval_s: float, health: Health, stop: Stop) -> None:
    """Keeps all up to date until it is told to stop, and logs what happens. What is not ready is waited for.

    Raises:
        CheckFailedError, UsageError: what was found cannot be trusted, or cannot work.
    """
    turns = [_Turn(follower, None if len(followers) == 1 else _SLICE_S) for follower in followers]
    while not stop.is_set():
        idle = True
        for turn in turns:
            health.beat()
            idle &= turn.take(stop, health)
        if idle:
            stop.wait(poll_interval_s)


class _Turn:
    """One deployment's, again and again."""

    def __init__(self, follower: Follower, slice_s: float | None) -> None:
        self._follower = follower
        self._slice_s = slice_s
        self._log = logger(chain_id=follower.standing.chain_id, settlement=follower.standing.settlement)
        self._reported = ""

    def take(self, stop: Stop, health: Health) -> bool:
        """Goes on; whether there is nothing to do before the next look."""

        def is_stopped() -> bool:
            health.beat()  # whatever takes long asks this again and again
            return stop.is_set()

        try:
            with shown_backfill() as watch:
                result = self._follower.go_on(is_stopped, watch, self._slice_s)
        except (NotReadyError, ChainReorganisedError) as error:
            self._follower.standing.waiting = str(error)
            if str(error) != self._reported:
                self._log.warning("waiting", reason=str(error))
            self._reported = str(error)
            return True
        self._reported = ""
        if result.events or result.replaced_blocks:
            self._log.info("indexed", **vars(result))
        return not self._follower.standing.lag_blocks
