"""Whether somebody waits for everything to be settled."""

from __future__ import annotations

import threading


class Hurry:
    """Several may wait at the same time; each enters, and leaves at its own end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits, so that no batch shall wait for more requests."""
        return self._waiting > 0

    def __enter__(self) -> None:
        with self._lock:
            self._waiting += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._waiting -= 1
