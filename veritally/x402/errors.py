"""Errors of x402 payments. Each message names the values and says what to do.

PaymentError (a VeritallyError)
├── OfferError
└── PayloadError
    ├── MalformedPayloadError
    ├── OtherOfferError
    ├── OtherChannelError
    ├── SignatureLengthError
    └── UndeployedAccountError
"""

from __future__ import annotations

from veritally.errors import VeritallyError


class PaymentError(VeritallyError):
    """Base of what is wrong with offers and payments."""


class OfferError(PaymentError):
    """An offer that no payer could use, or that would leave its prover unpaid."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"offer: {field}={value!r}: {rule}")
        self.field = field


class PayloadError(PaymentError):
    """Base of what is wrong with a payment that a client presents. Nothing was charged."""


class MalformedPayloadError(PayloadError):
    """A field is missing or is not what x402 defines."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"payment field {field}: {problem}; send what an x402 client of version 2 makes")
        self.field = field


class OtherOfferError(PayloadError):
    """The payer signed for something else than it was offered."""

    def __init__(self, field: str, signed: object, offered: object) -> None:
        super().__init__(
            f"payment field {field} is {signed}, offered was {offered}; ask for a new offer and sign that one"
        )
        self.field = field


class OtherChannelError(PayloadError):
    """A voucher for another channel than the one beside it."""

    def __init__(self, voucher: bytes, channel: bytes) -> None:
        super().__init__(
            f"the voucher is for channel 0x{voucher.hex()}, the channel beside it is 0x{channel.hex()}; "
            "sign a voucher for your own channel of this offer"
        )
        self.voucher = voucher
        self.channel = channel


class SignatureLengthError(PayloadError):
    """A signature that must be one of a plain key and is not."""

    def __init__(self, field: str, length: int) -> None:
        super().__init__(
            f"payment field {field} has {length} bytes, not 65; pay from an account with a plain key, "
            "or choose the scheme upto"
        )
        self.field = field
        self.length = length


class UndeployedAccountError(PayloadError):
    """A signature wrapped by ERC-6492, for an account that has no code yet."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"payment field {field} is wrapped by ERC-6492, and no account is deployed here; "
            "deploy the account first and sign again"
        )
        self.field = field
