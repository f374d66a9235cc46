"""Spans of block time, cut into buckets, in the units in which roll-ups are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from indexer.analytics.weeks import FIRST_MONDAY_S, WEEK_S
from indexer.api.errors import NotTogetherError
from indexer.api.parameters import Bucket

HOUR_S, DAY_S = 3_600, 86_400

_LENGTHS_S = {Bucket.HOUR: HOUR_S, Bucket.DAY: DAY_S, Bucket.WEEK: WEEK_S}


@dataclass(frozen=True)
class Span:
    """Half-open, in whole units since 1970."""

    first: int
    end: int
    unit_s: int

    @property
    def start_s(self) -> int:
        """Unix time of its begin."""
        return self.first * self.unit_s

    @property
    def end_s(self) -> int:
        """Unix time of its end."""
        return self.end * self.unit_s


def span_of(after_s: int | None, before_s: int | None, held: Span) -> Span:
    """What is asked for, within what is held.

    Raises:
        NotTogetherError: a limit is not on the border of a unit, or they are the wrong way round.
    """
    unit_s = held.unit_s
    for name, limit_s in (("after", after_s), ("before", before_s)):
        if limit_s is not None and limit_s % unit_s:
            unit = "hour" if unit_s == HOUR_S else "day (UTC)"
            raise NotTogetherError(name, f"sums are kept per {unit}; give the begin of one")
    if after_s is not None and before_s is not None and after_s >= before_s:
        raise NotTogetherError("after", "is not earlier than before")
    first = held.first if after_s is None else max(held.first, after_s // unit_s)
    end = held.end if before_s is None else min(held.end, before_s // unit_s)
    return Span(first, max(first, end), unit_s)


def starts_s(span: Span, bucket: Bucket) -> Iterator[int]:
    """Unix times at which the buckets of a span begin; the first one may begin before the span."""
    if span.first == span.end:
        return
    start_s = bucket_start_s(span.start_s, bucket)
    while start_s < span.end_s:
        yield start_s
        start_s = _next_s(start_s, bucket)


def bucket_start_s(time_s: int, bucket: Bucket) -> int:
    """Unix time at which the bucket of a moment begins."""
    if bucket is Bucket.MONTH:
        time = datetime.fromtimestamp(time_s, UTC)
        return int(datetime(time.year, time.month, 1, tzinfo=UTC).timestamp())
    length_s = _LENGTHS_S[bucket]
    offset_s = FIRST_MONDAY_S if bucket is Bucket.WEEK else 0
    return (time_s - offset_s) // length_s * length_s + offset_s


def bucket_sql(span: Span, bucket: Bucket) -> str:
    """Expression for the begin of a bucket in unix seconds; `t` is a time in units. Holds numbers only."""
    if bucket is Bucket.ALL:
        return "0"
    if bucket is Bucket.MONTH:
        starts = sorted(starts_s(span, bucket), reverse=True)
        cases = " ".join(f"WHEN t >= {start_s // span.unit_s} THEN {start_s}" for start_s in starts)
        return f"CASE {cases} END" if cases else "0"
    length_s = _LENGTHS_S[bucket]
    offset_s = FIRST_MONDAY_S if bucket is Bucket.WEEK else 0
    units, offset = length_s // span.unit_s, offset_s // span.unit_s
    wide = f"CAST(t AS bigint) - {offset}"  # seconds need more than 32 bits from 2038 on
    return f"(({wide}) / {units}) * {length_s} + {offset_s}"


def _next_s(start_s: int, bucket: Bucket) -> int:
    if bucket is Bucket.MONTH:
        return bucket_start_s(start_s + 32 * DAY_S, bucket)
    return start_s + _LENGTHS_S[bucket]
