"""Writes tests/vectors/attestation/tdx_cases.json: calls of the contracts that verify TDX quotes, with their answers.

With --check it writes nothing, and fails when the file is not what it would write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import tdx_cases_certificates
import tdx_cases_lists
import tdx_cases_quotes
from tdx_case import STARTS, Call, Case, Start
from tdx_pki import NOW_S, ROOT, encode
from vector_columns import hexadecimal

FILE = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation" / "tdx_cases.json"


def all_cases() -> Iterator[Case]:
    """Every case."""
    yield from tdx_cases_certificates.cases()
    yield from tdx_cases_lists.cases()
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


def render() -> str:
    """The content of the file."""
    calls = Calls()
    starts = {start.name.lower(): [calls.number(call) for call in STARTS[start]] for start in Start}
    cases = [
        {
            "calls": [calls.number(call) for call in case.calls],
            "name": case.name,
            "reason": hexadecimal(case.reason()),
            "start": int(case.start),
            "timestamp": case.at_s,
        }
        for case in all_cases()
    ]
    names = [case["name"] for case in cases]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"names that occur twice: {repeated}")
    content = {
        "calls": calls.rows(),
        "cases": cases,
        "root": hexadecimal(sha256(encode(ROOT)).digest()),
        "starts": starts,
        "timestamp": NOW_S,
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    content = render()
    current = FILE.exists() and FILE.read_text(encoding="utf-8") == content
    if "--check" in sys.argv[1:] and not current:
        print(f"out of date: {FILE.name}; run tools/make_tdx_vectors.py and commit the result", file=sys.stderr)
        return 1
    if not current:
        FILE.write_text(content, encoding="utf-8")
    print(f"tests/vectors/attestation/{FILE.name}: {'current' if current else 'written'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
