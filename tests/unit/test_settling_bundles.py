from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prover.settling.bundles import (
    MOST_CALLDATA_BYTES,
    Bundle,
    Item,
    bundle,
    fits,
    gas_floor,
    pack,
)
from prover.settling.judging import reason_of
from prover.settling.profit import Guard, Prices
from veritally.chain import TRANSACTION_GAS_CAP
from veritally.payments import UptoPayment
from veritally.receipts import GroupTerms, Receipt
from veritally.settlement import ZkProof
from veritally.tiers import Tier

PAYER = "0x" + "11" * 20
ASSET = "0x" + "33" * 20
PAYMENT = UptoPayment(1_000, 1, 2, 0, b"\x01" * 65)


def item(
    nonce: int, tier: Tier = Tier.SIGNED, channel: bytes | None = None, alone: bool = False, model: int = 0
) -> Item:
    terms = GroupTerms(bytes([model]) * 32, "0x" + "22" * 20, ASSET)
    receipt = Receipt(bytes(32), bytes(32), PAYER, 640, 0, nonce, tier)
    proof = ZkProof(bytes(2_000), (0,) * 20) if tier is Tier.ZKML else None
    key = nonce.to_bytes(32)
    return Item(key, key, terms, tier, receipt, PAYMENT, channel, proof, alone, 0.0)


def test_a_channel_pays_once_for_its_requests_of_one_group() -> None:
    one, two = b"\x01" * 32, b"\x02" * 32
    items = [item(1), item(2, channel=one), item(3, channel=two), item(4, channel=one), item(5)]
    items.append(item(6, channel=one, model=1))
    found = [[part.receipt.nonce for part in member.items] for member in bundle(items)]
    assert found == [[1], [2, 4], [3], [5], [6]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Tier.SIGNED, Tier.TEE, Tier.ZKML]),
            st.sampled_from([None, b"\x01" * 32, b"\x02" * 32]),
            st.integers(0, 3),
            st.booleans(),
        ),
        max_size=900,
    )
)
def test_whatever_comes_is_packed_whole_into_transactions_that_chains_take(
    kinds: list[tuple[Tier, bytes | None, int, bool]],
) -> None:
    items = [
        item(nonce, tier, channel, alone and nonce % 50 == 0, model)
        for nonce, (tier, channel, model, alone) in enumerate(kinds)
    ]
    batches = pack(bundle(items))
    packed = [part.receipt.nonce for batch in batches for member in batch for part in member.items]
    assert sorted(packed) == list(range(len(items)))
    for batch in batches:
        assert fits(batch)
        assert gas_floor(batch) <= TRANSACTION_GAS_CAP
        assert sum(member.calldata_bytes for member in batch) <= MOST_CALLDATA_BYTES
        assert len(batch) == 1 or not any(member.items[0].alone for member in batch)


def test_more_than_one_transaction_holds_is_divided() -> None:
    payments = pack(bundle(item(nonce) for nonce in range(300)))
    assert len(payments) > 1
    assert all(fits(batch) for batch in payments)


def test_halves_are_the_whole() -> None:
    whole = Bundle(tuple(item(nonce, channel=b"\x01" * 32) for nonce in range(5)))
    first, second = whole.halves()
    assert (len(first.items), len(second.items)) == (2, 3)
    assert first.items + second.items == whole.items


def test_a_batch_is_compared_with_what_its_gas_costs_in_exact_numbers() -> None:
    """640 base units of 0.000001 USD at 3,200 USD for a coin are worth 2e11 wei."""
    prices = Prices(coin_usd=Fraction(3_200), asset_usd=Fraction(1), decimals=6)
    bundles = [Bundle((item(1),))]
    assert prices.worth_wei(640) == 2 * 10**11
    assert not Guard(prices).loses(bundles, gas_used=100_000, gas_price_wei=2_000_000)
    assert Guard(prices).loses(bundles, gas_used=100_000, gas_price_wei=2_000_001)
    assert not Guard(None).loses(bundles, gas_used=100_000, gas_price_wei=10**18)


def test_reasons_have_the_name_of_the_error_as_their_code() -> None:
    assert reason_of("AlreadySettled(0x11, 5)").code == "already_settled"
    assert reason_of("PaymentFailed(InvalidNonce()): sign a new one").code == "payment_failed"
    assert reason_of("no event names it").code == "refused"
