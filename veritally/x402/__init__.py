"""The payments of x402 clients: what they are offered, and what they sign, as Settlement takes it.

Reads and writes x402's JSON (version 2) and needs none of x402's libraries.
"""

from __future__ import annotations

from veritally.x402.deposits import ChannelDeposit
from veritally.x402.offers import Payee, PaymentOffer, Token
from veritally.x402.payloads import PresentedPayment, read_payment

__all__ = ["ChannelDeposit", "Payee", "PaymentOffer", "PresentedPayment", "Token", "read_payment"]
