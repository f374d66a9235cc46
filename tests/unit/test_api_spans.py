"""Buckets of time as SQL computes them."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from indexer.api.parameters import Bucket
from indexer.api.spans import Span, bucket_sql

HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 604_800
LATE_HOUR = 700_000
"""In 2049: its seconds need 32 bits and a sign besides."""
MONDAY_S = 4 * DAY_S
STARTS_S = {
    Bucket.HOUR: LATE_HOUR * HOUR_S,
    Bucket.DAY: LATE_HOUR * HOUR_S // DAY_S * DAY_S,
    Bucket.WEEK: (LATE_HOUR * HOUR_S - MONDAY_S) // WEEK_S * WEEK_S + MONDAY_S,
}


@pytest.mark.parametrize("bucket", STARTS_S)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_hours_behind_2038_have_buckets(engine: str, bucket: Bucket, request: pytest.FixtureRequest) -> None:
    url = "sqlite://" if engine == "sqlite" else request.getfixturevalue("postgres_url")
    span = Span(0, 2 * LATE_HOUR, HOUR_S)
    asked = f"SELECT {bucket_sql(span, bucket)} FROM (SELECT CAST({LATE_HOUR} AS integer) AS t) AS hour"
    with create_engine(url).connect() as connection:
        assert connection.execute(text(asked)).scalar_one() == STARTS_S[bucket]
