"""Errors of operating a prover. Each message names the values and says what to do.

ProverError
├── ServiceNotRunningError
├── StateFolderError
├── DrainUnfinishedError
└── InitFileError
"""

from __future__ import annotations

from pathlib import Path

from prover.errors import ProverError


class ServiceNotRunningError(ProverError):
    """No service listens on the control socket."""

    exit_code = 3

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no service answers at {path}; start it by `veritally-prover serve`, or name its state folder "
            "by `--set state_dir=...`"
        )


class StateFolderError(ProverError):
    """The state folder cannot be used."""

    exit_code = 2

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(f"state folder {folder}: {problem}; set VERITALLY_PROVER_STATE_DIR to another one")


class DrainUnfinishedError(ProverError):
    """A service that is drained is still at work."""

    exit_code = 3

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            f"the service is still at work after {waited_s:g} s and goes on by itself; "
            "`veritally-prover status` shows what is open, and the same command waits again"
        )


class InitFileError(ProverError):
    """A file that init makes cannot be written, or is there."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; nothing is overwritten: name another folder, or move it away")
