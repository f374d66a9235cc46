"""Errors of paid requests that are stored. Each message names the values and says what to do.

ProverError
├── PaymentInUseError
├── ChannelStateError
├── BusyError
├── UnknownJobError
├── AmountError
└── OtherHomeError
"""

from __future__ import annotations

from prover.errors import ProverError


class PaymentInUseError(ProverError):
    """A payment stands for one resource and one body."""

    def __init__(self, payment_key: str) -> None:
        super().__init__(
            f"the payment {payment_key} was presented for another request; sign a new one for each request"
        )
        self.payment_key = payment_key


class ChannelStateError(ProverError):
    """A voucher does not go on from what its channel was charged."""

    def __init__(self, channel_id: bytes, problem: str, charged_base_units: int) -> None:
        super().__init__(
            f"channel 0x{channel_id.hex()}: {problem}; it was charged {charged_base_units} base units: "
            "sign a voucher for this and the price of the request"
        )
        self.channel_id = channel_id
        self.charged_base_units = charged_base_units


class BusyError(ProverError):
    """Too many requests wait."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            f"{waiting} requests wait already; send this one again later, its payment was not used"
        )
        self.waiting = waiting


class UnknownJobError(ProverError):
    """No request has this id."""

    def __init__(self, job_id: bytes) -> None:
        super().__init__(f"there is no request 0x{job_id.hex()}; reserve it first")
        self.job_id = job_id


class AmountError(ProverError):
    """More than the payer signed for, or nothing for a paid request."""

    def __init__(self, amount_base_units: int, max_amount_base_units: int) -> None:
        super().__init__(
            f"a request cannot cost {amount_base_units} base units when its payer signed for up to "
            f"{max_amount_base_units}; meter it from 1 to the maximum"
        )
        self.amount_base_units = amount_base_units


class OtherHomeError(ProverError):
    """The database is about another chain, another Settlement contract, or another prover."""

    exit_code = 2

    def __init__(self, shown_url: str, known: str, found: str) -> None:
        super().__init__(
            f"the database {shown_url} is about {known}, and this is {found}; name another one with "
            "VERITALLY_PROVER_DATABASE_URL or VERITALLY_PROVER_STATE_DIR, or go back to what it knows"
        )
