"""Payments that clients present, and the name of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from x402.schemas import PaymentPayload

from veritally.payments import PaymentScheme, UptoPayment
from veritally.x402 import PaymentOffer, read_payment
from veritally.x402.errors import OtherOfferError


class PaymentId(NamedTuple):
    """What identifies a payment on its chain: Permit2 takes each (payer, nonce) once."""

    payer: str
    nonce: int

    def key_on(self, network: str) -> str:
        """Names the payment: the same one has the same key, whatever it is presented for."""
        return f"{network}:permit2:{self.payer}:{self.nonce}"


@dataclass(frozen=True)
class PresentedPayment:
    """A payment that a client signed."""

    payment_id: PaymentId
    upto: UptoPayment

    @classmethod
    def from_payload(cls, payload: PaymentPayload) -> PresentedPayment:
        """Reads the payload of an official client. Allowances that it signed are left out.

        The payment middleware has compared `accepted`, which the client echoes, with what was offered.

        Raises:
            PaymentError: the payer signed for something else, or in a form that Settlement does not take.
        """
        bare = payload.model_copy(update={"extensions": None}).model_dump(by_alias=True)
        presented = read_payment(bare, PaymentOffer.from_requirements(bare["accepted"]))
        upto = presented.payment
        if not isinstance(upto, UptoPayment):
            raise OtherOfferError("accepted.scheme", upto.scheme.label, PaymentScheme.UPTO.label)
        return cls(PaymentId(presented.payer, upto.nonce), upto)
