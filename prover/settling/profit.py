"""Whether a batch earns more than its gas costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prover.settling.bundles import Bundle

_WEI_PER_COIN = 10**18


@dataclass(frozen=True)
class Prices:
    """What the chain's coin and the asset are worth, in the same unit."""

    coin_usd: Fraction
    """Price of one coin (10^18 wei)."""
    asset_usd: Fraction
    """Price of one whole token."""
    decimals: int
    """Of the token."""

    def worth_wei(self, amount_base_units: int) -> int:
        """What an amount of the asset is worth in wei, rounded down."""
        usd = amount_base_units * self.asset_usd / 10**self.decimals
        return int(usd / self.coin_usd * _WEI_PER_COIN)


@dataclass(frozen=True)
class Guard:
    """Refuses batches that cost more gas than they earn."""

    prices: Prices | None
    """None: nothing is known about prices, so that nothing is refused."""
    settle_at_a_loss: bool = False
    """Settle what has waited as long as it may, whatever it costs."""

    def loses(self, bundles: Sequence[Bundle], gas_used: int, gas_price_wei: int) -> bool:
        """Whether a transaction with these earns less than its gas costs now."""
        if self.prices is None:
            return False
        earned = sum(item.receipt.amount_base_units for bundle in bundles for item in bundle.items)
        return self.prices.worth_wei(earned) < gas_used * gas_price_wei
