"""The development SRS (structured reference string): made here, so whoever makes it could forge proofs.

It has a folder and a file name of its own, so that it is never taken for the file of a public ceremony.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from prover.errors import CorruptSrsError
from prover.zkml.cache import Progress, exclusive, scratch, sha256_of, write_atomically
from prover.zkml.ezkl_process import Stage, run_ezkl

FOLDER = "srs-development"
TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class DevelopmentSrs:
    """The file and its hex sha256."""

    path: Path
    sha256: str


def development_srs(cache_dir: Path, logrows: int, progress: Progress) -> DevelopmentSrs:
    """The one development SRS of 2^logrows rows in `cache_dir`; made at first use.

    There is a file per size, because ezkl needs seconds in every call to cut a larger one down. A file that
    changed is never replaced: proofs for circuits that were registered with it would fail on chain.

    Raises:
        CorruptSrsError: the file is not the one that was written.
        EzklError: ezkl cannot make it.
    """
    folder = cache_dir / FOLDER
    path = folder / f"development-only-k{logrows}.srs"
    digest_file = path.with_suffix(".sha256")
    with exclusive(folder / "lock"):
        if not (path.is_file() and digest_file.is_file()):
            _make(path, logrows, progress)
            write_atomically(digest_file, sha256_of(path) + "\n")
        sha256 = sha256_of(path)
        if digest_file.read_text(encoding="utf-8").strip() != sha256:
            raise CorruptSrsError(path)
    return DevelopmentSrs(path, sha256)


def _make(path: Path, logrows: int, progress: Progress) -> None:
    started = time.monotonic()
    with scratch(path.parent) as directory:
        unfinished = directory / path.name
        run_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(unfinished), "logrows": logrows}, TIMEOUT_S)
        unfinished.replace(path)
    progress(f"development SRS … {time.monotonic() - started:.1f} s")
