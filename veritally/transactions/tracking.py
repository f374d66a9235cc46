"""Finds out what became of what was sent: landings, replaced blocks, finality, nonces that others used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from veritally.transactions.entries import Entry, Landed
from veritally.transactions.errors import EndpointError, ReorgPastFinalityError
from veritally.transactions.intents import Landing
from veritally.transactions.node import Node, Taker
from veritally.transactions.nodes import Nodes, View
from veritally.transactions.states import State
from veritally.transactions.store import Store


class Tracker:
    """Reads the chain and moves intents between `broadcast`, `unknown`, `mined` and `final`."""

    def __init__(self, store: Store, nodes: Nodes, sender: str, confirmations: int | None) -> None:
        self._store = store
        self._nodes = nodes
        self._sender = sender
        self._confirmations = confirmations

    def hold_to_final(self, views: Sequence[View], view: View) -> None:
        """Refuses a node that is on another chain than the one that was final.

        Raises:
            ReorgPastFinalityError: as many nodes are as must agree.
            EndpointError: only fewer are, among them this one.
        """
        account = self._store.account()
        number, expected = account.final_number, account.final_hash
        if number is None or expected is None or not _contradicts(view, number, expected):
            return
        against = [other.node.host for other in views if self._denies(other, number, expected)]
        if len(against) >= self._nodes.agreeing:
            raise ReorgPastFinalityError(number, expected, against)
        raise EndpointError(view.node.host, f"has another block {number} than the one that was final")

    def follow(self, view: View, count: int) -> None:
        """Takes back what is on the chain no more, and finds what has landed by now."""
        for mined in self._store.mined():
            landing = mined.landing
            if landing.block_number > view.head.number:
                continue  # this node has not come so far, or is on a shorter chain: not for it to say
            if _is_on_chain(view.node, landing):
                break  # and so are the blocks below
            self._store.note_gone(mined)
        for entry in self._store.open_entries(below_nonce=count):
            self._look_for(view.node, entry)

    def conclude(self, views: Sequence[View], view: View) -> None:
        """Makes final what is final, and gives up nonces that others used for ever."""
        mined = self._store.mined()
        if not mined and not self._store.count_open():
            return
        height = self._final_height(view)
        self._finalise(views, view, [entry for entry in mined if entry.landing.block_number <= height])
        if height < 0:
            return
        used = view.node.transaction_count(self._sender, height)
        for entry in self._store.open_entries(below_nonce=used):
            self._explain(views, view, entry, height)

    def accept(self, views: Sequence[View]) -> None:
        """Makes what is final by a block that enough nodes do not have any more open again.

        Raises:
            NoEndpointError: not enough nodes answer.
        """
        while (entry := self._store.highest_final()) is not None:
            landing = entry.landing
            if self._nodes.agree(views, partial(_has, landing)):
                self._store.hold_to(landing.block_number, landing.block_hash)
                return
            if not self._nodes.agree(views, partial(_has_not, landing)):
                raise self._nodes.disagree(landing.block_number)
            self._store.note_gone(entry)
        self._store.hold_to(None, None)

    def _look_for(self, node: Node, entry: Entry) -> None:
        for attempt in reversed(entry.attempts):
            landing = node.landing(attempt.tx_hash, attempt.is_call)
            if landing is not None:
                self._store.note_landed(entry, landing)
                return
        if entry.attempts and entry.state != State.UNKNOWN:
            problem = f"{node.host}: nonce {entry.nonce} is used, but it knows none of our transactions there"
            self._store.note_sent(entry, State.UNKNOWN, problem)

    def _finalise(self, views: Sequence[View], view: View, due: Sequence[Landed]) -> None:
        """Block by block, lowest first."""
        for _, group in groupby(reversed(due), key=lambda entry: entry.landing.block_hash):
            entries = list(group)
            landings = [entry.landing for entry in entries]
            if not all(_is_on_chain(view.node, landing) for landing in landings):
                for entry in entries:
                    self._store.note_gone(entry)
            elif self._nodes.agree(views, partial(self._is_final, landings)):
                self._store.note_final(entries)

    def _is_final(self, landings: Sequence[Landing], view: View) -> bool:
        height = self._final_height(view)
        return all(
            landing.block_number <= height and _is_on_chain(view.node, landing) for landing in landings
        )

    def _explain(self, views: Sequence[View], view: View, entry: Entry, height: int) -> None:
        """Finds the transaction that used the nonce of an intent of which no receipt was found."""
        taker = view.node.taker(self._sender, entry.nonce, height)
        kind = _kind(entry, taker)
        if kind is not None:
            landing = view.node.landing(taker.tx_hash, kind)
            if landing is not None:
                self._store.note_landed(entry, landing)
        elif self._nodes.agree(views, lambda other: self._names(other, entry, taker)):
            self._store.displace(entry, taker.tx_hash)

    def _names(self, view: View, entry: Entry, taker: Taker) -> bool:
        """Whether a node says, too, that `taker` used the nonce for ever."""
        height = self._final_height(view)
        if height < 0 or view.node.transaction_count(self._sender, height) <= entry.nonce:
            return False
        return view.node.taker(self._sender, entry.nonce, height) == taker

    def _final_height(self, view: View) -> int:
        """The highest block that is final for this node; -1 when there is none."""
        if self._confirmations is not None:
            return view.head.number - self._confirmations + 1
        block = view.node.block("finalized")
        return -1 if block is None else block.number

    def _denies(self, view: View, number: int, expected: str) -> bool:
        try:
            return _contradicts(view, number, expected)
        except EndpointError as error:
            self._nodes.failed(view.node, error)
            return False


def _kind(entry: Entry, taker: Taker) -> bool | None:
    """Whether a transaction is the call of an intent, or its filler (False); None: it is foreign.

    One that does the same is the call, although its bytes are not known: they may have been lost with a
    database that was restored from an older copy.
    """
    for attempt in entry.attempts:
        if attempt.tx_hash == taker.tx_hash:
            return attempt.is_call
    return True if entry.key is not None and taker.does(entry.call) else None


def _is_on_chain(node: Node, landing: Landing) -> bool:
    block = node.block(landing.block_number)
    return block is not None and block.hash == landing.block_hash and landing.tx_hash in block.transactions


def _has(landing: Landing, view: View) -> bool:
    return _is_on_chain(view.node, landing)


def _has_not(landing: Landing, view: View) -> bool:
    return not _is_on_chain(view.node, landing)


def _contradicts(view: View, number: int, expected: str) -> bool:
    if view.head.number < number:
        return False
    block = view.node.block(number)
    return block is not None and block.hash != expected
