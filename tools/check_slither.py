"""Runs slither and compares its findings with the explained ones in docs/analysis.md.

A finding without a row there is an error, and so is a row without its finding. Findings are told apart by
detector, place and number, not by line, so that they stay the same when lines move.
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

Findings = Counter[tuple[str, str]]
"""Number of findings by detector and place."""


class AnalysisError(Exception):
    """Slither did not get through; the message is its own."""


def run_slither() -> list[dict[str, Any]]:
    """Slither's findings; it builds in a folder of its own, because it cleans before it builds.

    Raises:
        AnalysisError: the sources do not compile, or slither fails.
    """
    places = {"FOUNDRY_OUT": ".build/slither/out", "FOUNDRY_CACHE_PATH": ".build/slither/cache"}
    result = subprocess.run(
        [SLITHER, ".", "--fail-none", "--json", "-"],
        cwd=ROOT,
        env=os.environ | places,
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
    if found != explained:
        print("fix: change the code, or the table in docs/analysis.md with the reason", file=sys.stderr)
        return 1
    print(f"slither: {found.total()} findings, all of them explained in docs/analysis.md")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
