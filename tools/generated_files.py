"""Files that a program of this folder makes: it writes them, or with --check only compares them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def write_or_check(files: Mapping[Path, str]) -> int:
    """Writes what is out of date, or says what is; returns the exit code, 1 when the check fails."""
    stale = [path for path, text in files.items() if not _is_current(path, text)]
    names = ", ".join(str(path.relative_to(_ROOT)) for path in stale)
    if "--check" in sys.argv[1:] and stale:
        program = Path(sys.argv[0]).name
        print(f"out of date: {names}; run tools/{program} and commit the result", file=sys.stderr)
        return 1
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
    print(f"written: {names}" if stale else f"current: {len(files)} made by {Path(sys.argv[0]).name}")
    return 0


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
