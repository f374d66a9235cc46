"""A paid request on its way: what was ordered, what came out, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from eth_utils.crypto import keccak

from veritally.payments import ChannelConfig, SignedPayment
from veritally.settlement import ZkProof
from veritally.tiers import Tier
from veritally.x402 import ChannelDeposit


class JobState(StrEnum):
    """How far a paid request is. Once it is `submitted`, nobody but the chain says what became of it."""

    RESERVED = "reserved"
    """Stored. The payment is taken for this request, and nothing has run."""
    COMPUTED = "computed"
    """Request, response and amount are stored."""
    EVIDENCED = "evidenced"
    """What proves it is stored: the proof, or the signed group."""
    SUBMITTED = "submitted"
    """An intent of the transaction manager carries it."""
    UNKNOWN = "unknown"
    """Its transaction may be anywhere; nobody can rule out that it lands."""
    MINED = "mined"
    """It is settled in a block that may still be replaced."""
    FINAL = "final"
    """It is settled for ever."""
    SKIPPED = "skipped"
    """It is not settled, for a reason; the payment was not taken and never will be by us."""
    RELEASED = "released"
    """It never ran, or gave nothing. The payment was not taken and may be presented again."""

    @property
    def is_settled(self) -> bool:
        """Whether the payment was collected."""
        return self in (JobState.MINED, JobState.FINAL)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to wait for before an answer."""
        return self.is_settled or self in (JobState.SKIPPED, JobState.RELEASED)


@dataclass(frozen=True)
class Reason:
    """Why something was not done."""

    code: str
    """Stable, in snake_case."""
    message: str
    """A sentence that says the fix."""


@dataclass(frozen=True)
class Voucher:
    """What a payment out of a channel says besides."""

    channel_id: bytes
    channel: ChannelConfig
    cumulative_base_units: int
    """Highest sum over the channel's life that the payer signed for, this request included."""
    deposit: ChannelDeposit | None
    """To be brought into the channel before the voucher can be claimed."""


@dataclass(frozen=True)
class Order:
    """A request whose payment was found to be good."""

    payment_key: str
    """Names the payment on its chain: the same payment has the same key, whatever it is presented for."""
    resource: str
    """Path that was asked for."""
    body: bytes
    model: str
    """Name of the model, as in the path."""
    model_id: bytes
    tier: Tier
    asset: str
    payer: str
    payment: SignedPayment
    max_amount_base_units: int
    """Most that this request may cost."""
    deadline_s: int
    """Unix time after which the payment cannot be collected; 0 when it has none."""
    voucher: Voucher | None = None
    """For the scheme `batch-settlement`."""
    streamed: bool = False
    """Parts of the answer leave before it is complete: it cannot be run again."""

    @property
    def job_id(self) -> bytes:
        """32 bytes by which the request is found later."""
        return bytes(keccak(text=self.payment_key))

    @property
    def fingerprint(self) -> bytes:
        """32 bytes; a payment stands for one resource and one body."""
        return bytes(keccak(self.resource.encode() + b"\n" + self.body))


@dataclass(frozen=True)
class Computed:
    """What a model gave."""

    amount_base_units: int
    """What it costs; from 1 to the order's maximum."""
    request_hash: bytes
    response_hash: bytes
    served_at_s: int
    response: bytes
    """JSON object that the client gets, without receipt, settlement and evidence."""
    proof: ZkProof | None = None
    """For the tier ZKML only."""


@dataclass(frozen=True)
class Settlement:
    """Where a request was settled."""

    transaction: str
    block: int
    gas_used: int
    """Gas of the whole transaction, which other receipts may share."""
    seq: int
    development: bool
    unbound: bool


@dataclass(frozen=True)
class Job:
    """A paid request as it is stored now."""

    order: Order
    state: JobState
    created_at_s: float
    computed: Computed | None = None
    nonce: int | None = None
    """The prover's nonce in the receipt, from `computed` on."""
    receipt_hash: bytes | None = None
    evidence: dict[str, Any] | None = None
    """What backs the receipt, as JSON for the client, with its Merkle proof; from `evidenced` on."""
    transaction: str = ""
    """Hash of the newest transaction that carries it; empty before there is one."""
    settlement: Settlement | None = None
    reason: Reason | None = None
    """Why it was skipped or released, or what is known of an unknown one."""


class Jobs(Protocol):
    """The paid requests of this prover, durable. May be used from one event loop by many tasks."""

    async def reserve(self, order: Order) -> tuple[Job, bool]:
        """Stores the order before it runs. The bool tells whether the job is new and the caller's to run.

        The same payment for the same resource and body gives the job that is there; one that was released
        begins anew.

        Raises:
            PaymentInUseError: the payment stands for another request.
            ChannelStateError: the voucher does not go on from what its channel was charged.
            BusyError: too many jobs wait already.
        """
        ...

    async def computed(self, job_id: bytes, computed: Computed) -> Job:
        """Stores what the model gave; from then on the answer never changes. Twice is fine."""
        ...

    async def release(self, job_id: bytes, reason: Reason) -> Job:
        """Gives the payment back: the job ran in vain and nothing was sent."""
        ...

    async def find(self, job_id: bytes) -> Job | None:
        """The job with this id, or whose receipt hash this is."""
        ...

    async def wait(self, job_id: bytes, *states: JobState, timeout_s: float) -> Job:
        """The job once it is in one of the states or over, or as it is when the time has passed."""
        ...
