"""`/v1/tallies` and `/v1/series`: counts and amounts over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indexer.amounts import join, whole_tokens
from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.writing import time_text
from indexer.api import columns as c
from indexer.api.errors import NotTogetherError
from indexer.api.names import Names, number_of
from indexer.api.parameters import AskedSeries, AskedTallies, Bucket, By
from indexer.api.place import Snapshot
from indexer.api.reply import Reply
from indexer.api.spans import DAY_S, Span, bucket_sql, span_of, starts_s
from indexer.api.sums import INFERENCES, KEPT, SUMS, added, held_span, require_few_cells
from indexer.tables import AddressRow, ModelRow

BUCKET_START = Column("bucket_start", Kind.TIME, "begin of the bucket")
MOST_BUCKETS = 10_000
"""Of one series."""

_LABELLED = "(development OR unbound)"
COUNTS = ", ".join(
    f"coalesce(CAST(sum(inferences) FILTER (WHERE {condition}) AS BIGINT), 0) AS {name}"
    for name, condition in (
        ("signed", "tier = 1"),
        ("tee", "tier = 2"),
        ("zkml", "tier = 3"),
        ("strong", f"tier > 1 AND NOT {_LABELLED}"),
        ("development", "development"),
        ("unbound", "unbound"),
    )
)
_PIVOT = (*c.BY_TIER, c.STRONG, c.DEVELOPMENT_COUNT, c.UNBOUND_COUNT)
_MONEY = (c.ASSET, c.DECIMALS, c.AMOUNT, c.WHOLE_AMOUNT)
_KEYS: Mapping[By, tuple[Column, ...]] = {
    By.TIER: (c.TIER,),
    By.ASSET: (),
    By.MODEL: (c.MODEL,),
    By.PROVER: (c.PROVER,),
    By.PAYER: (c.PAYER,),
}
SERIES_COLUMNS = (
    BUCKET_START,
    c.INFERENCES,
    *_PIVOT,
    Column("strong_share", Kind.SHARE, "strong ones among all of the bucket"),
)


def tallies_columns(by: By, bucket: Bucket) -> tuple[Column, ...]:
    """Columns of `/v1/tallies`."""
    pivot = _PIVOT[3:] if by is By.TIER else _PIVOT
    start = () if bucket is Bucket.ALL else (BUCKET_START,)
    return (*start, *_KEYS[by], c.INFERENCES, *pivot, *_MONEY)


def tallies(snapshot: Snapshot, names: Names, asked: AskedTallies) -> Reply:
    """Sums by whatever is asked for.

    Raises:
        NotTogetherError: the span is too long or not on the border of a unit.
    """
    kept = KEPT[asked.by]
    if asked.bucket is Bucket.HOUR and kept.unit_s == DAY_S:
        raise NotTogetherError("bucket", f"sums by {asked.by} are kept per day; take day or longer")
    span = span_of(asked.after, asked.before, held_span(snapshot, kept))
    require_few_cells(snapshot, kept, span)
    key = "tier" if asked.by is By.TIER else kept.party or "asset_id"
    bucket = bucket_sql(span, asked.bucket)
    rows = added(
        snapshot,
        kept,
        span,
        f"{bucket} AS bucket, {key} AS k, asset_id, {COUNTS}, {SUMS}",
        "1, 2, 3",
        tail=f"ORDER BY 1 DESC, sum(inferences) DESC, 2, 3 LIMIT {asked.limit + 1}",
    )
    cells = tuple(_cells(snapshot, names, asked, rows[: asked.limit]))
    answer = Answer(tallies_columns(asked.by, asked.bucket), cells)
    extra = {**span_described(span), "truncated": len(rows) > asked.limit}
    return Reply(snapshot.place, answer, extra)


def series(snapshot: Snapshot, asked: AskedSeries) -> Reply:
    """Counts per bucket, also of buckets without an inference.

    Raises:
        NotTogetherError: there would be too many buckets, more than one party is named, or there are no such
            sums of one.
    """
    by, party = _party(snapshot, asked)
    kept = KEPT[by]
    if asked.bucket is Bucket.HOUR and kept.unit_s == DAY_S:
        raise NotTogetherError("bucket", f"sums by {by} are kept per day; take day or longer")
    span = span_of(asked.after, asked.before, held_span(snapshot, kept))
    starts = list(starts_s(span, asked.bucket))
    if len(starts) > MOST_BUCKETS:
        raise NotTogetherError("bucket", f"more than {MOST_BUCKETS} of them; take longer ones")
    selected = f"{bucket_sql(span, asked.bucket)} AS bucket, {INFERENCES}, {COUNTS}"
    found = {row[0]: row for row in added(snapshot, kept, span, selected, "1", party=party)}
    rows = (_series_row(start_s, found.get(start_s)) for start_s in starts)
    return Reply(snapshot.place, Answer(SERIES_COLUMNS, tuple(rows)), span_described(span))


def _party(snapshot: Snapshot, asked: AskedSeries) -> tuple[By, int | None]:
    given = [by for by in (By.MODEL, By.PROVER, By.PAYER) if getattr(asked, by.value) is not None]
    if len(given) > 1:
        raise NotTogetherError(given[1].value, f"only one of {' and '.join(given)} can be given")
    if not given:
        return By.TIER, None
    table = ModelRow if given[0] is By.MODEL else AddressRow
    value = bytes.fromhex(getattr(asked, given[0].value)[2:])
    return given[0], number_of(snapshot.session, table, value) or -1


def _series_row(start_s: int, row: Any) -> tuple[Cell, ...]:
    if row is None:
        return start_s, 0, 0, 0, 0, 0, 0, 0, None
    _, inferences, *counts = row
    return start_s, inferences, *counts, counts[3] / inferences


def _cells(
    snapshot: Snapshot, names: Names, asked: AskedTallies, rows: Sequence[Any]
) -> Iterator[tuple[Cell, ...]]:
    """Rows of the answer from those of the query, in the order of `tallies_columns`."""
    tokens = names.addresses(snapshot.session, {row.asset_id for row in rows})
    decimals = asset_decimals(snapshot)
    keys = _keys(snapshot, names, asked.by, {row.k for row in rows})
    in_time, by_tier = asked.bucket is not Bucket.ALL, asked.by is By.TIER
    for bucket, k, asset_id, *counts, inferences, e20, e10, e0 in rows:
        start = (bucket,) if in_time else ()
        key = (keys.get(k),) if _KEYS[asked.by] else ()
        amount, places = join(e20, e10, e0), decimals.get(asset_id)
        money = tokens.get(asset_id), places, amount, whole_tokens(amount, places)
        yield (*start, *key, inferences, *(counts[3:] if by_tier else counts), *money)


def _keys(snapshot: Snapshot, names: Names, by: By, numbers: set[int]) -> Mapping[int, Cell]:
    """What the numbers in the rows stand for."""
    if by is By.MODEL:
        return names.models(snapshot.session, numbers)
    if by in (By.PROVER, By.PAYER):
        return names.addresses(snapshot.session, numbers)
    return {number: number for number in numbers}


def asset_decimals(snapshot: Snapshot) -> dict[int, int | None]:
    """Decimals of the deployment's tokens by number."""
    statement = "SELECT address_id, decimals FROM asset WHERE deployment_id = :deployment"
    return dict(snapshot.rows(statement, {"deployment": snapshot.cursor.id}))


def span_described(span: Span) -> dict[str, Any]:
    """The span that was counted, for JSON."""
    return {"after": time_text(span.start_s), "before": time_text(span.end_s)}
