"""Child processes that answer with lines of JSON, can be killed at any time, and leave nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LAST_WORDS_CHARACTERS = 600


class Watch:
    """Follows one call from other threads, and can end it."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []
        """Each step that the child began, and when, in seconds of the monotonic clock."""
        self.peak_memory_bytes = 0
        """Of the child, once it has answered."""
        self.stopped = False
        self._lock = threading.Lock()
        self._kill: Callable[[], None] | None = None

    def stop(self) -> None:
        """Kills the child, or keeps it from starting; the call raises `EzklStoppedError`."""
        with self._lock:
            self.stopped = True
            if self._kill is not None:
                self._kill()

    def attach(self, kill: Callable[[], None] | None) -> None:
        """Names what kills the child that runs; None when it is gone."""
        with self._lock:
            self._kill = kill
            if self.stopped and kill is not None:
                kill()


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    answer: dict[str, Any] | None
    """None when it ended without one."""
    last_words: str
    """End of its error output."""
    exit_code: int
    """Negative: the signal that killed it."""
    late: bool
    """It was killed because its time was over."""
    stopped: bool
    """It was killed because the watch asked for it."""


def run_child(
    command: Sequence[str],
    request: str,
    environment: Mapping[str, str],
    timeout_s: float,
    watch: Watch,
) -> Ended:
    """Runs a program that takes a request on standard input, and answers with lines of JSON.

    Each line `{"step": …}` is noted in `watch`; the first other one is the answer, after which the program
    is no longer wanted. Nothing of its process group outlives the call.

    Raises:
        OSError: the program cannot be started.
    """
    child = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        text=True,
        errors="replace",
        start_new_session=True,
    )
    late = threading.Event()

    def expire() -> None:
        late.set()
        _kill_group(child)

    said: list[str] = []
    timer = threading.Timer(timeout_s, expire)
    listener = threading.Thread(target=lambda: said.extend(child.stderr or ()))
    timer.start()
    listener.start()
    try:
        watch.attach(lambda: _kill_group(child))
        answer = _talk(child, request, watch)
    finally:
        timer.cancel()
        timer.join()
        watch.attach(None)
        _end(child, listener)
    last_words = "".join(said).strip()[-LAST_WORDS_CHARACTERS:]
    return Ended(answer, last_words, child.returncode, late.is_set(), watch.stopped)


def _talk(child: subprocess.Popen[str], request: str, watch: Watch) -> dict[str, Any] | None:
    """Gives the child its request, notes its steps, and returns its answer; None when it has none."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(request)
    for line in child.stdout:
        if not line.endswith("\n"):
            return None
        content: dict[str, Any] = json.loads(line)
        if "step" not in content:
            return content
        watch.steps.append((content["step"], time.monotonic()))
    return None


def _kill_group(child: subprocess.Popen[str]) -> None:
    """Kills what is left of the child's process group, whose id is its own while it is not reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter for a dead one on macOS
        os.killpg(child.pid, signal.SIGKILL)


def _end(child: subprocess.Popen[str], listener: threading.Thread) -> None:
    """Kills what is left, and reaps the child. One that ended by itself keeps its exit code."""
    _kill_group(child)
    child.wait()
    listener.join()
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()
