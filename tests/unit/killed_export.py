"""Exports again and again, killed one step later each time; prints how often until it was done.

Verified events come first, then foreign history, each with a line of its own.

Run by test_indexer_export_killed.py, with the database's URL and the folder. Steps are waits for the disk:
each comes before or after something gets its name.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from indexer.database import Database
from indexer.export import run
from indexer.recorded.export import check_recorded, export_recorded

Export: TypeAlias = Callable[[Database, Path, int], object]


def ends_well(work: Callable[[], object]) -> bool:
    """Whether a process of its own gets to the end of it."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == 0


def killed_at(step: int, export: Export, database_url: str, folder: Path) -> Callable[[], None]:
    left, fsync = [step], os.fsync

    def fsync_or_die(handle: int) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(handle)

    def work() -> None:
        run.check(folder)  # what the process before left behind
        check_recorded(folder)
        os.fsync = fsync_or_die
        export(Database(database_url), folder, 100)

    return work


def main(database_url: str, folder: Path) -> None:
    pa.array([0])  # loads once what every process needs
    for export in (run.export, export_recorded):
        done = (step for step in count(1) if ends_well(killed_at(step, export, database_url, folder)))
        sys.stdout.write(f"{next(done)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
