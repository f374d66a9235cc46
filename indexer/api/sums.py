"""Sums over inferences: from the roll-ups, less what is not final.

Every statement is put together from the constants of this package and from integers; what a client sends is a
parameter of the statement, or was turned into a number before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.api.errors import NotTogetherError
from indexer.api.parameters import By
from indexer.api.place import Snapshot
from indexer.api.spans import DAY_S, HOUR_S, Span

MOST_CELLS = 60_000
"""Cells of a roll-up that one request may have added up: that takes some ten milliseconds."""

_LABELS = ("development", "unbound")
_AMOUNTS = ("amount_e20", "amount_e10", "amount_e0")
INFERENCES = "CAST(sum(inferences) AS BIGINT) AS inferences"
"""A sum of integers is a decimal in Postgres, which takes long to read; amounts may need it."""
SUMS = ", ".join((INFERENCES, *(f"sum({name}) AS {name}" for name in _AMOUNTS)))


@dataclass(frozen=True)
class Kept:
    """A roll-up over time."""

    table: str
    time: str
    unit_s: int
    party: str | None = None
    """The column that it has besides tier, asset and labels."""


KEPT = {
    By.TIER: Kept("rollup_hour", "hour", HOUR_S),
    By.ASSET: Kept("rollup_hour", "hour", HOUR_S),
    By.MODEL: Kept("rollup_day_model", "day", DAY_S, "model_id"),
    By.PROVER: Kept("rollup_day_prover", "day", DAY_S, "prover_id"),
    By.PAYER: Kept("rollup_day_payer", "day", DAY_S, "payer_id"),
}


def held_span(snapshot: Snapshot, kept: Kept) -> Span:
    """From the first unit with an inference to that of the last block that counts."""
    statement = f"SELECT min({kept.time}) FROM {kept.table} WHERE deployment_id = :deployment"  # noqa: S608
    ((first,),) = snapshot.rows(statement, {"deployment": snapshot.cursor.id})
    end = snapshot.place.block_time_s // kept.unit_s + 1
    return Span(end if first is None else min(int(first), end), end, kept.unit_s)


def require_few_cells(snapshot: Snapshot, kept: Kept, span: Span) -> None:
    """Checks that a span is not more than one request may ask for.

    Raises:
        NotTogetherError: it is.
    """
    statement = (
        f"SELECT count(*) FROM (SELECT 1 FROM {kept.table} WHERE deployment_id = :deployment"  # noqa: S608
        f" AND {kept.time} >= :first AND {kept.time} < :end LIMIT {MOST_CELLS + 1}) AS counted"
    )
    bounds = {"deployment": snapshot.cursor.id, "first": span.first, "end": span.end}
    ((cells,),) = snapshot.rows(statement, bounds)
    if cells > MOST_CELLS:
        raise NotTogetherError(
            "after, before",
            f"more than {MOST_CELLS} sums lie in this span; ask for a shorter one, or read the export or "
            "the views public_v1",
        )


def added(
    snapshot: Snapshot,
    kept: Kept,
    span: Span,
    selected: str,
    grouped: str,
    *,
    party: int | None = None,
    tail: str = "",
) -> Sequence[Any]:
    """Rows of `SELECT selected ... GROUP BY grouped tail` over cells whose time is `t`.

    Args:
        party: Number of the only model, prover or payer that counts.
        tail: ORDER BY and LIMIT.
    """
    source, parameters = _cells(snapshot, kept, span, party)
    statement = f"SELECT {selected} FROM ({source}) AS cells GROUP BY {grouped}"  # noqa: S608
    return snapshot.rows(f"{statement} HAVING sum(inferences) > 0 {tail}", parameters)


def _cells(snapshot: Snapshot, kept: Kept, span: Span, party: int | None) -> tuple[str, dict[str, int]]:
    """A query for the cells of a span, and its parameters."""
    columns = ", ".join(("tier", "asset_id", *_LABELS, *([kept.party] if kept.party else [])))
    where = "deployment_id = :deployment"
    if party is None:
        where += f" AND {kept.time} >= :first AND {kept.time} < :end"
    else:  # a seek for each day and tier
        days = ", ".join(map(str, range(span.first, span.end))) or "-1"
        where += f" AND {kept.time} IN ({days}) AND tier IN (1, 2, 3) AND {kept.party} = :party"
    source = (
        f"SELECT {kept.time} AS t, {columns}, inferences, {', '.join(_AMOUNTS)}"  # noqa: S608
        f" FROM {kept.table} WHERE {where}"
    )
    parameters = {"deployment": snapshot.cursor.id, "first": span.first, "end": span.end}
    if party is not None:
        parameters = {"deployment": snapshot.cursor.id, "party": party}
    if snapshot.end_key >= snapshot.cursor.first_key(snapshot.cursor.next_block):
        return source, parameters
    taken_back, more = _not_final(snapshot, kept, span, columns, party)
    return f"{source} UNION ALL {taken_back}", parameters | more


def _not_final(
    snapshot: Snapshot, kept: Kept, span: Span, columns: str, party: int | None
) -> tuple[str, dict[str, int]]:
    """A query for the inferences behind the block of the answer, each with the opposite sign."""
    taken_back = ", ".join(f"-{name}" for name in _AMOUNTS)
    only = f" AND {kept.party} = :party" if party is not None else ""
    query = (
        f"SELECT block.timestamp_s / {kept.unit_s}, {columns}, -1, {taken_back}"  # noqa: S608
        " FROM inference JOIN block ON block.id = inference.id >> 20"
        f" WHERE inference.id >= :end_key AND inference.id <= :last_key{only}"
        " AND block.timestamp_s >= :start_s AND block.timestamp_s < :end_s"
    )
    bounds = {
        "end_key": snapshot.end_key,
        "last_key": snapshot.cursor.last_key,
        "start_s": span.start_s,
        "end_s": span.end_s,
    }
    return query, bounds
