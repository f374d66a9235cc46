"""What tests of payments look at afterwards: balances, counters and events."""

from __future__ import annotations

from typing import Any

import paying
from web3.logs import DISCARD
from web3.types import EventData, TxReceipt

from veritally.devnet import Devnet
from veritally.tiers import Tier


class Books:
    """Who held how much before, and what of it has moved since."""

    def __init__(self, devnet: Devnet) -> None:
        self._devnet = devnet
        self._pay_to = paying.payee(devnet).pay_to
        self._before = self._held()

    def _held(self) -> tuple[int, ...]:
        payers = [account.address for account in self._devnet.accounts.payers]
        return tuple(map(self._devnet.usdc_balance_base_units, (self._pay_to, *payers)))

    def assert_moved(self, earned: int, *paid: int) -> None:
        """The pay address earned, the first payers paid, and Settlement holds nothing."""
        earned_now, *paid_now = (now - before for before, now in zip(self._before, self._held(), strict=True))
        assert earned_now == earned
        assert [-amount for amount in paid_now[: len(paid)]] == list(paid)
        assert not any(paid_now[len(paid) :])
        assert self._devnet.usdc_balance_base_units(self._devnet.deployment.settlement) == 0


def assert_counted(devnet: Devnet, count: int, amount: int) -> None:
    """The contract's counters."""
    call = devnet.chain.contract("Settlement", devnet.deployment.settlement).functions
    assert call.nextSeq().call() == call.tally(Tier.SIGNED).call() == count
    assert call.modelTally(paying.MODEL, Tier.SIGNED).call() == count
    assert call.amountTally(devnet.usdc, Tier.SIGNED).call() == amount


def terms_of(event: Any) -> tuple[int, int, int]:
    """Sequence number, amount and payment scheme of an `InferenceSettled` event."""
    terms = event["args"]["terms"]
    return terms >> 192, terms >> 96 & (1 << 96) - 1, terms >> 8 & 0xFF


def settled_events(devnet: Devnet, mined: TxReceipt) -> list[EventData]:
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    return list(contract.events.InferenceSettled().process_receipt(mined, errors=DISCARD))
