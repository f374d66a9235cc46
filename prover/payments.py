"""Payments that clients present, and the ledger that lets each of them start one inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from x402.schemas import PaymentPayload

from veritally.labels import Labels
from veritally.payments import PaymentScheme, UptoPayment
from veritally.x402 import PaymentOffer, read_payment
from veritally.x402.errors import OtherOfferError


class PaymentId(NamedTuple):
    """What identifies a payment on its chain: Permit2 takes each (payer, nonce) once."""

    payer: str
    nonce: int


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


@dataclass(frozen=True)
class Settled:
    """The receipt was verified, paid and counted."""

    transaction: str
    """Transaction hash, 0x hex."""
    block: int
    gas_used: int
    """Gas of the whole transaction, which other receipts may share."""
    seq: int
    """Global gap-free sequence number of the inference."""
    labels: Labels
    """How the evidence is weaker than its tier says."""
    evidence: dict[str, Any]
    """What backs the receipt, as JSON."""


@dataclass(frozen=True)
class NotSettled:
    """The receipt was not settled, as far as is known."""

    reason: str
    transaction: str = ""
    """Hash of the transaction that skipped it or may still settle it; empty when none was sent."""
    certain: bool = True
    """False while the transaction may still be mined: then the payment may still be taken."""


Outcome = Settled | NotSettled


class PaymentLedger:
    """The payments that have started an inference, and what became of them.

    Lives in one event loop; nothing in it awaits, so that each step is atomic.
    """

    def __init__(self) -> None:
        self._deadlines_s: dict[PaymentId, int] = {}
        self._outcomes: dict[PaymentId, Outcome] = {}

    def reserve(self, payment: PresentedPayment, now_s: int) -> bool:
        """Takes the payment for one inference; False when it is taken already."""
        self._forget_expired(now_s)
        if payment.payment_id in self._deadlines_s:
            return False
        self._deadlines_s[payment.payment_id] = payment.upto.deadline_s
        return True

    def record(self, payment_id: PaymentId, outcome: Outcome) -> None:
        """Keeps what became of a reserved payment."""
        self._outcomes[payment_id] = outcome

    def outcome(self, payment_id: PaymentId) -> Outcome | None:
        """What became of a payment; None while that is open."""
        return self._outcomes.get(payment_id)

    def release(self, payment_id: PaymentId) -> None:
        """Gives a payment back that was certainly not used, so that the client may present it again."""
        self._deadlines_s.pop(payment_id, None)
        self._outcomes.pop(payment_id, None)

    def _forget_expired(self, now_s: int) -> None:
        """Permit2 refuses a payment after its deadline, so that nobody needs to remember it."""
        for payment_id in [key for key, deadline_s in self._deadlines_s.items() if deadline_s < now_s]:
            self.release(payment_id)
