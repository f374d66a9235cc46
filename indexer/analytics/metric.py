"""A metric: its definition in words, the SQL that computes it, and the columns of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column
from indexer.analytics.weeks import Window

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube

METHODOLOGY = "2026-11"
"""Version of all definitions; changes whenever one number would."""


class Rows(IntEnum):
    """Which rows count. The value is the parameter `$flagged` of the SQL: `flagged <= $flagged`."""

    STRICT = 0
    """Without the pairs of payer and prover that are labelled as self-dealing or suspected."""
    RAW = 1
    """All."""


@dataclass(frozen=True)
class Scope:
    """What a metric is asked about."""

    now: Window
    """The window of the answer, and the later one of two that are compared (W1)."""
    rows: Rows = Rows.RAW

    @property
    def before(self) -> Window:
        """The earlier window (W0), as long as the later one and right before it."""
        return self.now.before

    @property
    def parameters(self) -> dict[str, int]:
        """Of the SQL."""
        return {
            "w0_first": self.before.first,
            "w0_end": self.before.end,
            "w1_first": self.now.first,
            "w1_end": self.now.end,
            "flagged": int(self.rows),
        }


@dataclass(frozen=True)
class Metric:
    """One metric."""

    id: str
    """M1 to M20, as in docs/metrics.md; several answers may belong to one."""
    name: str
    """For addresses and commands: lower case, with hyphens."""
    title: str
    question: str
    """What it answers, as a person would ask."""
    formula: str
    """The exact definition; docs/metrics.md prints it."""
    columns: tuple[Column, ...]
    compute: Callable[[Cube, Scope], Answer]
    sql: tuple[str, ...] = ()
    """Names of the files in indexer/analytics/sql/ that it runs."""
