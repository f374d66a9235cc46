"""What an operator decides about payments."""

from __future__ import annotations

from dataclasses import dataclass

from veritally.payments import PaymentScheme

ROUTES = (PaymentScheme.UPTO, PaymentScheme.BATCH_SETTLEMENT, PaymentScheme.EXACT)
"""In the order in which they are offered: clients choose the first one that they know."""


@dataclass(frozen=True)
class DoorPolicy:
    """The operator's decisions."""

    credit_base_units: int
    """Most that the unsettled requests of one payer may cost together. One request is always taken."""
    min_deposit_base_units: int
    """Least that a payer is asked to put into a new channel."""
    routes: tuple[PaymentScheme, ...] = ROUTES
    """Routes that are offered, in this order."""
    payment_timeout_s: int = 300
    """Seconds for which a payer's signature must stay valid, at least."""
    withdraw_delay_s: int = 86_400
    """Seconds for which a channel's money stays after its payer asked for it back."""
    settle_wait_s: float = 60.0
    """Seconds for which an answer waits for its settlement, after the time that the model may take."""
    answer_kept_s: float = 3_600.0
    """Seconds after a request for which the same payment gets the same answer again."""
