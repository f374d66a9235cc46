"""Memory of the process."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of <malloc.h>
_LARGEST_KEPT_BYTES = 64 << 20
_MOST_KEPT_BYTES = 256 << 20
_GROWTH_BYTES = 4 << 20
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def keep_freed_memory() -> None:
    """Has the C library use freed memory again instead of returning it to the system at once.

    A program that needs megabytes for a moment, again and again, spends much of its time on getting every
    page from the system anew, most of all on virtual machines. Does nothing without glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT_BYTES)
    mallopt(_M_TOP_PAD, _GROWTH_BYTES)


def collect_rarely() -> None:
    """Has Python look for unreachable cycles after 100,000 new objects instead of 700.

    For a program that makes many objects at once, as rows of JSON are, and drops them together: looking
    through them again and again finds nothing.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
