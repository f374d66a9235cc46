"""What payers sign for the x402 schemes, as `Settlement` takes it (`contracts/types/Payments.sol`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.receipts import require_uint

_UPTO = "(uint256,uint256,uint256,uint256,bytes)"


class PaymentScheme(IntEnum):
    """Same numbers as the enum in `contracts/types/Group.sol`."""

    NONE = 0
    UPTO = 1
    UPTO_WITH_PERMIT = 2
    BATCH_SETTLEMENT = 3
    EXACT = 4

    @property
    def label(self) -> str:
        """Lower-case name with hyphens, as x402 writes its schemes."""
        return self.name.lower().replace("_", "-")


class SignedPayment(Protocol):
    """A payment of one scheme."""

    scheme: ClassVar[PaymentScheme]

    def encode(self) -> bytes:
        """ABI encoding of the scheme's struct."""
        ...


@dataclass(frozen=True)
class UptoPayment:
    """What a payer signed for the x402 scheme `upto`.

    Raises:
        InvalidReceiptError: a number does not fit its type.
    """

    scheme: ClassVar[PaymentScheme] = PaymentScheme.UPTO

    max_amount_base_units: int
    """Signed maximum in base units of the group's asset."""
    nonce: int
    """The payer's Permit2 nonce."""
    deadline_s: int
    """Unix time in seconds after which Permit2 refuses the signature."""
    valid_after_s: int
    """Unix time in seconds before which x402's proxy refuses the payment."""
    signature: bytes

    def __post_init__(self) -> None:
        for field in ("max_amount_base_units", "nonce", "deadline_s", "valid_after_s"):
            require_uint(field, getattr(self, field), bits=256)

    def as_tuple(self) -> tuple[int, int, int, int, bytes]:
        """The fields in the order of the contract's struct."""
        return (
            self.max_amount_base_units,
            self.nonce,
            self.deadline_s,
            self.valid_after_s,
            self.signature,
        )

    def encode(self) -> bytes:
        """ABI encoding of the contract's struct `UptoPayment`."""
        return encode((_UPTO,), (self.as_tuple(),))


@dataclass(frozen=True)
class UptoPaymentWithPermit:
    """The scheme `upto` of a payer that signed its allowance for Permit2 (EIP-2612) as well.

    Raises:
        InvalidReceiptError: a number does not fit its type.
    """

    scheme: ClassVar[PaymentScheme] = PaymentScheme.UPTO_WITH_PERMIT

    upto: UptoPayment
    permit_value_base_units: int
    permit_deadline_s: int
    r: bytes
    s: bytes
    v: int

    def __post_init__(self) -> None:
        require_uint("permit_value_base_units", self.permit_value_base_units, bits=256)
        require_uint("permit_deadline_s", self.permit_deadline_s, bits=256)
        require_uint("v", self.v, bits=8)

    def encode(self) -> bytes:
        """ABI encoding of the contract's struct `UptoPaymentWithPermit`."""
        types = (f"({_UPTO},uint256,uint256,bytes32,bytes32,uint8)",)
        permit = (self.permit_value_base_units, self.permit_deadline_s, self.r, self.s, self.v)
        return encode(types, ((self.upto.as_tuple(), *permit),))


@dataclass(frozen=True)
class ChannelConfig:
    """A payment channel of the x402 scheme `batch-settlement`."""

    payer: str
    payer_authorizer: str
    """Who signs the vouchers; the zero address means the payer."""
    receiver: str
    """A pay address."""
    receiver_authorizer: str
    """The Settlement contract."""
    token: str
    withdraw_delay_s: int
    salt: bytes

    def as_tuple(self) -> tuple[str, str, str, str, str, int, bytes]:
        """The fields in the order of the contract's struct."""
        return (
            self.payer,
            self.payer_authorizer,
            self.receiver,
            self.receiver_authorizer,
            self.token,
            self.withdraw_delay_s,
            self.salt,
        )


@dataclass(frozen=True)
class BatchPayment:
    """A voucher of the x402 scheme `batch-settlement`.

    Raises:
        InvalidReceiptError: the maximum does not fit its type.
    """

    scheme: ClassVar[PaymentScheme] = PaymentScheme.BATCH_SETTLEMENT

    channel: ChannelConfig
    max_claimable_base_units: int
    """Cumulative maximum over the channel's life."""
    signature: bytes

    def __post_init__(self) -> None:
        require_uint("max_claimable_base_units", self.max_claimable_base_units, bits=128)

    def encode(self) -> bytes:
        """ABI encoding of the contract's struct `BatchPayment`."""
        types = ("((address,address,address,address,address,uint40,bytes32),uint128,bytes)",)
        return encode(types, ((self.channel.as_tuple(), self.max_claimable_base_units, self.signature),))


@dataclass(frozen=True)
class ExactPayment:
    """An EIP-3009 authorisation of the x402 scheme `exact`; its value is the sum of the receipts it covers.

    Raises:
        InvalidReceiptError: a number does not fit its type.
    """

    scheme: ClassVar[PaymentScheme] = PaymentScheme.EXACT

    valid_after_s: int
    valid_before_s: int
    nonce: bytes
    signature: bytes
    """65 bytes: r, s, v."""

    def __post_init__(self) -> None:
        require_uint("valid_after_s", self.valid_after_s, bits=256)
        require_uint("valid_before_s", self.valid_before_s, bits=256)

    def encode(self) -> bytes:
        """ABI encoding of the contract's struct `ExactPayment`."""
        values = (self.valid_after_s, self.valid_before_s, self.nonce, self.signature)
        return encode(("(uint256,uint256,bytes32,bytes)",), (values,))


@dataclass(frozen=True)
class PaymentRun:
    """A payment and the run of receipts that it covers: one payer, one floor, collected as one sum."""

    first: int
    """Index of the first receipt in the group."""
    count: int
    payment: SignedPayment

    @property
    def end(self) -> int:
        """Index behind the last receipt."""
        return self.first + self.count

    def as_argument(self) -> tuple[int, int, int, bytes]:
        """The run as web3 passes it to `Settlement.settle`."""
        return (int(self.payment.scheme), self.first, self.count, self.payment.encode())


def payments_hash(runs: Sequence[PaymentRun]) -> bytes:
    """keccak256 of a group's payments as ABI-encoded: a prover's leave to submit the group covers it."""
    return bytes(keccak(encode(("(uint8,uint32,uint32,bytes)[]",), ([run.as_argument() for run in runs],))))
