"""Why the door does not take a payment. Each message says what the payer can do.

DoorError (a ProverError)
├── PaymentRefusedError
│   └── WrongSumError
├── MalformedHeaderError
├── CreditExceededError
├── NodeUnavailableError
└── StoreUnavailableError
"""

from __future__ import annotations

from x402.mechanisms.evm.batch_settlement.errors import ERR_CUMULATIVE_AMOUNT_MISMATCH

from prover.errors import ProverError


class DoorError(ProverError):
    """Base of what the door raises on purpose."""


class PaymentRefusedError(DoorError):
    """A payment that could not be collected. `code` is x402's word for it where x402 has one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class WrongSumError(PaymentRefusedError):
    """A voucher that does not go on from what its channel was charged: x402's clients correct themselves."""

    def __init__(self, charged_base_units: int, extra: dict[str, object]) -> None:
        """What is known of the channel.

        Args:
            charged_base_units: All that was charged to it so far.
            extra: What x402's clients read besides, in the offer of their channel.
        """
        message = (
            f"the channel was charged {charged_base_units} base units so far; sign for this and the price"
        )
        super().__init__(ERR_CUMULATIVE_AMOUNT_MISMATCH, message)
        self.extra = extra


class MalformedHeaderError(DoorError):
    """The header PAYMENT-SIGNATURE is no payment of x402."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the header PAYMENT-SIGNATURE {problem}; send what an x402 client of version 2 makes"
        )


class CreditExceededError(DoorError):
    """A payer has more unsettled work than it is given credit for."""

    def __init__(self, in_flight_base_units: int, limit_base_units: int) -> None:
        super().__init__(
            f"requests for {in_flight_base_units} base units are being settled for this payer, and the limit "
            f"is {limit_base_units}; wait until they are settled, or pay out of a channel"
        )
        self.in_flight_base_units = in_flight_base_units
        self.limit_base_units = limit_base_units


class NodeUnavailableError(DoorError):
    """No node answers, so that no payment can be checked. Names the host only: the path may hold a key."""

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(f"{host} does not answer ({problem})")
        self.host = host


class StoreUnavailableError(DoorError):
    """The database does not answer, so that nobody knows whether a payment was taken."""

    def __init__(self) -> None:
        super().__init__(
            "nothing can be stored now; send the same request with the same payment again, not with a new one"
        )
