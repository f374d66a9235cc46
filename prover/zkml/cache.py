"""Files that are expensive to make: made once, step by step, checked before each use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str], None]
"""Is told what was done, one line at a time."""

MANIFEST_FILE = "manifest.json"
_SCRATCH_PREFIX = "making-"


@dataclass(frozen=True)
class Step:
    """Makes files from files of the same folder."""

    label: str
    """Shown to people, and unique in a folder."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    make: Callable[[Path], None]
    """Writes the outputs into the directory that it is given."""


@contextmanager
def exclusive(lock_file: Path, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keeps other processes out until the context ends, also when this process is killed.

    Args:
        lock_file: Is created and stays.
        wait: Is called once when another process must be waited for.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A directory inside `folder` for unfinished files; also removes what a killed process left there.

    The caller holds the folder's lock.
    """
    for leftover in folder.glob(f"{_SCRATCH_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=folder) as path:
        yield Path(path)


def run_steps(folder: Path, steps: Sequence[Step], progress: Progress) -> None:
    """Makes what is missing, damaged or made from other inputs. The caller holds the folder's lock."""
    manifest = _read_manifest(folder)
    for step in steps:
        if manifest.get(step.label) == _state(folder, step):
            continue
        started = time.monotonic()
        with scratch(folder) as directory:
            step.make(directory)
            for name in step.outputs:
                (directory / name).replace(folder / name)
        manifest[step.label] = _state(folder, step)
        _write_manifest(folder, manifest)
        progress(f"{step.label} … {time.monotonic() - started:.1f} s")


def damaged_files(folder: Path) -> list[Path]:
    """The files of a folder that are not those that its steps made."""
    made = {name: sha256 for state in _read_manifest(folder).values() for name, sha256 in state.items()}
    paths = {folder / name: sha256 for name, sha256 in made.items()}
    return [path for path, sha256 in paths.items() if not path.is_file() or sha256_of(path) != sha256]


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Writes a file that is either complete or not there. The caller holds the folder's lock."""
    with scratch(path.parent) as directory:
        unfinished = directory / path.name
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)


State = dict[str, str | None]
"""sha256 of each file of a step; None for a missing one."""


def _state(folder: Path, step: Step) -> State:
    paths = {name: folder / name for name in (*step.inputs, *step.outputs)}
    return {name: sha256_of(path) if path.is_file() else None for name, path in paths.items()}


def _read_manifest(folder: Path) -> dict[str, State]:
    """What was made; nothing when the manifest itself is missing or damaged."""
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_manifest(folder: Path, manifest: dict[str, State]) -> None:
    write_atomically(folder / MANIFEST_FILE, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
