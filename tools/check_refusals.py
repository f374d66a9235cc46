"""Disables each refusal of the project once, in a copy, and requires that the tests turn red.

Usage: check_refusals.py [NAME…]   (all when none is named; --list shows them)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from refusal import ROOT, Refusal
from refusals import REFUSALS

LINKED = ("node_modules", ".toolchain", ".venv", ".cache")


def main() -> int:
    """Runs the named refusals; the exit code is 1 when the tests stayed green for one of them."""
    names = sys.argv[1:]
    if names == ["--list"]:
        print("\n".join(refusal.name for refusal in REFUSALS))
        return 0
    unknown = set(names) - {refusal.name for refusal in REFUSALS}
    if unknown:
        print(f"unknown refusal: {', '.join(sorted(unknown))}; see --list", file=sys.stderr)
        return 2
    holes = [r.name for r in REFUSALS if (not names or r.name in names) and not _turns_red(r)]
    if holes:
        print(f"tests stayed green without: {', '.join(holes)}", file=sys.stderr)
        return 1
    print(f"{len(names) or len(REFUSALS)} refusals disabled one by one, the tests turned red every time")
    return 0


def _turns_red(refusal: Refusal) -> bool:
    with tempfile.TemporaryDirectory(prefix="veritally-refusal-") as folder:
        copy = Path(folder)
        _copy_tree(copy)
        _disable(copy / refusal.path, refusal)
        started_at_s = time.monotonic()
        run = subprocess.run(
            refusal.command, cwd=copy, capture_output=True, text=True, env=_environment(copy)
        )
        output = run.stdout + run.stderr
        red = run.returncode != 0 and ("[FAIL" in output or "FAILED" in output)
        print(
            f"{'red  ' if red else 'GREEN'} {refusal.name} ({time.monotonic() - started_at_s:.0f} s)",
            flush=True,
        )
        if not red:
            print(output[-2000:], file=sys.stderr)
        return red


def _copy_tree(target: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    for name in LINKED:
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)
    for name in ("out", "cache"):  # so that only what the change touches is compiled again
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, target / name)


def _disable(path: Path, refusal: Refusal) -> None:
    source = path.read_text(encoding="utf-8")
    if source.count(refusal.text) != 1:
        raise SystemExit(
            f"{refusal.name}: the text to disable occurs {source.count(refusal.text)} times in {path.name}"
        )
    path.write_text(source.replace(refusal.text, refusal.disabled), encoding="utf-8")


def _environment(copy: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
