"""What a synthetic world is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trend(StrEnum):
    """What happens to the share of the strong tiers, payer by payer."""

    GROWING = "growing"
    FLAT = "flat"
    SHRINKING = "shrinking"

    @property
    def verdict(self) -> str:
        """What an honest test says of it."""
        return "no clear change" if self is Trend.FLAT else self.value


@dataclass(frozen=True)
class Scenario:
    """What a world is made from; the same scenario is the same world to the last bit."""

    inferences: int = 200_000
    payers: int = 5_000
    weeks: int = 26
    """Full ones; two days of another one follow."""
    trend: Trend = Trend.GROWING
    seed: int = 1

    def __post_init__(self) -> None:
        if self.inferences < 3_000 or self.payers < 100 or self.weeks < 12:
            raise ValueError("a world needs 3,000 inferences, 100 payers and 12 weeks at least")

    @property
    def ring_week(self) -> int:
        """In whose first hours the ring begins."""
        return self.weeks // 4

    @property
    def route_week(self) -> int:
        """At whose start the first verifier of enclaves is stopped."""
        return self.weeks * 6 // 10

    @property
    def contradiction_week(self) -> int:
        """At whose start two outputs of one circuit are shown."""
        return self.weeks * 7 // 10

    @property
    def compromise_week(self) -> int:
        """At whose start an enclave is called compromised, from some time before on."""
        return self.weeks - 3

    @property
    def whale_week(self) -> int:
        """From whose start on one payer buys more than anybody else."""
        return self.weeks - 4
