from __future__ import annotations

import pytest

from veritally.chain import with_reserve


@pytest.mark.parametrize(
    ("estimated", "limit"),
    [(100_000, 120_000), (13_900_000, 16_680_000), (14_000_000, 2**24), (2**24, 2**24)],
)
def test_an_estimate_gets_a_fifth_more_up_to_the_cap(estimated: int, limit: int) -> None:
    assert with_reserve(estimated) == limit
