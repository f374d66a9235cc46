"""The transaction manager: takes intents, and sees to it that each of them lands once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from eth_account.signers.local import LocalAccount
from sqlmodel import Session

from veritally.chain import with_reserve
from veritally.transactions import registration
from veritally.transactions.database import Database
from veritally.transactions.desk import Desk
from veritally.transactions.errors import (
    DatabaseError,
    InvalidIntentError,
    NoEndpointError,
)
from veritally.transactions.gaps import GapFiller
from veritally.transactions.intents import Intent, IntentStatus
from veritally.transactions.lease import Key, Lease
from veritally.transactions.nodes import Nodes, View
from veritally.transactions.policy import Policy, Report
from veritally.transactions.sending import Sender
from veritally.transactions.signing import Signer
from veritally.transactions.states import State
from veritally.transactions.store import Store
from veritally.transactions.tracking import Tracker

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 1.0


class TransactionManager:
    """Owns one key on one chain. May be used by several threads; one round runs at a time."""

    def __init__(
        self, database: Database, lease: Lease, nodes: Nodes, signer: Signer, policy: Policy
    ) -> None:
        """Use `open`."""
        self.key = lease.key
        self._database = database
        self._lease = lease
        self._nodes = nodes
        self._desk = Desk(database, lease)
        self._store = Store(database, lease)
        self._tracker = Tracker(self._store, nodes, signer.address, policy.confirmations)
        self._sender = Sender(self._store, signer, policy.fees, policy.max_in_flight)
        self._gaps = GapFiller(self._store, signer.address)
        self._ticking = threading.Lock()

    @classmethod
    def open(
        cls,
        database: Database,
        account: LocalAccount,
        chain_id: int,
        rpc_urls: Sequence[str],
        policy: Policy | None = None,
    ) -> TransactionManager:
        """Becomes the owner of `account` on a chain. Asks nodes only the first time that it is used.

        Raises:
            KeyInUseError: another process owns it.
            NoEndpointError: it is new, and nodes do not answer or do not agree on its nonce.
            SettingError: a URL is none.
        """
        policy = policy or Policy()
        key = Key(chain_id, account.address)
        nodes = Nodes(rpc_urls, chain_id, policy.agreeing_nodes, policy.timeout_s)
        try:
            registration.register(database, key, nodes)
            lease = Lease.acquire(database, key, policy.lease_s)
        except BaseException:
            nodes.close()
            raise
        return cls(database, lease, nodes, Signer(account, chain_id), policy)

    def submit(self, intent: Intent) -> IntentStatus:
        """Stores an intent with its nonce, in one database transaction. From then on it is not lost.

        Submitting the same again changes nothing. Without a gas limit the call is tried first.

        Raises:
            InvalidIntentError: no chain would take it.
            IntentConflictError: the key names another intent.
            CallRefusedError: the call reverts when it is tried; nothing is stored.
            NoEndpointError: it cannot be tried; nothing is stored.
            LeaseLostError: another process owns the key; nothing is stored.
        """
        intent.check()
        gas_limit = intent.call.gas_limit or self._desk.stored_gas_limit(intent.key) or self._estimate(intent)
        with self._database.transaction() as session:
            return self._desk.insert(session, intent, gas_limit)

    def submit_within(self, session: Session, intent: Intent) -> IntentStatus:
        """Like `submit`, in a transaction that the caller began with `transaction()` of the same database.

        So an intent and the caller's own rows are stored together, or not at all. Needs a gas limit.

        Raises:
            InvalidIntentError: no chain would take it, or it has no gas limit.
            IntentConflictError: the key names another intent.
            LeaseLostError: another process owns the key.
        """
        intent.check()
        if intent.call.gas_limit is None:
            rule = "name it: nothing is tried while a database transaction is open"
            raise InvalidIntentError("gas_limit", None, rule)
        return self._desk.insert(session, intent, intent.call.gas_limit)

    def status(self, key: str) -> IntentStatus:
        """What is known about an intent, from the database alone.

        Raises:
            UnknownIntentError: there is none with this key.
        """
        return self._desk.status(key)

    def cancel(self, key: str) -> IntentStatus:
        """Has the nonce of an intent filled by a transfer of nothing, if that lands before the call does.

        The outcome tells which one landed. Does nothing when one of them has landed.

        Raises:
            UnknownIntentError: there is none with this key.
            LeaseLostError: another process owns the key.
        """
        return self._desk.cancel(key)

    def wait(self, key: str, until: State = State.MINED, timeout_s: float = 120.0) -> IntentStatus:
        """Works until an intent is `mined` or `final`, or the time is over; tells how far it is then.

        That it is not mined in time is no failure: it may still land.

        Raises:
            UnknownIntentError: there is none with this key.
            LeaseLostError: another process owns the key.
            ReorgPastFinalityError: the chain has replaced a final block.
        """
        deadline = time.monotonic() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            status = self.status(key)
            if status.state.reaches(until) or time.monotonic() >= deadline:
                return status
            try:
                self.tick()
            except NoEndpointError as error:
                _LOG.warning("%s", error)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def tick(self) -> Report:
        """One round: looks what has landed, signs and hands over what is due. Safe to repeat at any time.

        Raises:
            NoEndpointError: no node gives usable answers; nothing is lost, call it again later.
            LeaseLostError: another process owns the key.
            ReorgPastFinalityError: the chain has replaced a final block.
        """
        with self._ticking:
            self._lease.renew()
            views = self._nodes.views()
            return self._nodes.try_each(views, lambda view: self._round(views, view))

    def run(self, stop: threading.Event, poll_s: float = 1.0) -> None:
        """Rounds until `stop` is set. What passes by itself is logged, everything else is raised.

        Raises:
            LeaseLostError: another process owns the key.
            ReorgPastFinalityError: the chain has replaced a final block.
        """
        while not stop.is_set():
            try:
                report = self.tick()
                if report.paused:
                    _LOG.warning(
                        "%s on chain %d is paused: %s", self.key.sender, self.key.chain_id, report.paused
                    )
            except (NoEndpointError, DatabaseError) as error:
                _LOG.warning("%s", error)
            stop.wait(poll_s)

    def accept_reorg(self) -> None:
        """After a reorg past finality: takes the chain that nodes have now, and sends again what it lost.

        Raises:
            NoEndpointError: not as many nodes as must agree have answered.
        """
        with self._ticking:
            self._tracker.accept(self._nodes.views())

    def close(self) -> None:
        """Lets another process own the key at once. What is stored stays, and is sent by the next owner."""
        self._lease.release()
        self._nodes.close()

    def __enter__(self) -> TransactionManager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _round(self, views: Sequence[View], view: View) -> Report:
        """With what one node says. It may stop anywhere, and be begun again with another node."""
        self._tracker.hold_to_final(views, view)
        count = view.node.transaction_count(self.key.sender, view.head.number)
        balance_wei = view.node.balance_wei(self.key.sender)
        account = self._store.account()
        self._tracker.follow(view, count)
        self._gaps.run(view, count, account.first_nonce)
        paused = self._sender.run(views, view, count, balance_wei)
        if paused != account.paused:
            self._store.pause(paused)
        self._tracker.conclude(views, view)
        return Report(
            head_number=view.head.number,
            chain_nonce=count,
            next_nonce=account.next_nonce,
            open=self._store.count_open(),
            balance_wei=balance_wei,
            paused=paused,
            problems=dict(self._nodes.problems),
        )

    def _estimate(self, intent: Intent) -> int:
        """The gas limit of a call that is tried: what it burns, and a fifth more."""

        def ask(view: View) -> int:
            return with_reserve(view.node.estimate_gas(intent.key, self.key.sender, intent.call))

        return self._nodes.try_each(self._nodes.views(), ask)
