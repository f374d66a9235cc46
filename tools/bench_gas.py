"""Measures the gas benchmarks and prints `name gas` lines; writes snapshots/*.json.

With --check it writes nothing, and fails when a value is not the committed one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = ROOT / "snapshots"
FORGE = ("forge", "test", "--isolate", "--match-path", "tests/contracts/*.bench.t.sol")
LIMIT_S = 600


class BenchmarkError(Exception):
    """The benchmark did not run; the message holds what forge said."""


def measure() -> dict[str, dict[str, int]]:
    """Gas (and bytes, for names that start with `size_`) by file of snapshots/ and name, measured now.

    Raises:
        BenchmarkError: a benchmark fails.
    """
    with tempfile.TemporaryDirectory(dir=SNAPSHOTS) as folder:
        environment = {**os.environ, "VERITALLY_GAS_BENCH": "true", "FOUNDRY_SNAPSHOTS": folder}
        result = subprocess.run(
            FORGE, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        if result.returncode != 0:
            raise BenchmarkError(result.stdout + result.stderr)
        return read(Path(folder))


def read(folder: Path) -> dict[str, dict[str, int]]:
    """The values of a folder of snapshot files, by file and name."""
    return {
        path.name: {name: int(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
        for path in sorted(folder.glob("*.json"))
    }


def write(values: dict[str, dict[str, int]]) -> None:
    """Writes the snapshot files."""
    for file, by_name in values.items():
        text = json.dumps({name: str(value) for name, value in sorted(by_name.items())}, indent=2)
        (SNAPSHOTS / file).write_text(text + "\n", encoding="utf-8")


def join(values: dict[str, dict[str, int]]) -> dict[str, int]:
    """All values by name; names are unique over the files."""
    return {name: value for by_name in values.values() for name, value in by_name.items()}


def differences(committed: dict[str, int], measured: dict[str, int]) -> list[str]:
    """One line per name whose values differ."""
    return [
        f"{name}: committed {committed.get(name)}, measured {measured.get(name)}"
        for name in sorted(committed.keys() | measured.keys())
        if committed.get(name) != measured.get(name)
    ]


def main() -> int:
    """Prints the values; with --check the exit code is 1 when one of them is not the committed one."""
    SNAPSHOTS.mkdir(exist_ok=True)
    try:
        measured = measure()
    except (BenchmarkError, OSError, subprocess.TimeoutExpired) as error:
        print(f"the gas benchmarks do not run: {error}", file=sys.stderr)
        return 1
    for name, value in sorted(join(measured).items()):
        print(name, value)
    if "--check" not in sys.argv[1:]:
        write(measured)
        return 0
    changed = differences(join(read(SNAPSHOTS)), join(measured))
    for line in changed:
        print(line, file=sys.stderr)
    if changed:
        print("fix: make bench-gas, look at the difference, and commit snapshots/", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
