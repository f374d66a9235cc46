"""What goes into `Settlement.settle` and what comes out of it: groups, payments, outcomes and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from eth_abi.abi import decode, encode
from eth_typing import ABIEvent, HexStr
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.address import is_same_address

from veritally.abi import load_artifact
from veritally.chain import Chain
from veritally.errors import InvalidReceiptError
from veritally.labels import Labels
from veritally.payments import PaymentRun
from veritally.reasons import explain_reason
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.tiers import Tier


@dataclass(frozen=True)
class ZkProof:
    """An ezkl proof and its instances: input words, then output words."""

    proof: bytes
    instances: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Receipts of one model, prover, route and asset, backed by one piece of evidence.

    Raises:
        InvalidReceiptError: the payments do not cover exactly the receipts with an amount, in order.
    """

    terms: GroupTerms
    route: bytes
    """4-byte route of the verifier."""
    receipts: tuple[Receipt, ...]
    payments: tuple[PaymentRun, ...]
    """In the order of the receipts."""
    evidence: bytes
    authorization: bytes = b""
    """The prover's signature over the authorization digest; empty when the prover sends the transaction."""

    def __post_init__(self) -> None:
        paid = [index for index, receipt in enumerate(self.receipts) if receipt.amount_base_units]
        covered = [index for run in self.payments for index in range(run.first, run.end)]
        if paid != covered:
            raise InvalidReceiptError("payments", covered, f"must cover the receipts {paid}, in this order")

    def as_argument(self) -> tuple[Any, ...]:
        """The group as web3 passes it to `Settlement.settle`."""
        return (
            self.terms.model_id,
            self.terms.prover,
            self.route,
            self.terms.asset,
            [_receipt_argument(receipt) for receipt in self.receipts],
            self.evidence,
            self.authorization,
            [run.as_argument() for run in self.payments],
        )


@dataclass(frozen=True)
class ReceiptOutcome:
    """What happened to one receipt: it settled with a sequence number, or was skipped for a reason."""

    receipt_hash: bytes
    seq: int | None
    """Global gap-free sequence number; None when skipped."""
    labels: Labels
    """How its evidence is weaker than its tier says; none when skipped."""
    reason: str
    """Why it was skipped; empty when it settled."""
    with_group: bool = False
    """Whether it was skipped because its whole group was."""


def zkml_evidence(circuit: int, proofs: Sequence[ZkProof]) -> bytes:
    """Evidence of a ZKML group: the proofs that its receipts need, in order, as `IZkmlVerifier` says.

    Args:
        circuit: Position of the circuit among those of the model.
        proofs: Each covers as many receipts as the circuit's batch size.
    """
    items = [(item.proof, item.instances) for item in proofs]
    return encode(("uint32", "(bytes,uint256[])[]"), (circuit, items))


def decode_outcomes(
    domain: SettlementDomain, groups: Sequence[Group], logs: Sequence[Mapping[str, Any]]
) -> tuple[tuple[ReceiptOutcome, ...], ...]:
    """Outcome of each receipt of `groups`, read from the logs of their `settle` transaction."""
    return decode_outcomes_of(domain.settlement, list(_receipt_hashes(domain, groups)), logs)


def decode_outcomes_of(
    settlement: str, hashes: Sequence[Sequence[bytes]], logs: Sequence[Mapping[str, Any]]
) -> tuple[tuple[ReceiptOutcome, ...], ...]:
    """The same for groups of which only the receipt hashes are known."""
    found: dict[bytes, ReceiptOutcome] = {}
    group_reasons: dict[int, str] = {}
    for log in logs:
        if not is_same_address(log["address"], settlement):
            continue
        topics, data = [bytes(topic) for topic in log["topics"]], bytes(log["data"])
        if topics[0] == _topic("InferenceSettled"):
            found[topics[1]] = _settled(topics[1], data)
        elif topics[0] == _topic("ReceiptSkipped"):
            found[topics[1]] = _skipped(topics[1], explain_reason(decode(("bytes",), data)[0]))
        elif topics[0] == _topic("GroupSkipped"):
            index, reason = decode(("uint256", "bytes"), data)
            group_reasons[index] = explain_reason(reason)
    return tuple(
        tuple(
            found.get(hash_)
            or replace(_skipped(hash_, group_reasons.get(index, "no event names it")), with_group=True)
            for hash_ in group
        )
        for index, group in enumerate(hashes)
    )


@dataclass(frozen=True)
class Settled:
    """How a receipt settled."""

    tier: Tier
    labels: Labels
    """How the evidence is weaker than the tier."""


def find_settled(chain: Chain, settlement: str, transaction: str, receipt_hash: bytes) -> Settled | None:
    """How a transaction settled a receipt; None when it did not.

    Raises:
        ChainUnreachableError: the node does not answer, or has no such transaction.
    """
    with chain.reading():
        logs = chain.w3.eth.get_transaction_receipt(HexStr(transaction))["logs"]
    for log in logs:
        topics = [bytes(topic) for topic in log["topics"]]
        is_ours = is_same_address(log["address"], settlement) and topics[0] == _topic("InferenceSettled")
        if is_ours and topics[1] == receipt_hash:
            tier = Tier(int.from_bytes(topics[3], "big"))
            return Settled(tier, _settled(receipt_hash, bytes(log["data"])).labels)
    return None


def _settled(receipt_hash: bytes, data: bytes) -> ReceiptOutcome:
    terms = int.from_bytes(data[-32:], "big")
    return ReceiptOutcome(receipt_hash, seq=terms >> 192, labels=Labels(terms & 0xFF), reason="")


def _skipped(receipt_hash: bytes, reason: str) -> ReceiptOutcome:
    return ReceiptOutcome(receipt_hash, seq=None, labels=Labels(0), reason=reason)


def _receipt_hashes(domain: SettlementDomain, groups: Sequence[Group]) -> Iterator[list[bytes]]:
    for group in groups:
        yield [domain.receipt_hash(group.terms, receipt) for receipt in group.receipts]


def _receipt_argument(receipt: Receipt) -> tuple[Any, ...]:
    return (
        receipt.request_hash,
        receipt.response_hash,
        receipt.payer,
        receipt.terms,
    )


@cache
def _topic(event: str) -> bytes:
    entries = load_artifact("Settlement").abi
    entry = next(item for item in entries if item["type"] == "event" and item["name"] == event)
    return bytes(event_abi_to_log_topic(cast(ABIEvent, entry)))
