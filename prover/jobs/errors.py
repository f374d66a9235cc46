"""Why a paid request cannot be taken. Nothing ran and nothing was charged.

JobError (a ProverError)
├── PaymentInUseError
├── ChannelStateError
├── ChannelBusyError
└── BusyError
"""

from __future__ import annotations

from prover.errors import ProverError


class JobError(ProverError):
    """Base of what keeps an order from being reserved."""


class PaymentInUseError(JobError):
    """The payment stands for another request, or was signed twice in different ways."""

    def __init__(self) -> None:
        super().__init__("this payment stands for another request already; sign a new one for this request")


class ChannelStateError(JobError):
    """A voucher that does not go on from what its channel was charged."""

    def __init__(
        self, charged_base_units: int, signed_base_units: int | None = None, signature: bytes | None = None
    ) -> None:
        """What the prover knows of the channel.

        Args:
            charged_base_units: All that was charged to the channel so far.
            signed_base_units: Sum of the highest voucher that the prover holds; None when it holds none.
            signature: The payer's, on that voucher.
        """
        super().__init__(
            f"the channel was charged {charged_base_units} base units so far; "
            "sign a voucher for this sum and the price of the request"
        )
        self.charged_base_units = charged_base_units
        self.signed_base_units = signed_base_units
        self.signature = signature


class ChannelBusyError(JobError):
    """Another request runs on the channel, and what it will cost is not known yet."""

    def __init__(self) -> None:
        super().__init__("another request of this channel runs; send this one again when that is answered")


class BusyError(JobError):
    """Too many jobs wait already."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} paid requests wait already; send this one again later")
        self.waiting = waiting
