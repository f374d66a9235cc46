"""Signs, hands over, hands over again, and replaces: always on the nonce that an intent has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veritally.chain import with_reserve
from veritally.transactions.entries import Attempt, Entry
from veritally.transactions.errors import CallRefusedError, EndpointError
from veritally.transactions.fees import FeePolicy, Fees
from veritally.transactions.intents import Call
from veritally.transactions.nodes import View
from veritally.transactions.signing import Signer
from veritally.transactions.states import State
from veritally.transactions.store import Store

FILLER_GAS = 21_000
_MOST_FILLER_GAS = 2_000_000
"""Some chains charge what they pay to another one as gas."""
_ROUNDS_UNTIL_AGAIN = 8
"""After which bytes are handed over again although there is no new block."""
_DEEPEST_STEP_BACK = 64
"""A node that is further behind than this was wrong about the head before."""


@dataclass(frozen=True)
class _HandedOver:
    block: int
    """The latest one then."""
    round: int


@dataclass
class _Round:
    """What holds for one round."""

    views: Sequence[View]
    view: View
    count: int
    """Transactions of the sender that are in blocks."""
    offer: Fees | None
    """None: the ceiling is too low."""
    spendable_wei: int
    """What no transaction that is under way may need."""
    paused: str | None = None


class Sender:
    """Moves intents from `queued` to `broadcast`, and keeps them there."""

    def __init__(self, store: Store, signer: Signer, policy: FeePolicy, max_in_flight: int) -> None:
        self._store = store
        self._signer = signer
        self._policy = policy
        self._max_in_flight = max_in_flight
        self._handed_over: dict[str, _HandedOver] = {}
        """By this process, of what is open."""
        self._rounds = 0

    def run(self, views: Sequence[View], view: View, count: int, balance_wei: int) -> str | None:
        """Sends what is due. Returns why nothing new is signed; None when it is."""
        self._rounds += 1
        entries = self._store.open_entries(below_nonce=count + self._max_in_flight)
        entries = [entry for entry in entries if entry.nonce >= count]
        latest = {attempt.tx_hash: attempt for entry in entries if (attempt := entry.latest)}
        self._handed_over = {h: note for h, note in self._handed_over.items() if h in latest}
        if not entries:
            return None
        spendable_wei = balance_wei - sum(attempt.cost_wei for attempt in latest.values())
        offer = self._policy.offer(view.head.base_fee_wei, view.node.suggested_tip_wei())
        state = _Round(views, view, count, offer, spendable_wei)
        for entry in entries:
            self._advance(entry, state)
        return state.paused

    def _advance(self, entry: Entry, state: _Round) -> None:
        attempt = self._sign(entry, state)
        if attempt is not None:
            self._store.add_attempt(entry, attempt)
        current = attempt or entry.latest
        if current is not None and self._is_due(entry, current, state):
            self._hand_over(entry, current, state)

    def _sign(self, entry: Entry, state: _Round) -> Attempt | None:
        """The next bytes for an intent, if it needs any; or pauses."""
        latest = entry.latest
        if latest is not None and not self._needs_replacement(entry, latest, state):
            return None
        if latest is None and state.paused:
            return None  # it could not land before the one that waits
        fees = state.offer
        if fees is not None and latest is not None:
            fees = self._policy.replacement(latest.fees, fees)
        if fees is None:
            state.paused = state.paused or f"fees are above the ceiling of {self._policy.ceiling_wei} wei"
            return None
        attempt = self._make(entry, fees, state)
        more_wei = attempt.cost_wei - (latest.cost_wei if latest else 0)
        if more_wei > state.spendable_wei:
            state.paused = state.paused or f"the balance is {more_wei - state.spendable_wei} wei too low"
            return None
        state.spendable_wei -= more_wei
        return attempt

    def _make(self, entry: Entry, fees: Fees, state: _Round) -> Attempt:
        block = state.view.head.number
        if not entry.cancelled:
            return self._signer.sign(entry, fees, block)
        return self._signer.fill(entry, self._filler_gas(state.view), fees, block)

    def _filler_gas(self, view: View) -> int:
        try:
            needed = view.node.estimate_gas("filler", self._signer.address, Call(self._signer.address))
        except (EndpointError, CallRefusedError):
            return FILLER_GAS
        return FILLER_GAS if needed <= FILLER_GAS else min(with_reserve(needed), _MOST_FILLER_GAS)

    def _needs_replacement(self, entry: Entry, latest: Attempt, state: _Round) -> bool:
        is_wrong_kind = latest.is_call == entry.cancelled
        return is_wrong_kind or self._is_stuck(entry, latest, state)

    def _is_stuck(self, entry: Entry, latest: Attempt, state: _Round) -> bool:
        """Whether it has waited long enough, and not for an earlier nonce only.

        What this process has not handed over yet, for example after a restart, is first handed over as it is.
        """
        handed_over = self._handed_over.get(latest.tx_hash)
        head = state.view.head
        if handed_over is None or handed_over.block == head.number:
            return False
        waited = head.number - latest.signed_at_block
        if -_DEEPEST_STEP_BACK <= waited < self._policy.patience_blocks:
            return False
        is_next = entry.nonce == state.count
        return is_next or latest.fees.max_fee_wei < head.base_fee_wei + latest.fees.tip_wei

    def _is_due(self, entry: Entry, attempt: Attempt, state: _Round) -> bool:
        """With each new block, sometimes without one, and at once when no node is known to have it."""
        handed_over = self._handed_over.get(attempt.tx_hash)
        if entry.state != State.BROADCAST or handed_over is None:
            return True
        is_new_block = handed_over.block != state.view.head.number
        return is_new_block or self._rounds - handed_over.round >= _ROUNDS_UNTIL_AGAIN

    def _hand_over(self, entry: Entry, attempt: Attempt, state: _Round) -> None:
        """To all nodes. What they refuse may have landed, or may be there: that is found out later."""
        problems = []
        for view in state.views:
            try:
                view.node.send(attempt.raw)
            except EndpointError as error:
                problems.append(str(error))
        is_held = len(problems) < len(state.views)
        problem = None if is_held else "; ".join(problems)
        new_state = State.BROADCAST if is_held else State.UNKNOWN
        if (new_state, problem) != (entry.state, entry.problem):
            self._store.note_sent(entry, new_state, problem)
        self._handed_over[attempt.tx_hash] = _HandedOver(state.view.head.number, self._rounds)
