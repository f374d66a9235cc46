"""Makes what was drawn into groups with real signatures, for the ledger and for the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from tests.reference.ledger import Ledger
from tests.reference.plans import GroupPlan, RunPlan
from tests.reference.signing import receipt_argument, sign
from tests.reference.statements import NOBODY, Channel, Exact, Group, Payment, Receipt, Terms, Upto, Voucher
from tests.reference.world import OTHER_MODEL, World, address
from veritally.merkle import merkle_root
from veritally.payments import PaymentScheme
from veritally.settlement import ZkProof, zkml_evidence
from veritally.tiers import Tier

UNKNOWN_ROUTE = b"none"
FIRST_NONCE = 250
"""Six receipts before the next word of nonces."""
PAYMENT_LIFE_S = 300


@dataclass(frozen=True)
class Call:
    """A group for the ledger, and the same for the contract."""

    group: Group
    argument: tuple[Any, ...]


@dataclass
class Builder:
    """Makes groups; it gives out the nonces of one run of the machine."""

    world: World
    ledger: Ledger
    nonces: Counter[int] = field(default_factory=Counter)
    """Given out, by prover."""
    payments: int = 0
    vouched_base_units: Counter[bytes] = field(default_factory=Counter)
    """What the vouchers of a channel promised, which only grows."""

    def channel(self, payer: bytes, prover: bytes, floor: int) -> Channel:
        return self.world.signing.channel(payer, self.world.pay_address(prover, floor))

    def build(self, plan: GroupPlan) -> Call:
        prover = self.world.provers[plan.prover]
        receipts: list[Receipt] = []
        payments: list[tuple[Payment, bytes]] = []
        for run in plan.runs:
            first = len(receipts)
            receipts += self._receipts(plan, run, first)
            if paid := self._payment(address(prover), run, first, receipts[first:]):
                payments.append(paid)
        receipts, payments = _break(plan.fault, receipts, payments)
        model_id = OTHER_MODEL if plan.fault == "enclave of another model" else self.world.model
        signing = self.world.signing
        hashed = [
            replace(item, hash=signing.receipt_hash(model_id, address(prover), item)) for item in receipts
        ]
        return self._call(plan, prover, model_id, tuple(hashed), payments)

    def _receipts(self, plan: GroupPlan, run: RunPlan, first: int) -> Iterator[Receipt]:
        free = run.scheme == PaymentScheme.NONE
        for index, amount in enumerate(run.amounts_base_units):
            last = index == len(run.amounts_base_units) - 1
            fault = run.fault if last else ""
            answer = self.world.answers[(first + index) % 2].statement
            nonce = FIRST_NONCE + max(0, self.nonces[plan.prover] - plan.nonces_back)
            if not (fault == "same nonce twice" and index):
                self.nonces[plan.prover] += 1
            else:
                nonce -= 1
            payer = (run.payer + (fault == "another payer" and index > 0)) % 3
            paid = not free or fault == "another payer"
            yield Receipt(
                hash=b"",
                request_hash=answer.request_hash,
                response_hash=answer.response_hash,
                payer=address(self.world.accounts.payers[payer]) if paid else NOBODY,
                amount_base_units=0 if (free and fault != "unpaid") or fault == "no amount" else amount,
                served_at_s=1_764_000_000 + nonce,
                nonce=nonce,
                floor=run.floor % 3 + 1 if fault == "mixed floors" and index else run.floor,
                flags=0x010000 if fault == "reserved bits" else 0,
            )

    def _payment(
        self, prover: bytes, run: RunPlan, first: int, receipts: list[Receipt]
    ) -> tuple[Payment, bytes] | None:
        if run.scheme == PaymentScheme.NONE or run.fault == "unpaid":
            return None
        signer = self.world.accounts.payers[(run.payer + (run.fault == "wrong signer")) % 3]
        total = sum(receipt.amount_base_units for receipt in receipts)
        floor = max(1, min(3, run.floor))
        floor = floor % 3 + 1 if run.fault == "another floor's pay address" else floor
        payer = address(self.world.accounts.payers[run.payer])
        terms = self._terms(run, payer, address(signer), prover, floor, total)
        data = self.world.signing.payment_data(signer, terms)
        return Payment(first, len(receipts), terms), data

    def _terms(
        self, run: RunPlan, payer: bytes, signer: bytes, prover: bytes, floor: int, total_base_units: int
    ) -> Terms:
        self.payments += run.fault != "used signature"
        missing = 1 if run.fault == "above maximum" else 0
        to, now_s = self.world.pay_address(prover, floor), self.ledger.now_s
        before_s = now_s - 1 if run.fault == "expired" else now_s + PAYMENT_LIFE_S
        after_s = now_s + PAYMENT_LIFE_S if run.fault == "too early" else 0
        if run.scheme == PaymentScheme.UPTO:
            return Upto(signer, to, total_base_units - missing, self.payments, before_s, after_s)
        if run.scheme == PaymentScheme.EXACT:
            nonce = bytes(keccak(self.payments.to_bytes(4, "big")))
            return Exact(signer, to, total_base_units - missing, nonce, before_s, after_s)
        channel = self.channel(payer, prover, floor)
        _, claimed = self.ledger.state.channels.get(channel.id, (0, 0))
        promised = max(claimed, self.vouched_base_units[channel.id])
        maximum = (claimed if missing else promised) + total_base_units - missing
        self.vouched_base_units[channel.id] = max(promised, maximum)
        return Voucher(signer, channel, maximum)

    def _call(
        self,
        plan: GroupPlan,
        prover: LocalAccount,
        model_id: bytes,
        receipts: tuple[Receipt, ...],
        payments: list[tuple[Payment, bytes]],
    ) -> Call:
        route = (
            UNKNOWN_ROUTE if plan.fault == "unknown route" else self.world.routes[plan.tier][plan.spare_route]
        )
        root = merkle_root([receipt.hash for receipt in receipts]) if receipts else bytes(32)
        digest = self.world.signing.domain.group_digest(root, route)
        evidence, evidence_data = self._evidence(plan, prover, digest, receipts)
        listed = [(int(item.terms.scheme), item.first, item.count, data) for item, data in payments]
        leave = self.world.signing.domain.authorization_digest(root, route, _hash_payments(listed))
        signer = {"prover": prover, "another": self.world.accounts.relayer}.get(plan.authorized)
        authorization = sign(signer, leave) if signer else sign(prover, digest)  # the latter gives no leave
        group = Group(
            model_id=model_id,
            prover=address(prover),
            route=route,
            asset=self.world.token,
            receipts=receipts,
            payments=tuple(payment for payment, _ in payments),
            evidence=evidence,
            authorized_by=address(signer) if signer else None,
        )
        head = (model_id, group.prover, route, group.asset)
        shown = [receipt_argument(receipt) for receipt in receipts]
        return Call(group, (*head, shown, evidence_data, authorization, listed))

    def _evidence(
        self, plan: GroupPlan, prover: LocalAccount, digest: bytes, receipts: tuple[Receipt, ...]
    ) -> tuple[Any, bytes]:
        """Evidence in the ledger's words, and as the verifier takes it."""
        if plan.tier == Tier.ZKML:
            return self._proofs(plan.fault, receipts)
        if plan.fault == "no signature":
            return None, bytes(64)
        key = prover if plan.tier == Tier.SIGNED else self.world.enclaves[plan.enclave]
        key = self.world.accounts.guardian if plan.fault == "wrong signer" else key
        return address(key), sign(key, digest)

    def _proofs(self, fault: str, receipts: tuple[Receipt, ...]) -> tuple[Any, bytes]:
        answers = [
            self.world.answers[(index + (fault == "wrong statement")) % 2] for index in range(len(receipts))
        ]
        if fault == "proof missing":
            answers = answers[:-1]
        items = [ZkProof(answer.proof, answer.instances) for answer in answers]
        proved = [answer.statement for answer in answers]
        if fault == "false proof" and items:
            items[-1] = replace(items[-1], proof=bytes(len(items[-1].proof)))
            proved[-1] = replace(proved[-1], valid=False)
        return tuple(proved), zkml_evidence(0, items)


def _break(
    fault: str, receipts: list[Receipt], payments: list[tuple[Payment, bytes]]
) -> tuple[list[Receipt], list[tuple[Payment, bytes]]]:
    if fault == "empty":
        return [], []
    if fault == "payments out of order" and payments:
        return receipts, [*payments, payments[-1]]
    if fault == "payment for a free receipt" and payments:
        payment, _ = payments[-1]
        free = replace(receipts[payment.first], payer=NOBODY, amount_base_units=0)
        return [*receipts[: payment.first], free, *receipts[payment.first + 1 :]], payments
    return receipts, payments


def _hash_payments(listed: list[tuple[int, int, int, bytes]]) -> bytes:
    return keccak(encode(("(uint8,uint32,uint32,bytes)[]",), (listed,)))
