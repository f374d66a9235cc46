"""What payers are offered for a request: one entry of x402 for each route."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from prover.door.answers import Handler
from prover.door.errors import PaymentRefusedError
from prover.door.policy import DoorPolicy
from veritally.deployment import Deployment
from veritally.payments import PaymentScheme
from veritally.tiers import Tier
from veritally.x402 import Payee, PaymentOffer, Token

PAYMENT_UNUSABLE = "payment_cannot_be_settled"
_SPARE_S = 60
"""Seconds for the client between offer and payment, and for the blocks until its settlement."""
_MOST_KEPT = 1024

Offers = tuple[PaymentOffer, ...]


class Menu:
    """The offers of one prover."""

    def __init__(self, deployment: Deployment, prover: str, token: Token, policy: DoorPolicy) -> None:
        self._deployment = deployment
        self.prover = prover
        self.token = token
        self.policy = policy
        self._kept: dict[tuple[Tier, int, int], Offers] = {}

    @property
    def chain_id(self) -> int:
        """The chain that is paid on."""
        return self._deployment.chain_id

    def offers(self, handler: Handler, tier: Tier, amount_base_units: int) -> Offers:
        """Offers for a request that costs at most `amount_base_units`, in the operator's order."""
        valid_s = max(self.policy.payment_timeout_s, math.ceil(handler.longest_s(tier)) + _SPARE_S)
        key = (tier, amount_base_units, valid_s)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._make(tier, amount_base_units, valid_s)
        return self._kept[key]

    def _make(self, tier: Tier, amount_base_units: int, valid_s: int) -> Offers:
        payee = Payee.of(self._deployment, self.prover, tier, self.token, valid_s)
        policy = self.policy
        make = {
            PaymentScheme.UPTO: lambda: payee.offer_upto(amount_base_units),
            PaymentScheme.BATCH_SETTLEMENT: lambda: payee.offer_batch_settlement(
                amount_base_units,
                policy.withdraw_delay_s,
                max(policy.min_deposit_base_units, amount_base_units),
            ),
            PaymentScheme.EXACT: lambda: payee.offer_exact(amount_base_units),
        }
        return tuple(make[route]() for route in policy.routes)


def chosen_offer(offers: Sequence[PaymentOffer], accepted: Mapping[str, Any]) -> PaymentOffer:
    """The offer that a payment says it answers.

    Raises:
        PaymentRefusedError: it answers none of them, such as one of another tier, model or price.
    """
    for offer in offers:
        if _is_answered_by(offer.as_requirements(), accepted):
            return offer
    message = "the payment answers another offer than that of this request; ask again without a payment"
    raise PaymentRefusedError(PAYMENT_UNUSABLE, message)


def _is_answered_by(offered: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """x402's rule: the terms are equal, and a client may have added to `extra`."""
    extra = accepted.get("extra")
    if not isinstance(extra, Mapping):
        return False
    terms_are_equal = all(accepted.get(key) == value for key, value in offered.items() if key != "extra")
    return terms_are_equal and all(extra.get(key) == value for key, value in offered["extra"].items())
