"""How things stand: of the paid requests, of the sender's transactions, and of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class BookStanding:
    """What the database says of the paid requests and of the transactions that settle them."""

    jobs: Mapping[str, int]
    """Number of requests by state."""
    open_jobs: Mapping[str, Mapping[str, int]]
    """Number of requests that are not over, by state and tier."""
    oldest_s: Mapping[str, float]
    """By state: age in seconds of the oldest request that is not over."""
    reasons: Mapping[str, int]
    """Number of requests that were skipped or released, by the code of the reason."""
    proofs: Mapping[str, int]
    """Number of proofs by state."""
    transactions: Mapping[str, int]
    """Number of transactions by state."""
    oldest_unconfirmed_s: float
    """Age in seconds of the oldest transaction that is in no block; 0 when there is none."""
    next_nonce: int | None
    """Of the next transaction; None before the first one."""
    paused: str | None
    """Why nothing new is sent."""
    earned_base_units: Mapping[str, int]
    """By asset: what was settled in the last day."""
    gas_wei: int
    """What the transactions of the last day cost."""

    @property
    def in_flight(self) -> int:
        """Transactions that are signed and in no block."""
        return sum(self.transactions.get(state, 0) for state in ("signed", "broadcast", "unknown"))


@dataclass(frozen=True)
class ChainStanding:
    """What the nodes say."""

    problems: Mapping[str, str | None]
    """By node's host: what is wrong with it; None when nothing is."""
    head_number: int
    head_age_s: float
    """Seconds since the time of the latest block."""
    balance_wei: int
    """Of the prover's account."""
    chain_nonce: int
    """Transactions of the prover's account that are in blocks."""
    base_fee_wei: int
    routes: Mapping[str, str]
    """By tier that is offered: `active`, `pending` or `stopped`."""
    enclave_valid_s: Mapping[str, float] = field(default_factory=dict)
    """By model: seconds until the enclave's key expires."""


@dataclass(frozen=True)
class Standing:
    """Everything, at one time."""

    at_s: float
    """Unix time."""
    book: BookStanding | None
    """None when the database does not answer; `problems` says why."""
    chain: ChainStanding | None
    """None when no node answers."""
    problems: tuple[str, ...] = ()
    """Sentences that say why the service is not ready."""
    draining: bool = False
    """Whether no new requests are taken."""

    @property
    def is_ready(self) -> bool:
        """Whether paid requests are taken and can be settled."""
        return not self.problems and not self.draining

    def to_json(self) -> dict[str, Any]:
        """As JSON; what may be above 2^53 as decimal strings."""
        shown = asdict(self) | {"ready": self.is_ready}
        if self.book:
            shown["book"]["earned_base_units"] = _texts(self.book.earned_base_units)
            shown["book"]["gas_wei"] = str(self.book.gas_wei)
            shown["book"]["in_flight"] = self.book.in_flight
        if self.chain:
            shown["chain"]["balance_wei"] = str(self.chain.balance_wei)
            shown["chain"]["base_fee_wei"] = str(self.chain.base_fee_wei)
        return shown


def _texts(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}
