"""A request at the door: what was found of it, and what was stored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from prover.door.answers import Ask, Handler
from prover.door.offers import Offers
from prover.door.payments import OfferedPayment
from prover.door.work import Part
from prover.jobs.job import Job, Order
from veritally.tiers import Tier


@dataclass(frozen=True)
class Visit:
    """A request that was found to be in order."""

    handler: Handler
    tier: Tier
    resource: str
    """Path that was asked for."""
    url: str
    body: bytes
    ask: Ask
    offers: Offers


@dataclass(frozen=True)
class Admitted:
    """A paid request that is stored."""

    job: Job
    parts: asyncio.Queue[Part] | None
    """Of a stream that has just been started; None for everything else, copies included."""


def order_of(visit: Visit, payment: OfferedPayment) -> Order:
    """What is stored of a visit and its payment, before the payment was checked."""
    return Order(
        payment_key=payment.key,
        resource=visit.resource,
        body=visit.body,
        model=visit.handler.name,
        model_id=visit.handler.model_id,
        tier=visit.tier,
        asset=payment.offer.asset,
        payer=payment.presented.payer,
        payment=payment.presented.payment,
        max_amount_base_units=payment.offer.amount_base_units,
        deadline_s=payment.deadline_s,
        streamed=visit.ask.streamed,
    )
