"""docs/labels.md names each rule with its version and its limits."""

from __future__ import annotations

import re
from pathlib import Path

from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.labels import RULES
from indexer.analytics.money_back import LEAST_ROUND_TRIP_PAYMENTS, ROUND_TRIP_S
from indexer.analytics.taint import COMPROMISED, CONTRADICTED

DOC = Path(__file__).parents[2] / "docs" / "labels.md"
TEXT = DOC.read_text(encoding="utf-8")


def test_each_rule_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", TEXT, re.MULTILINE)
    assert rows == [(rule.name, rule.version) for rule in RULES]


def test_names_and_limits_are_those_of_the_program() -> None:
    assert {COMPROMISED, CONTRADICTED} <= set(re.findall(r"^\| `(\w+)` \| ", TEXT, re.MULTILINE))
    assert f"within {ROUND_TRIP_S:,} seconds" in TEXT
    assert (LEAST_ROUND_TRIP_PAYMENTS, "with ten inferences or more" in TEXT) == (10, True)
    for name in ("self-dealing", "suspected", "labelled-pairs", "row-classes", "tainted", "doubts"):
        assert name in BY_NAME
        assert f"`{name}`" in TEXT


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (DOC.parent / target).exists(), target
