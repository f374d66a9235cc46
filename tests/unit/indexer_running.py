"""`veritally-indexer run` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

BUSY_S = 8.0
"""That a busy machine may add. Without a limit, stopping would take longer than any test waits."""


class Running:
    """The command in a process of its own. Its log is JSON."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-u", "-m", "indexer", "run", "--poll-interval-s", "0.02"]
        pipe = subprocess.PIPE
        environment = os.environ | {"VERITALLY_INDEXER_LOG_FORMAT": "json"}
        self.process = subprocess.Popen(
            [*command, *arguments], env=environment, stdout=pipe, stderr=pipe, text=True
        )

    def line(self, event: str) -> dict[str, Any]:
        """The next line of the log, which is about this event. Progress is passed over: machines are busy.

        So is what is said of a single node, unless it is asked for.
        """
        assert self.process.stderr is not None
        passed_over = {"catching up", "unconfirmed"} - {event}
        found = json.loads(self.process.stderr.readline())
        while found["event"] in passed_over:
            found = json.loads(self.process.stderr.readline())
        assert found["event"] == event, found
        return found

    def stop(self, number: int = signal.SIGTERM) -> tuple[float, str]:
        """Seconds that it took to end well, and the rest of the log."""
        started_at_s = time.monotonic()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        assert (self.process.returncode, out) == (0, ""), err
        return time.monotonic() - started_at_s, err


Start = Callable[..., Running]
