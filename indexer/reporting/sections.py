"""What the overview shows below shares and verdict: questions, and the columns of the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from indexer.analytics.answer import Answer, Cell
from indexer.reporting.tables import flow_table, listed, part_of

MOST_ROWS = 12
"""Of a table in the terminal."""


def _every(_row: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Part:
    """Some columns of a metric."""

    metric: str
    headings: Mapping[str, str]
    """By column."""
    title: str = ""
    empty: str = "None in these weeks."
    """Stands in place of rows."""
    only: Callable[[Mapping[str, Any]], bool] = _every
    """Rows that are shown."""
    form: Callable[[Answer, Mapping[str, str]], Table] = part_of

    def table(self, answer: Answer) -> Table | None:
        """The columns as a table, of the first rows; None without rows."""
        shown = Answer(answer.columns, tuple(self._rows(answer)[:MOST_ROWS]))
        return self.form(shown, self.headings) if shown.rows else None

    def left_out(self, answer: Answer) -> int:
        """How many rows are not in the table."""
        return max(0, len(self._rows(answer)) - MOST_ROWS)

    def _rows(self, answer: Answer) -> list[tuple[Cell, ...]]:
        pairs = zip(answer.rows, answer.records(), strict=True)
        return [row for row, record in pairs if self.only(record)]


@dataclass(frozen=True)
class Section:
    """A question."""

    question: str
    parts: tuple[Part, ...]


_RULE = {
    "rule": "rule",
    "tier": "tier",
    "payers": "payers",
    "inferences": "inferences",
    "share": "of the tier",
}

SECTIONS: tuple[Section, ...] = (
    Section(
        "What was asked for, and what was delivered?",
        (
            Part(
                "asked-delivered",
                {
                    "required": "asked for",
                    "inferences": "inferences",
                    "share": "delivered",
                    "share_above": "more than that",
                    "signed": "got signed",
                    "tee": "tee",
                    "zkml": "zkml",
                },
            ),
            Part(
                "skipped",
                {"kind": "left untouched", "reason": "reason", "skipped": "times"},
                empty="Nothing was left untouched.",
            ),
            Part(
                "refunds",
                {"asset": "refunds in", "refunds": "number", "payers": "payers", "rate": "per inference"},
                empty="No payment channel gave anything back.",
            ),
        ),
    ),
    Section(
        "Do payers stay at a tier, move up or move down?",
        (
            Part(
                "tier-flow",
                {},
                "payers by the tier that they used most: the weeks before, and these weeks",
                form=flow_table,
            ),
            Part(
                "upgrades",
                {
                    "week": "week",
                    "stayed": "stayed",
                    "upgraded": "up",
                    "downgraded": "down",
                    "upgrade_rate": "up",
                    "first_strong": "first strong use",
                },
            ),
        ),
    ),
    Section(
        "What does a stronger guarantee cost, and how long does it take?",
        (
            Part(
                "premium",
                {
                    "model": "model",
                    "asset": "paid in",
                    "tier": "tier",
                    "inferences": "inferences",
                    "premium": "times the price of signed",
                },
                empty="No model sold a stronger tier beside signed results.",
                only=lambda row: row["tier"] != 1,
            ),
            Part(
                "latency",
                {
                    "tier": "tier",
                    "inferences": "inferences",
                    "p50": "half within",
                    "p90": "90 % within",
                    "p99": "99 % within",
                },
            ),
        ),
    ),
    Section(
        "How concentrated is it?",
        (
            Part(
                "concentration",
                {
                    "kind": "of",
                    "asset": "by value in",
                    "members": "number",
                    "n_eff": "effective",
                    "top1": "largest",
                    "top10": "ten largest",
                },
                "by number of inferences, and by value in each token",
            ),
        ),
    ),
    Section(
        "How much is self-dealing, or looks as if nothing was bought?",
        (
            Part(
                "row-classes",
                {
                    "class": "pairs of payer and prover",
                    "payers": "payers",
                    "provers": "provers",
                    "inferences": "inferences",
                    "share": "share",
                },
            ),
            Part("self-dealing", _RULE, "self-dealing", "None is known."),
            Part("suspected", _RULE, "suspected", "None is suspected."),
        ),
    ),
    Section(
        "How much of what was settled is doubtful by now?",
        (
            Part(
                "tainted",
                {
                    "week": "week",
                    "tier": "tier",
                    "as_settled": "as settled",
                    "as_known_today": "as known today",
                    "tainted": "doubtful",
                },
                empty="Nothing of these weeks.",
                only=lambda row: bool(row["tainted"]),
            ),
            Part(
                "doubts",
                {"cause": "said by", "subject": "about", "since": "since", "inferences": "inferences"},
                "whatever the week",
                "Nothing was called doubtful.",
            ),
        ),
    ),
    Section(
        "How fresh and complete is the data?",
        (
            Part(
                "health",
                {
                    "block": "last indexed block",
                    "final_block": "last final block",
                    "inferences": "inferences",
                    "counter_difference": "difference to the contract's count",
                    "open_incidents": "open incidents",
                    "verified_block": "verified up to block",
                    "verified": "verified",
                },
                form=listed,
            ),
            Part(
                "verified-recorded",
                {
                    "status": "status",
                    "source": "source",
                    "events": "events",
                    "verified_inferences": "verified",
                    "claimed_inferences": "claimed",
                    "share": "share",
                },
            ),
        ),
    ),
)
