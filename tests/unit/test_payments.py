from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from veritally.errors import InvalidReceiptError
from veritally.payments import (
    BatchPayment,
    ChannelConfig,
    ExactPayment,
    PaymentRun,
    PaymentScheme,
    SignedPayment,
    UptoPayment,
    UptoPaymentWithPermit,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "payments.json").read_text(encoding="utf-8"))
"""Read by forge, too (tests/contracts/Vectors.t.sol), which decodes them and checks every field."""

UPTO = UptoPayment(11, 12, 13, 14, b"\x21" * 65)
ADDRESSES = [to_checksum_address(bytes([number]) * 20) for number in range(1, 6)]
PAYMENTS: dict[str, SignedPayment] = {
    "upto": UPTO,
    "uptoWithPermit": UptoPaymentWithPermit(UPTO, 15, 16, b"\x22" * 32, b"\x23" * 32, 27),
    "batchSettlement": BatchPayment(ChannelConfig(*ADDRESSES, 86_400, b"\x24" * 32), 17, b"\x25" * 65),
    "exact": ExactPayment(18, 19, b"\x26" * 32, b"\x27" * 65),
}


@pytest.mark.parametrize("name", PAYMENTS)
def test_encoding_is_the_pinned_one(name: str) -> None:
    assert "0x" + PAYMENTS[name].encode().hex() == VECTORS[name]


def test_schemes_have_the_contracts_numbers_and_x402s_names() -> None:
    assert [payment.scheme for payment in PAYMENTS.values()] == [1, 2, 3, 4]
    assert PaymentScheme.BATCH_SETTLEMENT.label == "batch-settlement"


def test_a_run_names_scheme_and_receipts() -> None:
    run = PaymentRun(2, 3, PAYMENTS["exact"])
    assert run.end == 5
    assert run.as_argument() == (4, 2, 3, PAYMENTS["exact"].encode())


@pytest.mark.parametrize(
    ("name", "field", "bits"),
    [
        ("upto", "max_amount_base_units", 256),
        ("upto", "nonce", 256),
        ("uptoWithPermit", "permit_value_base_units", 256),
        ("uptoWithPermit", "v", 8),
        ("batchSettlement", "max_claimable_base_units", 128),
        ("exact", "valid_before_s", 256),
    ],
)
def test_numbers_must_fit_their_types(name: str, field: str, bits: int) -> None:
    dataclasses.replace(PAYMENTS[name], **{field: 2**bits - 1})  # type: ignore[type-var]
    for value in (-1, 2**bits):
        with pytest.raises(InvalidReceiptError, match=field):
            dataclasses.replace(PAYMENTS[name], **{field: value})  # type: ignore[type-var]
