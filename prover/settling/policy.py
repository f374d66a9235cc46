"""When and how requests are settled."""

from __future__ import annotations

from dataclasses import dataclass, field

from prover.settling.profit import Guard


@dataclass(frozen=True)
class SettlingPolicy:
    """When and how requests are settled."""

    window_s: float = 0.25
    """For which a computed request waits for others, when its client waits for the block."""
    max_age_s: float = 1.0
    """After which it is settled although others that came with it still run."""
    patience_s: float = 15.0
    """After which it is given up when its gas still costs more than it earns."""
    voucher_max_age_s: float = 600.0
    """For which a request of a channel waits for others."""
    voucher_batch: int = 256
    """So many requests of channels are settled without waiting."""
    voucher_patience_s: float = 120.0
    """So old a request of a channel is before it is given up: a node that is behind refuses it, too."""
    withdrawals_every_s: float = 60.0
    """How often channels are asked whether their payers want their money back."""
    contents_kept_s: float = 7_200.0
    """After which request and answer of what is over are deleted; nobody gets an answer again by then."""
    poll_s: float = 0.25
    """Between two looks at the chain while something is under way."""
    idle_poll_s: float = 2.0
    """Between two looks while nothing is."""
    guard: Guard = field(default_factory=lambda: Guard(None))
