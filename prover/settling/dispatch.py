"""Decides what is settled now, tries it, and hands it to the transaction manager."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence

from prover.jobs.job import Reason
from prover.jobs.rows import Book, require
from prover.jobs.writer import Unit, Writer
from prover.settling import ledger
from prover.settling.bundles import Bundle, Item, bundle, fits, gas_floor, pack
from prover.settling.deposits import bring_deposits, channels_without_deposit
from prover.settling.judging import Judge, Ready
from prover.settling.looking_up import SETTLED_BEFORE, Finder
from prover.settling.policy import SettlingPolicy
from prover.settling.withdrawals import Watch
from veritally.chain import TRANSACTION_GAS_CAP, Chain
from veritally.transactions import Call, Intent, TransactionManager

_log = logging.getLogger("veritally.prover")
_MOST_AT_ONCE = 2_000
"""Requests that are looked at together."""
_LATER_S = 1.0
_MUCH_LATER_S = 30.0
_UNPROFITABLE = Reason("unprofitable", "its gas would cost more than it earns now; ask again later")


class Dispatcher:
    """Settles what is due. For one thread."""

    def __init__(
        self,
        chain: Chain,
        writer: Writer,
        book: Book,
        manager: TransactionManager,
        judge: Judge,
        policy: SettlingPolicy,
    ) -> None:
        self._chain = chain
        self._writer = writer
        self._book = book
        self._manager = manager
        self._judge = judge
        self._policy = policy
        self._finder = Finder(chain, book.domain)
        self._watch = Watch(writer, chain)
        self._next_look_s = 0.0
        self._is_urgent = False
        self._vouchers_not_before_s = 0.0

    def step(self, now_s: float, everything: bool, sent: Callable[[], None]) -> float:
        """Settles what is due at `now_s`, or everything. Returns when the next thing is due, at the latest.

        Raises:
            ChainUnreachableError, NoEndpointError: nothing is lost, do it again.
        """
        try:  # whichever of the two cannot be done now, the other one is
            paid_s = self._settle_paid(now_s, everything, sent)
        finally:
            channels_s = self._settle_channels(now_s, everything, sent)
        return min(paid_s, channels_s)

    def _settle_channels(self, now_s: float, everything: bool, sent: Callable[[], None]) -> float:
        """Deposits on their way, withdrawals, and what channels pay for."""
        if bring_deposits(self._writer, self._manager):
            sent()
        if now_s >= self._next_look_s:
            self._is_urgent = self._watch.look()
            self._next_look_s = now_s + self._policy.withdrawals_every_s
        vouchers_s = self._settle_vouchers(now_s, everything or self._is_urgent, sent)
        return min(vouchers_s, self._next_look_s)

    def _settle_paid(self, now_s: float, everything: bool, sent: Callable[[], None]) -> float:
        """Requests whose clients wait for the block."""
        with self._writer.database.reading() as session:
            found = ledger.waiting(session, self._book, of_channels=False, limit=_MOST_AT_ONCE)
            if not found:
                return float("inf")
            first_s = min(item.computed_at_s for item in found)
            bundles = bundle(found)
            due_s = first_s + self._policy.window_s
            if now_s >= due_s and ledger.is_running_since(session, due_s):
                due_s = first_s + self._policy.max_age_s
        if now_s < due_s and fits(bundles) and not everything:
            return min(due_s, now_s + self._policy.window_s) if now_s >= first_s else due_s
        is_last_call = now_s >= first_s + max(self._policy.max_age_s, self._policy.patience_s)
        self._settle(bundles, now_s, sent, give_up=is_last_call, anyway=self._policy.guard.settle_at_a_loss)
        return now_s + _LATER_S

    def _settle_vouchers(self, now_s: float, everything: bool, sent: Callable[[], None]) -> float:
        """Requests of channels, which have been answered."""
        with self._writer.database.reading() as session:
            count, first_s = ledger.count_waiting_vouchers(session)
            if first_s is None:
                return float("inf")
            is_old = now_s >= first_s + self._policy.voucher_max_age_s
            is_due = is_old or everything or count >= self._policy.voucher_batch
            if not is_due or (now_s < self._vouchers_not_before_s and not everything):
                return max(first_s + self._policy.voucher_max_age_s, self._vouchers_not_before_s)
            found = ledger.waiting(session, self._book, of_channels=True, limit=_MOST_AT_ONCE)
            unready = channels_without_deposit(session) | ledger.channels_under_way(session)
        bundles = bundle(item for item in found if item.channel_id not in unready)
        anyway = self._policy.guard.settle_at_a_loss and (is_old or everything)
        self._vouchers_not_before_s = 0.0
        if bundles and not self._settle(bundles, now_s, sent, give_up=False, anyway=anyway):
            self._vouchers_not_before_s = now_s + _MUCH_LATER_S
        return now_s + _LATER_S

    def _settle(
        self,
        bundles: Sequence[Bundle],
        now_s: float,
        sent: Callable[[], None],
        give_up: bool,
        anyway: bool,
    ) -> bool:
        """Tries bundles and sends what can be settled; tells whether nothing was put off."""
        all_sent = True
        for batch in pack(bundles):
            verdict = self._judge.judge(batch)
            refused = [pair for pair in verdict.refused if not self._may_pass(pair[0], now_s)]
            all_sent = all_sent and len(refused) == len(verdict.refused)
            if refused:
                self._refuse(refused)
            for ready in verdict.ready:
                if anyway or not self._loses(ready):
                    self._send(ready)
                    sent()
                elif give_up:
                    self._refuse([(item, _UNPROFITABLE) for one in ready.bundles for item in one.items])
                else:
                    all_sent = False
        return all_sent

    def _may_pass(self, item: Item, now_s: float) -> bool:
        """Whether a refusal may pass by itself: nobody waits for what a channel pays for."""
        return item.channel_id is not None and now_s < item.computed_at_s + self._policy.voucher_patience_s

    def _loses(self, ready: Ready) -> bool:
        guard = self._policy.guard
        if guard.prices is None:
            return False
        with self._chain.reading():
            price_wei = int(self._chain.w3.eth.gas_price)
        if not guard.loses(ready.bundles, ready.gas_used, price_wei):
            return False
        _log.warning("a batch would cost %d wei of gas, more than it earns", ready.gas_used * price_wei)
        return True

    def _send(self, ready: Ready) -> None:
        """Evidence first, then the batch with its intent, in one transaction."""
        ids = [item.job_id for group in ready.groups for item in group.items]
        self._writer.run(lambda unit: ledger.evidenced(unit, ready.groups), *ids)
        call = Call(self._book.domain.settlement, ready.calldata, gas_limit=_gas_limit(ready))
        intent = Intent(f"settle:{secrets.token_hex(12)}", call)
        self._writer.run(lambda unit: ledger.submitted(unit, self._manager, intent, ready.groups), *ids)
        _log.info("settling %d requests by %s", len(ids), intent.key)

    def _refuse(self, refused: Sequence[tuple[Item, Reason]]) -> None:
        before = [item for item, reason in refused if reason.code == SETTLED_BEFORE]
        others = [pair for pair in refused if pair[1].code != SETTLED_BEFORE]
        for item, reason in others:
            _log.warning("request 0x%s cannot be settled: %s", item.job_id.hex(), reason.message)
        self._writer.run(lambda unit: ledger.skipped(unit, others), *(item.job_id for item, _ in others))
        for item in before:
            self._settled_before(item)

    def _settled_before(self, item: Item) -> None:
        """As after the database was restored from an older copy."""
        settlement = self._finder.find(item.receipt_hash)

        def note(unit: Unit) -> None:
            row = require(unit, item.job_id)
            if settlement is not None:
                ledger.settled(unit, row, settlement, row.batch_id)
            else:
                ledger.lost(unit, row)

        self._writer.run(note)


def _gas_limit(ready: Ready) -> int:
    """What the trial burned and a third more, at least what must be there; all there is for a second try."""
    if any(item.items[0].alone for item in ready.bundles):
        return TRANSACTION_GAS_CAP
    least = max(gas_floor(ready.bundles), 21_000 + 40 * len(ready.calldata))
    return min(max(ready.gas_used * 13 // 10, least), TRANSACTION_GAS_CAP)
