"""How few there are behind the numbers (M5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.metric import Metric

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope


def _concentration(cube: Cube, scope: Scope) -> Answer:
    return Answer(_COLUMNS, tuple(cube.select("concentration", scope.parameters)))


_COLUMNS = (
    Column("kind", Kind.TEXT, "payers, provers or models"),
    Column("asset", Kind.ADDRESS, "by what was paid in this token; none: by number of inferences"),
    Column("members", Kind.COUNT, "how many there are"),
    Column("n_eff", Kind.NUMBER, "how many of equal size would be as concentrated"),
    Column("top1", Kind.SHARE, "share of the largest"),
    Column("top10", Kind.SHARE, "share of the ten largest"),
    Column("hhi", Kind.NUMBER, "Herfindahl-Hirschman index, 1 / n_eff: 1 is a single one"),
)

METRICS = (
    Metric(
        id="M5",
        name="concentration",
        title="Concentration",
        question="How few payers, provers and models are behind the paid inferences?",
        formula=(
            "With x(i) the inferences (or base units) of each: n_eff = (sum of x)^2 / sum of x^2; HHI = "
            "sum of (x(i) / sum of x)^2; top 1 and top 10 are the shares of the largest."
        ),
        columns=_COLUMNS,
        compute=_concentration,
        sql=("concentration",),
    ),
)
