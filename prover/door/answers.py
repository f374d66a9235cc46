"""The seam between the door and what answers requests: networks, and language models behind an upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from prover.jobs.job import Computed, Order
from veritally.payments import PaymentScheme
from veritally.tiers import Tier

Answer = Computed | AsyncIterator[bytes | Computed]
"""All at once; or parts of the body as they come (whole server-sent events), and `Computed` as the last item.

The door adds the receipt: to the JSON object of `Computed.response`, or as one more event behind the parts.
"""


@dataclass(frozen=True)
class Ask:
    """A request that was found to be in order and is not paid for yet."""

    max_amount_base_units: int
    """Most that it will cost: what the payer is asked to sign for. The same body gives the same amount."""
    streamed: bool = False
    """The client wants the answer in parts."""


class Handler(Protocol):
    """Answers one kind of request to one model, at the tiers that it is offered at."""

    @property
    def name(self) -> str:
        """Name of the model, as in the path."""
        ...

    @property
    def model_id(self) -> bytes:
        """The registered model."""
        ...

    @property
    def operation(self) -> str:
        """Last part of the path: `infer` or `chat/completions`."""
        ...

    @property
    def prices_base_units(self) -> Mapping[Tier, int]:
        """Tiers at which it is offered, with the most that one request costs."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """Of one request; longer ones are refused before they are read to their end."""
        ...

    def longest_s(self, tier: Tier) -> float:
        """Seconds from a payment to the sending of its settlement: a payment must be valid for longer."""
        ...

    def ask(self, tier: Tier, body: bytes) -> Ask:
        """Reads a request without running it.

        Raises:
            RequestRefusedError: it is not in order; nobody is asked to pay for a mistake.
        """
        ...

    async def run(self, order: Order) -> Answer:
        """Answers an order. Called once for each order that is not streamed, again after a crash.

        Raises:
            ProverError: there is no answer; nothing is charged.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` says of the model, without its tiers and prices."""
        ...


def charge(order: Order, metered_base_units: int) -> int:
    """What an order costs: the metered amount, except by `exact`, which collects what was signed."""
    if order.payment.scheme is PaymentScheme.EXACT:
        return order.max_amount_base_units
    return min(metered_base_units, order.max_amount_base_units)
