from __future__ import annotations

import dataclasses
import re

import pytest
from eth_abi.abi import decode, encode
from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak
from web3 import Web3

from veritally.abi import load_artifact
from veritally.devnet.parts import Parts, find_root
from veritally.errors import InvalidReceiptError
from veritally.labels import Labels
from veritally.payments import PaymentRun, UptoPayment
from veritally.reasons import explain_reason
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.settlement import (
    Group,
    ZkProof,
    decode_outcomes,
    zkml_evidence,
)
from veritally.tiers import Tier

SETTLEMENT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DOMAIN = SettlementDomain(31337, SETTLEMENT)
TERMS = GroupTerms(b"\x11" * 32, "0x" + "22" * 20, "0x" + "33" * 20)
PAYMENT = UptoPayment(10, 5, 2_000_000_000, 0, b"\x01" * 65)


def receipt(nonce: int, amount_base_units: int = 7) -> Receipt:
    payer = "0x" + "44" * 20 if amount_base_units else ZERO_ADDRESS
    return Receipt(b"\x01" * 32, b"\x02" * 32, payer, amount_base_units, 1_764_000_000, nonce, Tier.SIGNED)


def group(*receipts: Receipt) -> Group:
    payments = tuple(PaymentRun(i, 1, PAYMENT) for i, item in enumerate(receipts) if item.amount_base_units)
    return Group(TERMS, b"\x00\x00\x00\x01", receipts, payments, b"evidence")


def error_data(signature: str, *values: object) -> bytes:
    types = signature.removesuffix(")").split("(")[1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


def log(signature: str, topics: list[bytes], types: list[str], values: list[object]) -> dict[str, object]:
    return {
        "address": SETTLEMENT.lower(),
        "topics": [keccak(text=signature), *topics],
        "data": encode(types, values),
    }


def settled_log(receipt_hash: bytes, seq: int, flags: int) -> dict[str, object]:
    signature = "InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"
    types = ["bytes32", "address", "address", "bytes32", "bytes32", "uint256"]
    terms = seq << 192 | 7 << 96 | 1_764_000_000 << 32 | 1 << 24 | flags
    values: list[object] = [TERMS.model_id, TERMS.prover, TERMS.asset, bytes(32), bytes(32), terms]
    return log(signature, [receipt_hash, bytes(32), bytes(32)], types, values)


def test_argument_fits_the_contracts_abi() -> None:
    contract = Web3().eth.contract(abi=load_artifact("Settlement").abi)
    item = group(receipt(1), receipt(2, amount_base_units=0), receipt(3))
    call = contract.encode_abi("settle", [[item.as_argument()]])
    _, arguments = contract.decode_function_input(call)
    (decoded,) = arguments["groups"]
    assert decoded["prover"] == TERMS.prover
    assert [entry["terms"] >> 192 for entry in decoded["receipts"]] == [1, 2, 3]
    assert [(p["scheme"], p["first"], p["count"]) for p in decoded["payments"]] == [(1, 0, 1), (1, 2, 1)]
    terms = decode(["(uint256,uint256,uint256,uint256,bytes)"], decoded["payments"][0]["data"])
    assert terms == ((10, 5, 2_000_000_000, 0, b"\x01" * 65),)


def test_group_refuses_payments_that_do_not_match_the_receipts() -> None:
    with pytest.raises(InvalidReceiptError, match="payments"):
        dataclasses.replace(group(receipt(1), receipt(2)), payments=(PaymentRun(0, 1, PAYMENT),))
    with pytest.raises(InvalidReceiptError, match="payments"):
        dataclasses.replace(group(receipt(1, amount_base_units=0)), payments=(PaymentRun(0, 1, PAYMENT),))


@pytest.mark.parametrize("field", ["max_amount_base_units", "nonce", "deadline_s", "valid_after_s"])
@pytest.mark.parametrize("value", [-1, 1 << 256])
def test_payment_refuses_numbers_out_of_range(field: str, value: int) -> None:
    with pytest.raises(InvalidReceiptError, match=field):
        dataclasses.replace(PAYMENT, **{field: value})


def test_zkml_evidence_is_a_circuit_and_an_array_of_proof_structs() -> None:
    proofs = [ZkProof(b"\xaa" * 33, (1, 2, 3)), ZkProof(b"", ())]
    decoded = decode(["uint32", "(bytes,uint256[])[]"], zkml_evidence(7, proofs))
    assert decoded == (7, ((b"\xaa" * 33, (1, 2, 3)), (b"", ())))


def test_outcomes_of_settled_and_skipped_receipts_and_of_a_skipped_group() -> None:
    groups = [group(receipt(1), receipt(2)), group(receipt(3))]
    hashes = [DOMAIN.receipt_hash(TERMS, receipt(nonce)) for nonce in (1, 2, 3)]
    used = error_data("AlreadySettled(address,uint64)", TERMS.prover, 2)
    stopped = error_data("RouteIsStopped(bytes4)", b"\x00\x00\x00\x01")
    logs = [
        settled_log(hashes[0], 41, flags=0x0403),
        log(
            "ReceiptSkipped(bytes32,address,address,bytes)",
            [hashes[1], bytes(32), bytes(32)],
            ["bytes"],
            [used],
        ),
        log(
            "GroupSkipped(bytes32,address,bytes4,uint256,bytes)",
            [bytes(32), bytes(32), bytes(32)],
            ["uint256", "bytes"],
            [1, stopped],
        ),
    ]
    (first, second), (third,) = decode_outcomes(DOMAIN, groups, logs)
    assert (first.seq, first.labels, first.reason) == (41, Labels.DEVELOPMENT | Labels.UNBOUND, "")
    assert second.seq is None
    assert second.reason == f"AlreadySettled({TERMS.prover.lower()}, 2)"
    assert third.seq is None
    assert third.reason.startswith("RouteIsStopped(0x00000001): ")


def test_outcomes_ignore_logs_of_other_contracts() -> None:
    forged = settled_log(DOMAIN.receipt_hash(TERMS, receipt(1)), 0, flags=0) | {"address": "0x" + "99" * 20}
    ((outcome,),) = decode_outcomes(DOMAIN, [group(receipt(1))], [forged])
    assert outcome.seq is None


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (error_data("Error(string)", "TRANSFER_FROM_FAILED"), "balance or its allowance for Permit2"),
        (error_data("InvalidNonce()"), "InvalidNonce"),
        (error_data("SignatureExpired(uint256)", 17), "SignatureExpired(17)"),
        (error_data("ClaimExceedsBalance()"), "channel holds too little; it must deposit more"),
        (
            error_data("Error(string)", "FiatTokenV2: authorization is used or canceled"),
            "somebody else collected",
        ),
        (error_data("ClaimExceedsCeiling()"), "it must sign a higher one"),
        (error_data("InvalidSignature()"), "sign a new one"),
        (error_data("NotReceiverAuthorizer()"), "NotReceiverAuthorizer()"),
        (error_data("Error(string)", "ERC20: transfer amount exceeds balance"), "balance is too low"),
        (b"", "no revert data"),
        (b"\x01\x02\x03\x04", "0x01020304"),
    ],
)
def test_reason_of_a_failed_payment_names_its_cause(cause: bytes, expected: str) -> None:
    reason = explain_reason(error_data("PaymentFailed(bytes)", cause))
    assert reason.startswith("PaymentFailed(")
    assert expected in reason


def test_a_text_with_dirt_behind_it_is_read() -> None:
    """As USDC gives it: the last word of the text is not cleared."""
    text = "FiatTokenV2: authorization is used or canceled"
    end = 4 + 64 + len(text)
    clean = error_data("Error(string)", text)
    dirty = clean[:end] + b"\x7e" * (len(clean) - end)
    reason = explain_reason(error_data("PaymentFailed(bytes)", dirty))
    assert reason.startswith(f"PaymentFailed(Error({text})): somebody else collected this payment")


def test_every_error_that_a_payment_of_x402_can_give_is_known() -> None:
    """All errors of its contracts but those of deposits and withdrawals, which no settlement makes."""
    for name in ("X402BatchSettlement", "X402UptoPermit2Proxy", "X402ExactPermit2Proxy"):
        for entry in Parts(find_root(None)).compiled(name).abi:
            if entry["type"] == "error" and not re.search("Deposit|Collector|Withdraw", entry["name"]):
                assert explain_reason(keccak(text=abi_to_signature(entry))[:4]).startswith(entry["name"])


def test_a_cap_that_is_reached_is_explained() -> None:
    values = (b"\x01" * 32, TERMS.asset, 11, 10)
    reason = explain_reason(error_data("ValueCapExceeded(bytes32,address,uint256,uint256)", *values))
    assert reason.startswith(f"ValueCapExceeded(0x{'01' * 32}, {TERMS.asset}, 11, 10): ")
    assert reason.endswith("register a new one")


def test_a_gateway_key_that_is_not_admitted_is_explained() -> None:
    values = (b"\x01" * 32, b"\x02" * 32, 0)
    reason = explain_reason(error_data("KeyNotAdmitted(bytes32,bytes32,uint256)", *values))
    assert reason.startswith(f"KeyNotAdmitted(0x{'01' * 32}, 0x{'02' * 32}, 0): admit the gateway's key")


def test_a_reason_that_was_cut_is_still_named() -> None:
    cut = error_data("NotAuthorized(address,address)", TERMS.prover, TERMS.prover)[:40]
    assert "NotAuthorized(address,address)" in explain_reason(cut)
