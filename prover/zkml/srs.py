"""The SRS (structured reference string): the development one, and how the public ceremony's is recognised.

The development SRS is made here, so whoever makes it could forge proofs. It has a folder and a file name of
its own, so that it is never taken for the file of the public ceremony.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from prover.errors import CorruptSrsError
from prover.zkml.cache import Progress, exclusive, scratch, sha256_of, write_atomically
from prover.zkml.ceremony import CEREMONY_SHA256, CEREMONY_WORDS, read_file_words, read_logrows, srs_bytes
from prover.zkml.errors import CeremonySrsError, DevelopmentSrsError, SrsFileError
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.verifier_source import read_srs_words
from veritally.contract_table import DEVELOPMENT_CHAIN_IDS

FOLDER = "srs-development"
TIMEOUT_S = 1800.0
_MAX_LOGROWS = 64


@dataclass(frozen=True)
class SrsFile:
    """The file and its hex sha256."""

    path: Path
    sha256: str


def development_srs(cache_dir: Path, logrows: int, progress: Progress) -> SrsFile:
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
        if is_damaged(path):
            raise CorruptSrsError(path)
    return SrsFile(path, digest_file.read_text(encoding="utf-8").strip())


def is_damaged(path: Path) -> bool:
    """Whether a file is a development SRS that is no longer the one that was made."""
    digest_file = path.with_suffix(".sha256")
    if not digest_file.is_file():
        return False
    return not path.is_file() or sha256_of(path) != digest_file.read_text(encoding="utf-8").strip()


def open_srs(path: Path, logrows: int) -> SrsFile:
    """An SRS file that somebody made, checked for its form and size; a larger one than needed is cut by ezkl.

    A file with the secret of the public ceremony in it must be the ceremony's, to the last byte.

    Raises:
        SrsFileError: it cannot be read, is no SRS, or is too small for 2^logrows rows.
        CeremonySrsError: it is a damaged or changed file of the ceremony.
    """
    try:
        found, size = read_logrows(path), path.stat().st_size
        if found > _MAX_LOGROWS or size != srs_bytes(found):
            raise SrsFileError(path, f"{size} bytes are no SRS")
        words, sha256 = read_file_words(path), sha256_of(path)
    except OSError as error:
        raise SrsFileError(path, f"cannot be read ({error.strerror})") from None
    if found < logrows:
        raise SrsFileError(path, f"it is for 2^{found} rows, the circuit has 2^{logrows}")
    if words == CEREMONY_WORDS and sha256 != CEREMONY_SHA256.get(found):
        raise CeremonySrsError(path, found, sha256)
    return SrsFile(path, sha256)


def is_ceremony(source: str) -> bool:
    """Whether a generated verifier was made with the SRS of the public ceremony.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    return read_srs_words(source) == CEREMONY_WORDS


def require_srs_for(chain_id: int, development_srs: bool, model: str) -> None:
    """Refuses a development SRS outside development chains.

    Raises:
        DevelopmentSrsError: proofs for the circuit could be forged by whoever made its SRS.
    """
    if development_srs and chain_id not in DEVELOPMENT_CHAIN_IDS:
        raise DevelopmentSrsError(model, chain_id)


def _make(path: Path, logrows: int, progress: Progress) -> None:
    started = time.monotonic()
    with scratch(path.parent) as directory:
        unfinished = directory / path.name
        run_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(unfinished), "logrows": logrows}, TIMEOUT_S)
        unfinished.replace(path)
    progress(f"development SRS … {time.monotonic() - started:.1f} s")
