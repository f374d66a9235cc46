"""The processes of ezkl that this one started."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prover.zkml.ezkl_process import CHILD_MODULE, Stage


def children(stage: Stage = Stage.PROVE) -> set[int]:
    """Their ids, for one stage."""
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _is_ours(entry, stage)
    }


def wait_for_child(stage: Stage = Stage.PROVE, timeout_s: float = 60.0) -> int:
    """The id of one, as soon as there is one."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := children(stage):
            return min(found)
        time.sleep(0.005)
    raise AssertionError(f"no child for {stage} was started")


def _is_ours(entry: Path, stage: Stage) -> bool:
    try:
        command, status = (entry / "cmdline").read_text(), (entry / "stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[1] == str(os.getpid()) and f"{CHILD_MODULE}\0{stage}" in command
