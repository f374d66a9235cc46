from __future__ import annotations

from typing import Any

import msgspec
import pytest

from prover.zkml.frontier import MAX_OPTIONS, Preference, shortlist
from prover.zkml.search import Candidate, _knobs


def candidate(columns: int, logrows: int, error: float) -> Candidate:
    knobs = msgspec.structs.replace(_knobs(7, (128, 2), columns), logrows=logrows)
    return Candidate(knobs, 2**logrows - 1, error)


def seen(candidates: list[Candidate]) -> list[Any]:
    return [(item.knobs.num_inner_cols, item.knobs.logrows, item.max_error) for item in candidates]


def test_what_another_beats_is_left_out() -> None:
    found = [candidate(1, 9, 0.1), candidate(1, 9, 0.01), candidate(1, 10, 0.01), candidate(1, 11, 0.001)]
    assert seen(shortlist(found, Preference.GAS)) == [(1, 9, 0.01), (1, 11, 0.001)]


def test_columns_are_not_compared_with_each_other() -> None:
    found = [candidate(2, 8, 0.01), candidate(1, 9, 0.01)]
    assert seen(shortlist(found, Preference.GAS)) == [(2, 8, 0.01), (1, 9, 0.01)]


@pytest.mark.parametrize("preference", list(Preference))
def test_only_accuracy_pays_for_the_most_accurate(preference: Preference) -> None:
    found = [candidate(1, 9 + step, 0.1**step) for step in range(MAX_OPTIONS + 2)]
    kept = seen(shortlist(found, preference))
    assert kept[:MAX_OPTIONS] == seen(found[:MAX_OPTIONS])
    assert kept[MAX_OPTIONS:] == (seen(found[-1:]) if preference is Preference.ACCURACY else [])
