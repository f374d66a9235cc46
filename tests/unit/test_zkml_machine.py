from __future__ import annotations

import os
from pathlib import Path

import pytest

from prover.zkml.machine import available_memory_bytes, count_cores

GIB = 2**30


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return folder


def test_this_machine_has_cores_and_memory() -> None:
    assert 1 <= count_cores() <= (os.cpu_count() or 1)
    assert 2**26 < available_memory_bytes() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),
        ("max 100000\n", None),
        ("", None),
        ("6400000 100000", None),
    ],
)
def test_quota_of_a_container_bounds_the_cores(tmp_path: Path, quota: str, cores: int | None) -> None:
    assert count_cores(write(tmp_path, cpu_max=quota)) == (cores or count_cores(tmp_path / "none"))


def test_available_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable:    2097152 kB\n")
    assert available_memory_bytes(tmp_path, tmp_path / "meminfo") == 2 * GIB


def test_limit_of_a_container_bounds_the_memory(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemAvailable: 8388608 kB\n")
    group = write(tmp_path, memory_max=f"{3 * GIB}\n", memory_current=f"{GIB}\n")
    assert available_memory_bytes(group, tmp_path / "meminfo") == 2 * GIB
    assert available_memory_bytes(write(group, memory_max="max\n"), tmp_path / "meminfo") == 8 * GIB


def test_half_of_the_memory_is_available_where_the_kernel_says_nothing(tmp_path: Path) -> None:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available_memory_bytes(tmp_path, tmp_path / "none") == physical // 2
