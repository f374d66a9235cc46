"""Reads from the chain how receipts were settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import HexStr
from web3.types import TxReceipt

from prover.jobs.job import Reason, Settlement
from prover.settling.judging import reason_of
from veritally.chain import Chain
from veritally.receipts import SettlementDomain
from veritally.settlement import ReceiptOutcome, decode_outcomes_of
from veritally.transactions import Landing

SETTLED_BEFORE = "already_settled"
LOOKED_UP_BLOCKS = 10_000
"""In which a receipt that is settled already is looked for; many nodes answer for no more at once."""


@dataclass(frozen=True)
class Read:
    """What a landed transaction did with the receipts of a batch."""

    settled: dict[bytes, Settlement]
    skipped: dict[bytes, Reason]


class Finder:
    """Reads logs of Settlement."""

    def __init__(self, chain: Chain, domain: SettlementDomain) -> None:
        self._chain = chain
        self._domain = domain
        self._contract = chain.contract("Settlement", domain.settlement)

    def read(self, landing: Landing, groups: Sequence[Sequence[bytes]]) -> Read | None:
        """What a transaction did with receipts; None when the node has it in another block or in none.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        with self._chain.reading():
            mined = self._chain.w3.eth.get_transaction_receipt(HexStr(landing.tx_hash))
        if mined["blockHash"].to_0x_hex() != landing.block_hash:
            return None
        found = Read({}, {})
        for outcomes in decode_outcomes_of(self._domain.settlement, groups, mined["logs"]):
            for outcome in outcomes:
                if outcome.seq is not None:
                    found.settled[outcome.receipt_hash] = _settlement(outcome, mined)
                else:
                    self._explain(outcome, mined["blockNumber"], found)
        return found

    def find(self, receipt_hash: bytes, until_block: int | None = None) -> Settlement | None:
        """How a receipt was settled in the last blocks; None when it was not.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        until_block = self._chain.block_number() if until_block is None else until_block
        with self._chain.reading():
            events = self._contract.events.InferenceSettled().get_logs(
                from_block=max(0, until_block - LOOKED_UP_BLOCKS),
                to_block=until_block,
                argument_filters={"receiptHash": receipt_hash},
            )
            if not events:
                return None
            mined = self._chain.w3.eth.get_transaction_receipt(events[0]["transactionHash"])
        ((outcome,),) = decode_outcomes_of(self._domain.settlement, [[receipt_hash]], mined["logs"])
        return _settlement(outcome, mined)

    def _explain(self, outcome: ReceiptOutcome, block: int, found: Read) -> None:
        """A receipt may have been skipped because an earlier transaction had settled it."""
        reason = reason_of(outcome.reason)
        earlier = self.find(outcome.receipt_hash, block) if reason.code == SETTLED_BEFORE else None
        if earlier is None:
            found.skipped[outcome.receipt_hash] = reason
        else:
            found.settled[outcome.receipt_hash] = earlier


def _settlement(outcome: ReceiptOutcome, mined: TxReceipt) -> Settlement:
    if outcome.seq is None:
        raise RuntimeError(f"receipt 0x{outcome.receipt_hash.hex()} has no sequence number")
    return Settlement(
        transaction=mined["transactionHash"].to_0x_hex(),
        block=mined["blockNumber"],
        gas_used=mined["gasUsed"],
        seq=outcome.seq,
        development=outcome.labels.development,
        unbound=outcome.labels.unbound,
    )
