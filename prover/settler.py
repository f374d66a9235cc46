"""Settles finished inferences: one transaction, one group per model, tier, route and asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3Exception
from web3.types import TxReceipt

from prover.errors import ProverError
from prover.evidence import EvidenceMaker, GroupEvidence
from prover.payments import NotSettled, Outcome, Settled
from veritally.chain import TRANSACTION_GAS_CAP, Chain
from veritally.deployment import Deployment
from veritally.errors import (
    ChainUnreachableError,
    TransactionFailedError,
    TransactionPendingError,
    VeritallyError,
)
from veritally.payments import PaymentRun, UptoPayment
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.settlement import Group, ReceiptOutcome, ZkProof, decode_outcomes
from veritally.tiers import Tier

"""Highest gas limit of one transaction (EIP-7825)."""
GAS_OF_RECEIPT = {Tier.SIGNED: 120_000, Tier.TEE: 120_000, Tier.ZKML: 850_000}
"""Gas that must be there for one receipt; a proof needs the room that its route reserves."""
ROOM_OF_GROUP = {Tier.SIGNED: 0, Tier.TEE: 0, Tier.ZKML: 1_350_000}
"""Gas that must be there on top for a group; it is hardly used, so that the next group has it, too."""
BASE_GAS = 1_000_000
LOOKED_UP_BLOCKS = 10_000
"""In which a receipt that is settled already is looked for; many nodes answer for no more at once."""


@dataclass(frozen=True)
class FinishedInference:
    """An inference that was run and is ready to be settled."""

    terms: GroupTerms
    tier: Tier
    receipt: Receipt
    payment: UptoPayment
    proof: ZkProof | None
    """For the tier ZKML only."""


@dataclass(frozen=True)
class _Prepared:
    """A group and the positions of its receipts among the inferences."""

    group: Group
    evidence: GroupEvidence
    positions: tuple[int, ...]


def fits_one_transaction(tiers: Sequence[Tier]) -> bool:
    """Whether receipts of these tiers may share a transaction."""
    return _gas_floor(tiers) <= TRANSACTION_GAS_CAP


class Settler:
    """Sends `settle` from the prover's account. Not for two threads at once."""

    def __init__(
        self, chain: Chain, deployment: Deployment, prover: LocalAccount, evidence: EvidenceMaker
    ) -> None:
        self._chain = chain
        self._domain = SettlementDomain.of(deployment)
        self._contract = chain.contract("Settlement", deployment.settlement)
        self._prover = prover
        self._evidence = evidence

    def settle(self, inferences: Sequence[FinishedInference]) -> list[Outcome]:
        """Settles `inferences` and says for each what happened. A group without evidence stops no other."""
        outcomes: dict[int, Outcome] = {}
        prepared = []
        for positions in _positions_by_group(inferences):
            try:
                prepared.append(self._prepare(inferences, positions))
            except (ProverError, VeritallyError) as error:
                outcomes |= dict.fromkeys(positions, NotSettled(str(error)))
        if prepared:
            outcomes |= self._submit(prepared)
        return [outcomes[position] for position in range(len(inferences))]

    def _prepare(self, inferences: Sequence[FinishedInference], positions: tuple[int, ...]) -> _Prepared:
        members = [inferences[position] for position in positions]
        terms, tier = members[0].terms, members[0].tier
        hashes = [self._domain.receipt_hash(terms, member.receipt) for member in members]
        evidence = self._evidence.make(tier, terms, hashes, [member.proof for member in members])
        group = Group(
            terms=terms,
            route=ROUTE_OF[tier],
            receipts=tuple(member.receipt for member in members),
            payments=tuple(
                PaymentRun(index, 1, member.payment)
                for index, member in enumerate(members)
                if member.receipt.amount_base_units
            ),
            evidence=evidence.encoded,
        )
        return _Prepared(group, evidence, positions)

    def _submit(self, prepared: Sequence[_Prepared]) -> dict[int, Outcome]:
        try:
            mined = self._send([item.group for item in prepared])
        except TransactionFailedError as error:
            failure = NotSettled(str(error))
        except TransactionPendingError as error:
            failure = NotSettled(str(error), transaction=error.tx_hash, certain=False)
        except ChainUnreachableError as error:
            failure = NotSettled(str(error), certain=False)
        else:
            return self._read_outcomes(prepared, mined)
        return {position: failure for item in prepared for position in item.positions}

    def _send(self, groups: Sequence[Group]) -> TxReceipt:
        """Sends, and once more with twice the gas if the contract judged that it had too little."""
        call = self._contract.functions.settle([group.as_argument() for group in groups])
        floor = _gas_floor([_tier_of(group) for group in groups for _ in group.receipts])
        gas = self._gas_limit(call, floor)
        try:
            return self._chain.send(call, self._prover, gas=gas)
        except TransactionFailedError as error:
            if "NotEnoughGas" not in str(error) or gas is None or gas == TRANSACTION_GAS_CAP:
                raise
            return self._chain.send(call, self._prover, gas=min(2 * gas, TRANSACTION_GAS_CAP))

    def _gas_limit(self, call: ContractFunction, floor: int) -> int | None:
        """The estimate and a third, at least `floor`; None when there is none, and sending will say why."""
        try:
            estimate = call.estimate_gas({"from": self._prover.address})
        except (Web3Exception, ChainUnreachableError):
            return None
        return min(max(estimate * 13 // 10, floor), TRANSACTION_GAS_CAP)

    def _read_outcomes(self, prepared: Sequence[_Prepared], mined: TxReceipt) -> dict[int, Outcome]:
        per_group = decode_outcomes(self._domain, [item.group for item in prepared], mined["logs"])
        outcomes: dict[int, Outcome] = {}
        for item, group in zip(prepared, per_group, strict=True):
            for index, (position, found) in enumerate(zip(item.positions, group, strict=True)):
                outcome = _outcome(found, mined, item.evidence.shown[index])
                if isinstance(outcome, NotSettled):
                    outcome = self._look_up(outcome, item, index, mined["blockNumber"])
                outcomes[position] = outcome
        return outcomes

    def _look_up(self, skipped: NotSettled, item: _Prepared, index: int, block: int) -> Outcome:
        """What became of a receipt that a transaction skipped: an earlier one of ours may have settled it."""
        receipt = item.group.receipts[index]
        is_used = self._contract.functions.isNonceUsed(self._prover.address, receipt.nonce)
        try:
            with self._chain.reading():
                if not is_used.call(block_identifier=block):
                    return skipped
                receipt_hash = self._domain.receipt_hash(item.group.terms, receipt)
                earlier = self._settling_transaction(receipt_hash, block)
        except ChainUnreachableError:
            earlier = None
        if earlier is None:
            return replace(skipped, certain=False)
        (outcomes,) = decode_outcomes(self._domain, [item.group], earlier["logs"])
        return _outcome(outcomes[index], earlier, item.evidence.shown[index])

    def _settling_transaction(self, receipt_hash: bytes, until_block: int) -> TxReceipt | None:
        """The transaction that settled a receipt in the last blocks, if there is one."""
        events = self._contract.events.InferenceSettled().get_logs(
            from_block=max(0, until_block - LOOKED_UP_BLOCKS),
            to_block=until_block,
            argument_filters={"receiptHash": receipt_hash},
        )
        return self._chain.w3.eth.get_transaction_receipt(events[0]["transactionHash"]) if events else None


def _outcome(found: ReceiptOutcome, mined: TxReceipt, shown: dict[str, object]) -> Outcome:
    transaction = mined["transactionHash"].to_0x_hex()
    if found.seq is None:
        return NotSettled(found.reason, transaction=transaction)
    return Settled(
        transaction=transaction,
        block=mined["blockNumber"],
        gas_used=mined["gasUsed"],
        seq=found.seq,
        labels=found.labels,
        evidence=shown,
    )


def _positions_by_group(inferences: Sequence[FinishedInference]) -> list[tuple[int, ...]]:
    groups: dict[tuple[GroupTerms, Tier], list[int]] = {}
    for position, inference in enumerate(inferences):
        groups.setdefault((inference.terms, inference.tier), []).append(position)
    return [tuple(positions) for positions in groups.values()]


def _tier_of(group: Group) -> Tier:
    return next(tier for tier, route in ROUTE_OF.items() if route == group.route)


def _gas_floor(tiers: Sequence[Tier]) -> int:
    room = max((ROOM_OF_GROUP[tier] for tier in tiers), default=0)
    return BASE_GAS + room + sum(GAS_OF_RECEIPT[tier] for tier in tiers)
