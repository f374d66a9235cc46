"""What the overview shows below shares and verdict: questions, and the columns of the answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from indexer.analytics.answer import Answer
from indexer.reporting.tables import part_of


@dataclass(frozen=True)
class Part:
    """Some columns of a metric."""

    metric: str
    headings: Mapping[str, str]
    """By column."""
    title: str = ""
    empty: str = "None in these weeks."
    """Stands in place of rows."""

    def table(self, answer: Answer) -> Table:
        """The columns as a table."""
        return part_of(answer, self.headings)


@dataclass(frozen=True)
class Section:
    """A question."""

    question: str
    parts: tuple[Part, ...]


SECTIONS = (
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
            ),
        ),
    ),
)
