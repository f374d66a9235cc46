"""Requires that the contract tests reach the core: its lines and its branches, each by itself.

Reads the LCOV report of `forge coverage`. Usage: check_coverage.py LCOV
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

CORE = (
    "contracts/Settlement.sol",
    "contracts/VerifierRouter.sol",
    "contracts/ModelRegistry.sol",
    "contracts/EnclaveRegistry.sol",
    "contracts/PayAddress",
    "contracts/libraries/",
    "contracts/payments/",
    "contracts/verifiers/",
)
"""What the paths of gated files start with."""

LEAST_PERCENT = 100


@dataclass
class Coverage:
    """Which lines and branches of a file ran, by their names for people."""

    lines: dict[str, bool] = field(default_factory=dict)
    branches: dict[str, bool] = field(default_factory=dict)


def read(report: str) -> dict[str, Coverage]:
    """Coverage of the core's files in an LCOV report, by path."""
    files: dict[str, Coverage] = {}
    file = Coverage()
    for record in report.splitlines():
        kind, _, rest = record.partition(":")
        values = rest.split(",")
        if kind == "SF":
            file = files[rest] = Coverage()
        elif kind == "DA":
            file.lines[f"line {values[0]}"] = values[1] != "0"
        elif kind == "BRDA":
            file.branches[f"line {values[0]}, branch {values[1]}.{values[2]}"] = values[3] not in ("0", "-")
    return {path: coverage for path, coverage in files.items() if path.startswith(CORE)}


def check(what: str, reached: list[bool]) -> bool:
    """Prints how much was reached; true when it is enough."""
    percent = 100 * sum(reached) / len(reached)
    print(f"{sum(reached)} of {len(reached)} {what} of the core: {percent:.2f} %, least {LEAST_PERCENT} %")
    return percent >= LEAST_PERCENT


def main() -> int:
    """Prints what was not reached; the exit code is 1 when that is too much."""
    try:
        files = read(Path(sys.argv[1]).read_text(encoding="utf-8"))
    except OSError as error:
        print(f"no coverage report: {error}", file=sys.stderr)
        return 1
    absent = [start for start in CORE if not any(path.startswith(start) for path in files)]
    if absent:
        print(f"{sys.argv[1]} says nothing about {', '.join(absent)}", file=sys.stderr)
        return 1
    for path, coverage in sorted(files.items()):
        for place, reached in (coverage.lines | coverage.branches).items():
            if not reached:
                print(f"not reached: {path}, {place}")
    enough = [
        check("lines", [reached for file in files.values() for reached in file.lines.values()]),
        check("branches", [reached for file in files.values() for reached in file.branches.values()]),
    ]
    if not all(enough):
        print("fix: test what was not reached", file=sys.stderr)
    return 0 if all(enough) else 1


if __name__ == "__main__":
    raise SystemExit(main())
