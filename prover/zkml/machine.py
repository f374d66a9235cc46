"""What this machine has to offer to proofs: cores and memory, also inside a container."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")
_MEMORY_INFO: Final = Path("/proc/meminfo")


def count_cores(cgroup: Path = _CGROUP) -> int:
    """Cores that this process may use, at least 1: its affinity, and the quota of its container."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota_us, _, period_us = _read(cgroup / "cpu.max").partition(" ")
    if quota_us.isdigit() and period_us.strip().isdigit():
        allowed = min(allowed, int(quota_us) // int(period_us))
    return max(1, allowed)


def available_memory_bytes(cgroup: Path = _CGROUP, memory_info: Path = _MEMORY_INFO) -> int:
    """Memory that is free or can be freed now, within the limit of the container."""
    fields = dict(line.split(":", 1) for line in _read(memory_info).splitlines() if ":" in line)
    if "MemAvailable" in fields:
        available = int(fields["MemAvailable"].split()[0]) * 1024
    else:
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    limit, used = _read(cgroup / "memory.max").strip(), _read(cgroup / "memory.current").strip()
    if limit.isdigit() and used.isdigit():
        available = min(available, int(limit) - int(used))
    return available


def _read(path: Path) -> str:
    """Content of a file of the kernel; nothing where the kernel has no such file."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
