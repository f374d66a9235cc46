"""What is offered for gas, and what a replacement offers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veritally.transactions.errors import SettingError
from veritally.transactions.fees import GWEI, FeePolicy, Fees

WEI = st.integers(0, 10**12)
POLICY = FeePolicy(ceiling_wei=100 * GWEI, highest_tip_wei=10 * GWEI)


@given(base_fee_wei=WEI, suggested_tip_wei=WEI)
def test_an_offer_is_taken_by_the_next_block_and_below_the_ceiling(
    base_fee_wei: int, suggested_tip_wei: int
) -> None:
    offer = POLICY.offer(base_fee_wei, suggested_tip_wei)
    if offer is None:
        assert base_fee_wei + POLICY.lowest_tip_wei > POLICY.ceiling_wei
        return
    assert base_fee_wei + offer.tip_wei <= offer.max_fee_wei <= POLICY.ceiling_wei
    assert POLICY.lowest_tip_wei <= offer.tip_wei <= POLICY.highest_tip_wei


def test_an_offer_leaves_room_for_the_base_fee_to_double() -> None:
    assert POLICY.offer(20 * GWEI, 3 * GWEI) == Fees(43 * GWEI, 3 * GWEI)


def test_the_ceiling_is_reached_but_not_passed() -> None:
    assert POLICY.offer(POLICY.ceiling_wei - 1, 5) == Fees(POLICY.ceiling_wei, 1)
    assert POLICY.offer(POLICY.ceiling_wei, 5) is None


@given(max_fee_wei=WEI, tip_wei=WEI, base_fee_wei=WEI)
def test_a_replacement_raises_both_by_an_eighth(max_fee_wei: int, tip_wei: int, base_fee_wei: int) -> None:
    earlier = Fees(max(max_fee_wei, tip_wei), tip_wei)
    offer = POLICY.offer(base_fee_wei, 1)
    if offer is None:
        return
    later = POLICY.replacement(earlier, offer)
    if later is None:
        needed = max(earlier.max_fee_wei, earlier.tip_wei)
        assert needed + max(1, -(-needed // 8)) > POLICY.ceiling_wei
        return
    for before, after in ((earlier.max_fee_wei, later.max_fee_wei), (earlier.tip_wei, later.tip_wei)):
        assert after * 8 >= before * 9
        assert after > before
    assert later.max_fee_wei >= offer.max_fee_wei
    assert later.tip_wei <= later.max_fee_wei <= POLICY.ceiling_wei


def test_a_replacement_offers_what_is_asked_now_when_that_is_more() -> None:
    assert POLICY.replacement(Fees(2 * GWEI, 1), Fees(43 * GWEI, 3 * GWEI)) == Fees(43 * GWEI, 3 * GWEI)


@pytest.mark.parametrize(
    "values",
    [
        {"lowest_tip_wei": 0},
        {"lowest_tip_wei": 2, "highest_tip_wei": 1},
        {"ceiling_wei": 5, "lowest_tip_wei": 6},
        {"bump_per_mille": 99},
        {"base_fee_factor": 0},
        {"patience_blocks": 0},
    ],
)
def test_a_policy_that_could_send_or_replace_nothing_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(SettingError):
        FeePolicy(**values)
