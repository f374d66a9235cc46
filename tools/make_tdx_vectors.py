"""Writes tests/vectors/attestation/tdx_cases.json and tdx_real.json: calls of the contracts that verify TDX
quotes, with their answers, below a root of our own and below Intel's.

With --check it writes nothing, and fails when a file is not what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import tdx_cases_certificates
import tdx_cases_crls
import tdx_cases_lists
import tdx_cases_policy
import tdx_cases_quotes
import tdx_real
from generated_files import write_or_check
from tdx_case import STARTS, Call, Case, Start
from tdx_pki import NOW_S, ROOT, encode
from vector_columns import hexadecimal

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation"


def all_cases() -> Iterator[Case]:
    """Every case."""
    yield from tdx_cases_certificates.cases()
    yield from tdx_cases_crls.cases()
    yield from tdx_cases_lists.cases()
    yield from tdx_cases_policy.cases()
    yield from tdx_cases_quotes.cases()


class Calls:
    """Numbers calls, so that the file holds each one once."""

    def __init__(self) -> None:
        self._numbers: dict[Call, int] = {}

    def number(self, call: Call) -> int:
        """The place of a call in the list."""
        return self._numbers.setdefault(call, len(self._numbers))

    def rows(self) -> list[dict[str, object]]:
        """The list."""
        return [{"data": hexadecimal(call.data), "target": int(call.target)} for call in self._numbers]


def describe_cases() -> dict[str, object]:
    """The cases below our own root."""
    calls = Calls()
    starts = {start.name.lower(): [calls.number(call) for call in STARTS[start]] for start in Start}
    cases = [
        {
            "calls": [calls.number(call) for call in case.calls],
            "debug": case.debug,
            "name": case.name,
            "notAfter": case.until_s,
            "reason": hexadecimal(case.reason()),
            "start": int(case.start),
            "timestamp": case.at_s,
        }
        for case in all_cases()
    ]
    names = [str(case["name"]) for case in cases]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"names that occur twice: {repeated}")
    return {
        "calls": calls.rows(),
        "cases": cases,
        "root": hexadecimal(sha256(encode(ROOT)).digest()),
        "starts": starts,
        "timestamp": NOW_S,
    }


def render() -> dict[Path, str]:
    """Both files and their content."""
    contents = {"tdx_cases.json": describe_cases(), "tdx_real.json": tdx_real.describe()}
    return {
        FOLDER / name: json.dumps(content, indent=1, sort_keys=True) + "\n"
        for name, content in contents.items()
    }


def main() -> int:
    """Writes or checks both files; the exit code is 1 when the check fails."""
    return write_or_check(render())


if __name__ == "__main__":
    raise SystemExit(main())
