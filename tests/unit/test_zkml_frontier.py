from __future__ import annotations

from typing import Any

import msgspec
import pytest

from prover.zkml.frontier import MAX_OPTIONS, Preference, choose_unbuilt, shortlist
from prover.zkml.sizing import Candidate, Precision, make_knobs


def candidate(columns: int, logrows: int, error: float, *, freivalds: bool = False) -> Candidate:
    precision = Precision(7, None, ((128, 2),), error)
    knobs = msgspec.structs.replace(
        make_knobs(precision, (128, 2), columns), logrows=logrows, disable_freivalds=not freivalds
    )
    return Candidate(knobs, 2**logrows - 1, precision)


def seen(candidates: list[Candidate]) -> list[Any]:
    return [(item.knobs.num_inner_cols, item.knobs.logrows, item.max_error) for item in candidates]


def test_what_another_beats_is_left_out() -> None:
    found = [candidate(1, 9, 0.1), candidate(1, 9, 0.01), candidate(1, 10, 0.01), candidate(1, 11, 0.001)]
    assert seen(shortlist(found, Preference.GAS)) == [(1, 9, 0.01), (1, 11, 0.001)]


def test_columns_are_not_compared_with_each_other() -> None:
    found = [candidate(2, 8, 0.01), candidate(1, 9, 0.01)]
    assert seen(shortlist(found, Preference.GAS)) == [(2, 8, 0.01), (1, 9, 0.01)]


def test_one_circuit_with_freivalds_is_set_up_at_most() -> None:
    plain = [candidate(1, 12, 0.01), candidate(2, 11, 0.01)]
    faster = [candidate(1, 11, 0.01, freivalds=True), candidate(2, 10, 0.01, freivalds=True)]
    assert shortlist([*plain, *faster], Preference.GAS) == [faster[1], plain[1], plain[0]]


@pytest.mark.parametrize("preference", list(Preference))
def test_only_accuracy_pays_for_the_most_accurate(preference: Preference) -> None:
    found = [candidate(1, 9 + step, 0.1**step) for step in range(MAX_OPTIONS + 2)]
    kept = seen(shortlist(found, preference))
    assert kept[:MAX_OPTIONS] == seen(found[:MAX_OPTIONS])
    assert kept[MAX_OPTIONS:] == (seen(found[-1:]) if preference is Preference.ACCURACY else [])


def test_batch_has_the_fewest_commitments_or_the_least_work() -> None:
    plain, faster = candidate(1, 17, 0.01), candidate(1, 16, 0.01, freivalds=True)
    wide = candidate(2, 16, 0.01)
    assert choose_unbuilt([wide, faster, plain], Preference.GAS) == plain
    assert choose_unbuilt([wide, faster, plain], Preference.ACCURACY) == plain
    assert choose_unbuilt([plain, faster, wide], Preference.TIME) == wide
    assert choose_unbuilt([plain, faster], Preference.TIME) == faster
