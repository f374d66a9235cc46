"""The tiers: how strongly a result is backed."""

from __future__ import annotations

from enum import IntEnum

from veritally.errors import UnknownTierError


class Tier(IntEnum):
    """Same numbers and order as `contracts/types/Tier.sol`; lower-case names in JSON and URLs."""

    NONE = 0
    SIGNED = 1
    TEE = 2
    ZKML = 3

    @property
    def label(self) -> str:
        """Lower-case name, as used in JSON, URLs and tables."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Tier:
        """Tier of a lower-case name.

        Raises:
            UnknownTierError: `label` is not one of `signed`, `tee`, `zkml`.
        """
        for tier in SETTLED_TIERS:
            if tier.label == label:
                return tier
        raise UnknownTierError(label, [tier.label for tier in SETTLED_TIERS])


SETTLED_TIERS: tuple[Tier, ...] = (Tier.SIGNED, Tier.TEE, Tier.ZKML)
