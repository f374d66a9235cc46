"""Runs slither and compares its findings with the explained ones in docs/analysis.md.

A finding without a row there is an error, and so is a row without its finding. Findings are told apart by
detector, place and number, not by line, so that they stay the same when lines move. The document also names
the contracts that slither does not read; every other contract must be among what it was given.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SLITHER = ROOT / ".venv-analysis" / "bin" / "slither"
EXPLAINED = ROOT / "docs" / "analysis.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| `([^`]+)` \| (\d+) \| (.*\S) +\|$", re.MULTILINE)
"""Detector, place, number of findings, why they are fine."""

LEFT_OUT = frozenset({"contracts/crypto/Sha384.sol"})
"""Contracts that slither does not get through; docs/analysis.md says what covers them instead."""

LEFT_OUT_ROW = re.compile(r"^\| `(contracts/[^`]+\.sol)` \| [^|]*\S \| [^|]*\S \|$", re.MULTILINE)
"""File, why it is left out, what covers it instead."""

BUILD = ".build/slither"
"""Where slither builds: a folder of its own, because it cleans before it builds."""

Findings = Counter[tuple[str, str]]
"""Number of findings by detector and place."""


class AnalysisError(Exception):
    """Slither did not get through; the message is its own."""


def run_slither() -> list[dict[str, Any]]:
    """Slither's findings.

    Raises:
        AnalysisError: the sources do not compile, or slither fails.
    """
    settings = {
        "FOUNDRY_OUT": f"{BUILD}/out",
        "FOUNDRY_CACHE_PATH": f"{BUILD}/cache",
        "FOUNDRY_SKIP": json.dumps(sorted(LEFT_OUT)),
    }
    result = subprocess.run(
        [SLITHER, ".", "--fail-none", "--json", "-"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(result.stdout)
    except json.JSONDecodeError:
        raise AnalysisError(result.stderr or "slither printed no JSON") from None
    if not answer["success"]:
        raise AnalysisError(answer["error"])
    findings: list[dict[str, Any]] = answer["results"].get("detectors", [])
    return findings


def unread_contracts() -> frozenset[str]:
    """The contracts that were not given to slither, as the record of its last build says."""
    records = (ROOT / BUILD / "out" / "build-info").glob("*.json")
    compiled = {path for record in records for path in json.loads(record.read_text())["output"]["sources"]}
    sources = (path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol"))
    return frozenset(sources) - compiled


def complain_about_unread() -> bool:
    """Prints what does not fit about the contracts that are left out; true when there was something."""
    explained = frozenset(LEFT_OUT_ROW.findall(EXPLAINED.read_text(encoding="utf-8")))
    unread = unread_contracts()
    for path in sorted(explained ^ LEFT_OUT):
        print(f"left out here or in docs/analysis.md, but not in both: {path}", file=sys.stderr)
    for path in sorted(unread ^ LEFT_OUT):
        print(f"slither read it though it is left out, or did not though it is not: {path}", file=sys.stderr)
    return explained != LEFT_OUT or unread != LEFT_OUT


def place_of(element: dict[str, Any]) -> str:
    """Where a finding is: a function with its contract, or a variable with its function."""
    fields = element.get("type_specific_fields", {})
    name = fields.get("signature", element["name"])
    parent = fields.get("parent")
    return f"{place_of(parent)}.{name}" if parent and parent["type"] != "file" else str(name)


def count(findings: list[dict[str, Any]]) -> Findings:
    """The findings by detector and place."""
    return Counter((finding["check"], place_of(finding["elements"][0])) for finding in findings)


def read_explained() -> Findings:
    """What docs/analysis.md explains."""
    rows = ROW.findall(EXPLAINED.read_text(encoding="utf-8"))
    return Counter({(detector, place): int(number) for detector, place, number, _ in rows})


def main() -> int:
    """Prints findings and rows that do not belong together; the exit code is 1 when there are some."""
    try:
        findings = run_slither()
    except (AnalysisError, OSError) as error:
        print(f"the contracts cannot be analysed: {error}", file=sys.stderr)
        return 1
    found, explained = count(findings), read_explained()
    for finding in findings:
        key = finding["check"], place_of(finding["elements"][0])
        if found[key] > explained[key]:
            print(f"{finding['impact']}: {key[0]} at {key[1]}\n{finding['description']}", file=sys.stderr)
    for detector, place in explained - found:
        print(f"explained but not found any more: {detector} at {place}", file=sys.stderr)
    is_incomplete = complain_about_unread()
    if found != explained:
        print("fix: change the code, or the table in docs/analysis.md with the reason", file=sys.stderr)
    if is_incomplete:
        print("fix: LEFT_OUT in tools/check_slither.py and the table in docs/analysis.md", file=sys.stderr)
    if found != explained or is_incomplete:
        return 1
    print(f"slither: {found.total()} findings, all of them explained in docs/analysis.md")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
