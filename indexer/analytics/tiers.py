"""Sets of tiers that shares are taken of, and how much an inference weighs in them."""

from __future__ import annotations

from enum import Enum, StrEnum


class TierSet(StrEnum):
    """Tiers next to each other, by their numbers."""

    SIGNED = "signed"
    TEE = "tee"
    ZKML = "zkml"
    STRONG = "strong"
    """TEE and ZKML: somebody other than the prover stands behind the result."""
    ALL = "all"

    @property
    def parameters(self) -> dict[str, int]:
        """Of the SQL."""
        least, most = _RANGES[self]
        return {"least_tier": least, "most_tier": most}

    @property
    def numbers(self) -> range:
        """Of its tiers."""
        least, most = _RANGES[self]
        return range(least, most + 1)


_RANGES = {
    TierSet.SIGNED: (1, 1),
    TierSet.TEE: (2, 2),
    TierSet.ZKML: (3, 3),
    TierSet.STRONG: (2, 3),
    TierSet.ALL: (1, 3),
}

BY_TIER = {1: TierSet.SIGNED, 2: TierSet.TEE, 3: TierSet.ZKML}
"""The set of each single tier."""


class Weighting(Enum):
    """How much a payer with n inferences in a window weighs: min(n, cap)."""

    RAW = "raw", 1 << 62
    """Every inference weighs the same."""
    CAPPED = "capped", 50
    """No payer weighs more than 50 inferences in the window: the headline, and what the verdict tests."""
    PAYER_EQUAL = "payer-equal", 1
    """Every payer weighs the same."""

    def __init__(self, label: str, cap: int) -> None:
        self.label = label
        self.cap = cap
