"""From the header PAYMENT-SIGNATURE to the payment of an order."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils.crypto import keccak

from prover.door.errors import MalformedHeaderError, PaymentRefusedError
from prover.door.offers import PAYMENT_UNUSABLE, chosen_offer
from veritally.payments import BatchPayment, ExactPayment, UptoPayment
from veritally.x402 import PaymentOffer, PresentedPayment, read_payment
from veritally.x402.deposits import channel_id
from veritally.x402.errors import PaymentError

PAYMENT_HEADER = b"payment-signature"
MAX_HEADER_BYTES = 16_384


@dataclass(frozen=True)
class OfferedPayment:
    """A payment, and the offer that it answers."""

    presented: PresentedPayment
    offer: PaymentOffer

    @cached_property
    def key(self) -> str:
        """Names the payment on its chain.

        That of a voucher holds its signature as well: channels and sums can be guessed, and who knows the key
        knows the id under which the request is found.
        """
        payment, chain_id = self.presented.payment, self.offer.chain_id
        if isinstance(payment, UptoPayment):
            return f"upto:{chain_id}:{self.presented.payer}:{payment.nonce}"
        if isinstance(payment, ExactPayment):
            return f"exact:{chain_id}:{self.offer.asset}:{self.presented.payer}:{payment.nonce.hex()}"
        sum_and_signature = f"{self.cumulative_base_units}:{keccak(self.voucher.signature).hex()}"
        return f"batch-settlement:{chain_id}:{(self.channel_id or b'').hex()}:{sum_and_signature}"

    @cached_property
    def channel_id(self) -> bytes | None:
        """The channel that pays; None when none does."""
        payment = self.presented.payment
        if not isinstance(payment, BatchPayment):
            return None
        return channel_id(payment.channel, self.offer.chain_id)

    @property
    def cumulative_base_units(self) -> int:
        """The sum of its voucher; 0 when it is none."""
        payment = self.presented.payment
        return payment.max_claimable_base_units if isinstance(payment, BatchPayment) else 0

    @cached_property
    def job_id(self) -> bytes:
        """The id of the job that it pays for."""
        return bytes(keccak(text=self.key))

    @property
    def voucher(self) -> BatchPayment:
        """The payment, when it is one out of a channel."""
        payment = self.presented.payment
        assert isinstance(payment, BatchPayment)
        return payment

    @property
    def deadline_s(self) -> int:
        """Unix time after which it cannot be collected; 0 when it has none."""
        payment = self.presented.payment
        if isinstance(payment, UptoPayment):
            return payment.deadline_s
        return payment.valid_before_s if isinstance(payment, ExactPayment) else 0


def payment_header(headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The one header of a request that carries its payment.

    Raises:
        MalformedHeaderError: there are two, or it is too long.
    """
    found = [value for name, value in headers if name == PAYMENT_HEADER]
    if len(found) > 1:
        raise MalformedHeaderError("comes twice")
    if found and len(found[0]) > MAX_HEADER_BYTES:
        raise MalformedHeaderError(f"is longer than {MAX_HEADER_BYTES} bytes")
    return found[0] if found else None


def read_offered(header: bytes, offers: Sequence[PaymentOffer]) -> OfferedPayment:
    """Reads a payment that answers one of `offers`. Allowances that it signed are left out.

    Raises:
        MalformedHeaderError: the header is no base64 of a JSON object.
        PaymentRefusedError: the payer signed for something else, or in a form that Settlement does not take.
    """
    payload = _decode(header)
    accepted = payload.get("accepted")
    if not isinstance(accepted, dict):
        raise MalformedHeaderError("names no offer")
    offer = chosen_offer(offers, accepted)
    try:
        presented = read_payment({**payload, "extensions": None}, offer)
    except PaymentError as error:
        raise PaymentRefusedError(PAYMENT_UNUSABLE, str(error)) from None
    return OfferedPayment(presented, offer)


def _decode(header: bytes) -> dict[str, Any]:
    try:
        content = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        raise MalformedHeaderError("is no base64 of JSON") from None
    if not isinstance(content, dict):
        raise MalformedHeaderError("is no JSON object")
    return content
