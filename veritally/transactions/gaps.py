"""Fills nonces that nobody uses: everything behind them would wait for ever."""

from __future__ import annotations

from veritally.transactions.nodes import View
from veritally.transactions.store import Store

_ROUNDS = 3
"""So often a gap must be seen before it is filled."""


class GapFiller:
    """Looks for the lowest nonce that is free while higher ones are taken."""

    def __init__(self, store: Store, sender: str) -> None:
        self._store = store
        self._sender = sender
        self._seen: tuple[int, int] = (-1, 0)
        """A gap, and how often it was seen in a row."""

    def run(self, view: View, count: int, first_nonce: int) -> None:
        """Stores an intent for the gap when it is there to stay.

        Args:
            view: The node to ask whether somebody else's transaction waits at that nonce.
            count: The sender's transactions that are in blocks.
            first_nonce: Nonces below are none of ours.
        """
        gap = self._lowest_gap(max(count, first_nonce))
        if gap is None or view.node.transaction_count(self._sender, "pending") > gap:
            self._seen = (-1, 0)
            return
        times = self._seen[1] + 1 if self._seen[0] == gap else 1
        self._seen = (gap, times)
        if times >= _ROUNDS:
            self._store.fill_gap(gap)

    def _lowest_gap(self, lowest: int) -> int | None:
        for expected, nonce in enumerate(self._store.used_nonces(lowest), start=lowest):
            if nonce != expected:
                return expected
        return None
