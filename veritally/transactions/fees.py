"""What to pay for gas, by EIP-1559. All amounts are wei per unit of gas."""

from __future__ import annotations

from dataclasses import dataclass

from veritally.transactions.errors import SettingError

GWEI = 10**9
_PER_MILLE = 1_000
_SMALLEST_BUMP = 100
"""Per mille: below it no node replaces a transaction."""


@dataclass(frozen=True)
class Fees:
    """What a transaction offers."""

    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True)
class FeePolicy:
    """How much is offered, and when more."""

    ceiling_wei: int = 200 * GWEI
    """No transaction ever offers more. When that is not enough, nothing is signed: it is waited."""
    highest_tip_wei: int = 10 * GWEI
    """What a node suggests above it is cut."""
    lowest_tip_wei: int = 1
    base_fee_factor: int = 2
    """How many times the present base fee is offered: it may double in six full blocks."""
    bump_per_mille: int = 125
    """By how much both fees grow with a replacement, at least."""
    patience_blocks: int = 5
    """So long a transaction is waited for before it is replaced."""

    def __post_init__(self) -> None:
        """Raises:
        SettingError: no transaction could be sent or replaced with these values.
        """
        if not 0 < self.lowest_tip_wei <= min(self.highest_tip_wei, self.ceiling_wei):
            raise SettingError("fee policy", "needs 0 < lowest tip <= highest tip, and not above the ceiling")
        if self.bump_per_mille < _SMALLEST_BUMP or self.base_fee_factor < 1 or self.patience_blocks < 1:
            rule = f"needs bump_per_mille >= {_SMALLEST_BUMP}, base_fee_factor >= 1 and patience_blocks >= 1"
            raise SettingError("fee policy", rule)

    def offer(self, base_fee_wei: int, suggested_tip_wei: int) -> Fees | None:
        """Fees of a new transaction; None when the ceiling is too low for the next block."""
        room_wei = self.ceiling_wei - base_fee_wei
        if room_wei < self.lowest_tip_wei:
            return None
        tip_wei = min(max(suggested_tip_wei, self.lowest_tip_wei), self.highest_tip_wei, room_wei)
        return Fees(min(self.base_fee_factor * base_fee_wei + tip_wei, self.ceiling_wei), tip_wei)

    def replacement(self, earlier: Fees, offer: Fees) -> Fees | None:
        """Fees of what replaces `earlier` on its nonce; None when the ceiling is too low for it."""
        tip_wei = max(self._bumped(earlier.tip_wei), offer.tip_wei)
        max_fee_wei = max(self._bumped(earlier.max_fee_wei), offer.max_fee_wei, tip_wei)
        return Fees(max_fee_wei, tip_wei) if max_fee_wei <= self.ceiling_wei else None

    def _bumped(self, fee_wei: int) -> int:
        return fee_wei + max(1, -(-fee_wei * self.bump_per_mille // _PER_MILLE))
