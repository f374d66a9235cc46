"""Downloads files of the public ceremony. A file gets its name only when its checksum is the ceremony's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from prover.zkml.cache import exclusive, sha256_of
from prover.zkml.ceremony import CEREMONY_SHA256, srs_bytes
from prover.zkml.errors import SrsFetchError, SrsUnreachableError
from prover.zkml.srs import FOLDER as DEVELOPMENT_FOLDER

Progress = Callable[[str], None]

TIMEOUT_S: Final = 30.0
"""Without a byte from the server."""
PROGRESS_S: Final = 2.0
_OTHER_ADDRESS: Final = "compare the address, or name another by --url"


def fetch_srs(logrows: int, folder: Path, url: str, progress: Progress) -> Path:
    """The ceremony's file for 2^logrows rows in `folder`; downloaded unless it is there.

    A download that broke off is kept under another name, and goes on where it stopped. A file that has its
    name is never deleted or replaced.

    Args:
        logrows: From 1 to 26.
        folder: For files of the ceremony only; created when missing.
        url: Address; `{logrows}` in it stands for the number.
        progress: Is told how far it is.

    Raises:
        SrsFetchError: the server has no such file or another one, or the folder cannot hold it.
        SrsUnreachableError: the server does not answer, or the connection broke off.
    """
    _require_place(folder)
    target, sha256 = folder / f"kzg{logrows}.srs", CEREMONY_SHA256[logrows]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / ".lock", lambda: progress("another process fetches a file, waiting")):
            if not _is_there(target, sha256):
                part = target.with_suffix(".srs.unfinished")
                address = url.replace("{logrows}", str(logrows))
                _Download(address, part, srs_bytes(logrows), progress).receive(sha256)
                part.rename(target)
    except OSError as error:
        fix = "free some room or name another folder, and run the command again"
        raise SrsFetchError(str(target), f"cannot be written ({error.strerror})", fix) from None
    progress(f"{target} is the file of the public ceremony, sha256 {sha256}")
    return target


def _require_place(folder: Path) -> None:
    if folder.resolve().name == DEVELOPMENT_FOLDER or any(folder.glob("development-only-*")):
        raise SrsFetchError(
            str(folder), "holds development SRS files", "name another folder, so that nobody mixes them up"
        )


def _is_there(target: Path, sha256: str) -> bool:
    if not target.exists():
        return False
    if (found := sha256_of(target)) != sha256:
        raise SrsFetchError(
            str(target),
            f"is there, and is not the ceremony's file (sha256 {found})",
            "move it away and run the command again",
        )
    return True


@dataclass(frozen=True)
class _Download:
    """One file on its way."""

    url: str
    part: Path
    """What came so far."""
    size: int
    """Bytes of the whole file."""
    progress: Progress

    def receive(self, sha256: str) -> None:
        """Completes `part`, and throws it away when it then has another checksum."""
        if self._kept() < self.size:
            self._request()
        if self._kept() < self.size:
            raise SrsUnreachableError(self.url, "the file ended too early", self._kept())
        if (found := sha256_of(self.part)) != sha256:
            self.part.unlink()
            raise SrsFetchError(
                self.url,
                f"what came is not the ceremony's file: sha256 {found}, expected {sha256}",
                "it was thrown away; run the command again, or name another address by --url",
            )

    def _kept(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _request(self) -> None:
        kept = self._kept()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={kept}-"} if kept else {})
        try:
            with httpx.stream(
                "GET", self.url, headers=headers, timeout=TIMEOUT_S, follow_redirects=True
            ) as answer:
                self._write(answer, self._start(answer, kept))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise SrsFetchError(self.url, "is no address", _OTHER_ADDRESS) from None
        except httpx.HTTPError as error:
            problem = f"cannot be reached ({str(error) or type(error).__name__})"
            raise SrsUnreachableError(self.url, problem, self._kept()) from None

    def _start(self, answer: httpx.Response, kept: int) -> int:
        """Where in the file the answer begins, when it is the file's size."""
        status, length = answer.status_code, answer.headers.get("Content-Length")
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise SrsUnreachableError(self.url, f"the server answers {status}", kept)
        if status == httpx.codes.PARTIAL_CONTENT:
            found, wanted = answer.headers.get("Content-Range"), f"bytes {kept}-{self.size - 1}/{self.size}"
        elif status == httpx.codes.OK:
            kept, found, wanted = 0, length or str(self.size), str(self.size)
        else:
            raise SrsFetchError(self.url, f"the server answers {status}", _OTHER_ADDRESS)
        if found != wanted:
            problem = f"the server has another file: {found} instead of {wanted} bytes"
            raise SrsFetchError(self.url, problem, _OTHER_ADDRESS)
        return kept

    def _write(self, answer: httpx.Response, start: int) -> None:
        done, told_s = start, time.monotonic()
        with self.part.open("ab" if start else "wb") as file:
            for chunk in answer.iter_raw():
                done += len(chunk)
                if done > self.size:
                    raise SrsFetchError(self.url, f"more than {self.size:,} bytes came", _OTHER_ADDRESS)
                file.write(chunk)
                if time.monotonic() - told_s > PROGRESS_S:
                    told_s = time.monotonic()
                    self.progress(f"{done / self.size:.0%} of {self.size:,} bytes")
