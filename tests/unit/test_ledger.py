"""The rules of the reference ledger, one by one, with hand-made groups."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.ledger import Ledger
from tests.reference.statements import (
    NOBODY,
    Channel,
    Enclave,
    Exact,
    Group,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    Payment,
    Proof,
    Receipt,
    ReceiptSkipped,
    Route,
    Terms,
    Upto,
    Voucher,
)
from veritally.labels import Labels
from veritally.merkle import merkle_root
from veritally.payments import PaymentScheme
from veritally.tiers import Tier

SETTLEMENT, TOKEN, PROVER, PAYER, OTHER, KEY = (bytes([number]) * 20 for number in range(1, 7))
MODEL = b"m" * 32
KEY_NAME = b"k" * 32
ROUTES = {Tier.SIGNED: b"sign", Tier.TEE: b"tee.", Tier.ZKML: b"zkml"}
NOW_S = 1_000
FUNDS = 100
CHANNEL = Channel(b"c" * 32, PAYER, b"\x01" + PROVER[1:], SETTLEMENT, TOKEN)


def pay_address(prover: bytes, floor: int) -> bytes:
    return bytes([floor]) + prover[1:]


@pytest.fixture
def ledger() -> Ledger:
    return new_ledger()


def new_ledger() -> Ledger:
    made = Ledger(SETTLEMENT, pay_address, now_s=NOW_S, block=7)
    made.routes = {route: Route(tier) for tier, route in ROUTES.items()}
    made.enclaves = {KEY: Enclave(MODEL, PROVER, KEY_NAME, valid_until_s=NOW_S + 1)}
    made.circuits = {MODEL: Labels.DEVELOPMENT}
    made.state.balances[TOKEN, PAYER] = FUNDS
    made.state.permit2_allowances[TOKEN, PAYER] = 2 * FUNDS
    made.state.channels[CHANNEL.id] = (FUNDS, 0)
    return made


def receipt(nonce: int, amount: int = 0, payer: bytes | None = None, **changes: Any) -> Receipt:
    named = payer if payer is not None else (PAYER if amount else NOBODY)
    made = Receipt(nonce.to_bytes(32, "big"), b"q" * 32, b"a" * 32, named, amount, 5, nonce, 1)
    return replace(made, **changes)


def upto(max_base_units: int = FUNDS, nonce: int = 1, **changes: Any) -> Upto:
    made = Upto(PAYER, pay_address(PROVER, 1), max_base_units, nonce, deadline_s=NOW_S)
    return replace(made, **changes)


def exact(value_base_units: int, **changes: Any) -> Exact:
    made = Exact(PAYER, pay_address(PROVER, 1), value_base_units, b"n" * 32, valid_before_s=NOW_S + 1)
    return replace(made, **changes)


def group(*receipts: Receipt, pays: Sequence[Payment] = (), **changes: Any) -> Group:
    made = Group(MODEL, PROVER, ROUTES[Tier.SIGNED], TOKEN, receipts, tuple(pays), evidence=PROVER)
    return replace(made, **changes)


def paid(*amounts: int, terms: Terms, first_nonce: int = 0) -> Group:
    receipts = [receipt(first_nonce + index, amount) for index, amount in enumerate(amounts)]
    return group(*receipts, pays=[Payment(0, len(receipts), terms)])


def skip_reasons(ledger: Ledger, item: Group) -> list[str]:
    (outcome,), events = ledger.settle(PROVER, [item])
    assert outcome[2] == ""
    return [event.reason for event in events if isinstance(event, ReceiptSkipped)]


def test_settles_in_order_with_one_root(ledger: Ledger) -> None:
    outcomes, events = ledger.settle(PROVER, [paid(3, 4, terms=upto())])

    assert outcomes == [(2, 0, "")]
    common = (PAYER, Tier.SIGNED, MODEL, PROVER, TOKEN, b"q" * 32, b"a" * 32)
    rest = (5, 1, PaymentScheme.UPTO, Labels(0))
    leaves = [number.to_bytes(32, "big") for number in range(2)]
    root = merkle_root(leaves)
    assert events == [
        InferenceSettled(0, leaves[0], *common, 3, *rest),
        InferenceSettled(1, leaves[1], *common, 4, *rest),
        GroupSettled(root, MODEL, PROVER, ROUTES[Tier.SIGNED], Tier.SIGNED, 2, 0, Labels(0), None),
    ]
    assert ledger.state.roots == {root: (Tier.SIGNED, Labels(0), 2, 7)}
    assert ledger.state.balances == {(TOKEN, PAYER): FUNDS - 7, (TOKEN, pay_address(PROVER, 1)): 7}
    assert ledger.state.permit2_allowances[TOKEN, PAYER] == 2 * FUNDS - 7
    assert (ledger.state.seq, ledger.state.amounts[TOKEN, Tier.SIGNED]) == (2, 7)
    assert ledger.state.counts == {(MODEL, Tier.SIGNED): 2}


PROOFS = (Proof(b"q" * 32, b"a" * 32, True),)
ZKML: dict[str, Any] = {"route": ROUTES[Tier.ZKML], "evidence": PROOFS}
SIGNED: dict[str, Any] = {"route": ROUTES[Tier.SIGNED], "evidence": PROVER}
TEE: dict[str, Any] = {"route": ROUTES[Tier.TEE], "evidence": KEY}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"receipts": ()}, "EmptyGroup"),
        ({"prover": OTHER}, "NotAuthorized"),
        ({"route": b"none"}, "UnknownRoute"),
        ({"evidence": OTHER}, "NotSignedByProver"),
        (TEE | {"evidence": None}, "MalformedEvidence"),
        (TEE | {"evidence": OTHER}, "UnknownEnclaveKey"),
        (TEE | {"model_id": b"o" * 32}, "EnclaveKeyMismatch"),
        (ZKML | {"model_id": b"o" * 32}, "NoCircuit"),
        (ZKML | {"evidence": ()}, "ProofCountMismatch"),
        (ZKML | {"evidence": (replace(PROOFS[0], request_hash=b"x" * 32),)}, "RequestMismatch"),
        (ZKML | {"evidence": (replace(PROOFS[0], response_hash=b"x" * 32),)}, "ResponseMismatch"),
        (ZKML | {"evidence": (replace(PROOFS[0], valid=False),)}, "InvalidProof"),
        ({"payments": (Payment(0, 2, upto()),)}, "PaymentOutOfOrder"),
        ({"payments": (Payment(0, 0, upto()),)}, "PaymentOutOfOrder"),
        ({"payments": (Payment(0, 1, upto()),)}, "PaymentForFreeReceipt"),
    ],
)
def test_group_is_skipped(ledger: Ledger, changes: dict[str, Any], reason: str) -> None:
    item = replace(group(receipt(1)), **changes)
    before = copy.deepcopy(ledger.state)

    outcomes, events = ledger.settle(PROVER, [item])

    assert outcomes == [(0, 0, reason)]
    assert events == [GroupSkipped(item.model_id, item.prover, item.route, 0, reason)]
    assert replace(ledger.state, events=[]) == replace(before, events=[])


def test_a_bad_proof_sinks_its_own_receipt(ledger: Ledger) -> None:
    bad = replace(PROOFS[0], valid=False)
    item = replace(group(receipt(1), receipt(2), receipt(3)), **ZKML | {"evidence": (*PROOFS, bad, *PROOFS)})

    outcomes, events = ledger.settle(PROVER, [item])

    assert outcomes == [(2, 1, "")]
    assert ReceiptSkipped(item.receipts[1].hash, NOBODY, PROVER, "NotBacked") in events
    assert ledger.state.spent == {(PROVER, 1), (PROVER, 3)}


@pytest.mark.parametrize(
    ("tier", "labels"), [(TEE, Labels.DEVELOPMENT), (ZKML, Labels.DEVELOPMENT), ({}, Labels(0))]
)
def test_evidence_marks_what_it_rests_on(ledger: Ledger, tier: dict[str, Any], labels: Labels) -> None:
    _, events = ledger.settle(PROVER, [replace(group(receipt(1)), **tier)])
    assert [event.labels for event in events if isinstance(event, InferenceSettled)] == [labels]


@pytest.mark.parametrize(("tier", "key"), [(TEE, KEY_NAME), (ZKML, None), (SIGNED, None)])
def test_group_names_the_enclaves_key(ledger: Ledger, tier: dict[str, Any], key: bytes | None) -> None:
    _, events = ledger.settle(PROVER, [replace(group(receipt(1)), **tier)])
    assert [event.key for event in events if isinstance(event, GroupSettled)] == [key]


def test_stopped_route_and_ended_enclave_take_no_more(ledger: Ledger) -> None:
    ledger.routes[ROUTES[Tier.SIGNED]] = Route(Tier.SIGNED, stopped=True)
    ledger.now_s += 1
    outcomes, _ = ledger.settle(PROVER, [group(receipt(1)), replace(group(receipt(2)), **TEE)])
    assert [reason for *_, reason in outcomes] == ["RouteIsStopped", "EnclaveKeyExpired"]


def test_prover_authorises_a_relayer(ledger: Ledger) -> None:
    outcomes, _ = ledger.settle(OTHER, [replace(group(receipt(1)), authorized_by=PROVER)])
    assert outcomes == [(1, 0, "")]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (receipt(2, 1, floor=2), "FloorMixed"),
        (receipt(2, 1, flags=1), "ReservedBits"),
        (receipt(2, 1, payer=OTHER), "PayerMismatch"),
        (receipt(2, 0, payer=PAYER), "PayerMismatch"),
        (receipt(1, 1), "AlreadySettled"),
    ],
)
def test_receipt_that_does_not_fit_is_skipped_alone(ledger: Ledger, second: Receipt, reason: str) -> None:
    item = group(receipt(1, 1), second, pays=[Payment(0, 2, upto())])
    assert skip_reasons(ledger, item) == [reason]
    assert ledger.state.balances[TOKEN, pay_address(PROVER, 1)] == 1


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (receipt(1, floor=2), "BelowFloor"),
        (receipt(1, floor=0), "BelowFloor"),
        (receipt(1, 1), "PaymentMissing"),
    ],
)
def test_uncovered_receipt_is_skipped(ledger: Ledger, item: Receipt, reason: str) -> None:
    assert skip_reasons(ledger, group(item, receipt(2))) == [reason]


VOUCHER = Voucher(PAYER, CHANNEL, 2 * FUNDS)


@pytest.mark.parametrize(
    ("terms", "amount", "reason"),
    [
        (upto(9), 10, "AmountAboveMaximum"),
        (upto(valid_after_s=NOW_S + 1), 1, "PaymentFailed: PaymentTooEarly"),
        (upto(deadline_s=NOW_S - 1), 1, "PaymentFailed: SignatureExpired"),
        (upto(to=pay_address(PROVER, 2)), 1, "PaymentFailed: InvalidSigner"),
        (upto(signer=OTHER), 1, "PaymentFailed: InvalidSigner"),
        (upto(2 * FUNDS), FUNDS + 1, "PaymentFailed: TRANSFER_FROM_FAILED"),
        (exact(2), 1, "PaymentFailed: FiatTokenV2: invalid signature"),
        (exact(1, valid_before_s=NOW_S), 1, "PaymentFailed: FiatTokenV2: authorization is expired"),
        (exact(1, valid_after_s=NOW_S), 1, "PaymentFailed: FiatTokenV2: authorization is not yet valid"),
        (exact(FUNDS + 1), FUNDS + 1, "PaymentFailed: ERC20: transfer amount exceeds balance"),
        (replace(VOUCHER, channel=replace(CHANNEL, receiver=OTHER)), 1, "ChannelMismatch"),
        (replace(VOUCHER, max_base_units=9), 10, "AmountAboveMaximum"),
        (VOUCHER, FUNDS + 1, "PaymentFailed: ClaimExceedsBalance"),
        (replace(VOUCHER, signer=OTHER), 1, "PaymentFailed: InvalidSignature"),
    ],
)
def test_refused_payment_leaves_its_receipts_for_later(
    ledger: Ledger, terms: Terms, amount: int, reason: str
) -> None:
    before = copy.deepcopy(ledger.state)
    assert skip_reasons(ledger, paid(amount, terms=terms)) == [reason]
    assert replace(ledger.state, events=[]) == replace(before, events=[])


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (upto(), "PaymentFailed: InvalidNonce"),
        (exact(5), "PaymentFailed: FiatTokenV2: authorization is used or canceled"),
    ],
)
def test_signature_pays_once(ledger: Ledger, terms: Terms, reason: str) -> None:
    assert skip_reasons(ledger, paid(5, terms=terms)) == []
    assert skip_reasons(ledger, paid(5, terms=terms, first_nonce=9)) == [reason]


def test_allowance_bounds_upto(ledger: Ledger) -> None:
    ledger.state.permit2_allowances[TOKEN, PAYER] = 4
    assert skip_reasons(ledger, paid(5, terms=upto())) == ["PaymentFailed: TRANSFER_FROM_FAILED"]
    assert skip_reasons(ledger, paid(4, terms=upto())) == []


def test_vouchers_are_cumulative(ledger: Ledger) -> None:
    assert skip_reasons(ledger, paid(4, 5, terms=replace(VOUCHER, max_base_units=9))) == []
    old = paid(1, terms=replace(VOUCHER, max_base_units=9), first_nonce=9)
    assert skip_reasons(ledger, old) == ["AmountAboveMaximum"]
    assert ledger.state.channels[CHANNEL.id] == (FUNDS, 9)
    assert ledger.state.claimed[TOKEN, pay_address(PROVER, 1)] == 9


@given(amounts=st.lists(st.integers(1, 9), min_size=1, max_size=6), data=st.data())
def test_totals_depend_neither_on_order_nor_on_split(amounts: list[int], data: st.DataObject) -> None:
    groups = [
        paid(amount, terms=upto(amount, nonce), first_nonce=nonce) for nonce, amount in enumerate(amounts)
    ]
    together, apart = new_ledger(), new_ledger()
    together.settle(PROVER, groups)
    for item in data.draw(st.permutations(groups)):
        apart.settle(PROVER, [item])
    assert together.state.balances == apart.state.balances
    assert (together.state.counts, together.state.seq) == (apart.state.counts, apart.state.seq)
    assert (together.state.roots, together.state.spent) == (apart.state.roots, apart.state.spent)


def enclave_group(amount: int, nonce: int) -> Group:
    made = paid(amount, terms=upto(amount, nonce), first_nonce=nonce) if amount else group(receipt(nonce))
    return replace(made, **TEE)


def test_enclave_key_backs_no_more_than_its_cap(ledger: Ledger) -> None:
    ledger.value_caps[MODEL, TOKEN] = 9
    assert ledger.settle(PROVER, [enclave_group(9, 1)])[0] == [(1, 0, "")]
    before = copy.deepcopy(ledger.state)

    assert ledger.settle(PROVER, [enclave_group(1, 2)])[0] == [(0, 0, "ValueCapExceeded")]

    assert replace(ledger.state, events=[]) == replace(before, events=[])
    assert ledger.settle(PROVER, [replace(enclave_group(1, 2), **SIGNED)])[0] == [(1, 0, "")]
    assert ledger.state.backed == {(KEY, TOKEN): 9}


def test_lowered_cap_still_lets_free_groups_settle(ledger: Ledger) -> None:
    ledger.settle(PROVER, [enclave_group(9, 1)])
    ledger.value_caps[MODEL, TOKEN] = 0
    outcomes, _ = ledger.settle(PROVER, [enclave_group(0, 2), enclave_group(1, 3)])
    assert [reason for *_, reason in outcomes] == ["", "ValueCapExceeded"]


def test_cap_is_for_one_model_asset_and_key(ledger: Ledger) -> None:
    ledger.enclaves[OTHER] = Enclave(MODEL, PROVER, b"l" * 32, valid_until_s=NOW_S + 1)
    ledger.value_caps = {(MODEL, TOKEN): 5, (b"o" * 32, TOKEN): 0, (MODEL, OTHER): 0}
    groups = [enclave_group(5, 1), replace(enclave_group(5, 2), evidence=OTHER)]
    assert ledger.settle(PROVER, groups)[0] == [(1, 0, "")] * 2


def test_ledger_knows_no_chain() -> None:
    code = "import sys, tests.reference.ledger; sys.exit('web3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
