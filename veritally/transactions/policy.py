"""How a manager works, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from veritally.transactions.errors import SettingError
from veritally.transactions.fees import FeePolicy


@dataclass(frozen=True)
class Policy:
    """How a manager works."""

    fees: FeePolicy = field(default_factory=FeePolicy)
    confirmations: int | None = None
    """Blocks that make a transaction final, its own included. None: what the chain calls finalized."""
    max_in_flight: int = 16
    """Transactions that may wait for their block at the same time."""
    agreeing_nodes: int | None = None
    """Nodes that must say the same before something is concluded for ever. None: two, if there are two."""
    lease_s: float = 60.0
    """So long after the last round nobody else may own the key."""
    timeout_s: float = 10.0
    """For one request to a node."""

    def __post_init__(self) -> None:
        """Raises:
        SettingError: nothing could be sent, or nothing would become final, with these values.
        """
        if self.confirmations is not None and self.confirmations < 1:
            raise SettingError("confirmations", f"{self.confirmations} is below 1")
        if self.max_in_flight < 1 or self.lease_s <= 0 or self.timeout_s <= 0:
            raise SettingError("policy", "needs max_in_flight >= 1, and a lease and a time-out above 0 s")


@dataclass(frozen=True)
class Report:
    """How things stand after a round."""

    head_number: int
    chain_nonce: int
    """The sender's transactions that are in blocks."""
    next_nonce: int
    """For the next intent."""
    open: int
    """Intents that have not landed."""
    balance_wei: int
    paused: str | None
    """Why nothing new is signed."""
    problems: dict[str, str]
    """What is wrong with nodes, by host."""
