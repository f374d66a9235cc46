"""Processes that die by SIGKILL right before or right after one of their commits."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy.engine.default import DefaultDialect

_COMMIT = DefaultDialect.do_commit


@dataclass
class Boundaries:
    """Counts commits, and kills this process at one of them."""

    killed_at: int | None = None
    """Number of the commit, from 1 on; None: of none."""
    after: bool = False
    """Whether it dies when the commit is done, else instead of it."""
    seen: int = 0

    def commit(self, dialect: DefaultDialect, connection: Any) -> None:
        """Takes the place of the database driver's commit."""
        self.seen += 1
        dies = self.seen == self.killed_at
        if dies and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        _COMMIT(dialect, connection)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)


def commits_of(action: Callable[[], object]) -> int:
    """How many commits an action makes."""
    boundaries = Boundaries()
    with patch.object(DefaultDialect, "do_commit", lambda *given: boundaries.commit(*given)):
        action()
    return boundaries.seen


def run_killed(action: Callable[[], object], killed_at: int, after: bool) -> None:
    """Runs an action in a process of its own, which must die at a commit."""
    child = os.fork()
    if child == 0:
        boundaries = Boundaries(killed_at, after)
        try:
            with patch.object(DefaultDialect, "do_commit", lambda *given: boundaries.commit(*given)):
                action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it ended before commit {killed_at}"
    assert os.WTERMSIG(status) == signal.SIGKILL
