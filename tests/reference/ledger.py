"""The rules of Settlement in plain Python, without a chain: what a `settle` call must lead to."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.reference.statements import (
    NOBODY,
    Enclave,
    Event,
    Exact,
    Group,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    Outcome,
    Payment,
    Proof,
    Receipt,
    ReceiptSkipped,
    Refused,
    Route,
    Terms,
    Upto,
    Voucher,
    require,
)
from veritally.labels import Labels
from veritally.merkle import merkle_root
from veritally.payments import PaymentScheme
from veritally.tiers import Tier


@dataclass
class State:
    """What a refusal takes back. The values of its fields are immutable."""

    events: list[Event] = field(default_factory=list)
    seq: int = 0
    counts: Counter[tuple[bytes, Tier]] = field(default_factory=Counter)
    amounts: Counter[tuple[bytes, Tier]] = field(default_factory=Counter)
    spent: set[tuple[bytes, int]] = field(default_factory=set)
    roots: dict[bytes, tuple[Tier, Labels, int, int]] = field(default_factory=dict)
    backed: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)  # by enclave key and asset
    balances: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)
    permit2_allowances: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)
    signed_nonces: set[tuple[PaymentScheme, bytes, bytes | int]] = field(default_factory=set)
    channels: dict[bytes, tuple[int, int]] = field(default_factory=dict)  # by id: deposited, claimed
    claimed: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)  # by token and receiver


@dataclass
class Ledger:
    settlement: bytes
    pay_address: Callable[[bytes, int], bytes]
    now_s: int = 0
    block: int = 0
    routes: dict[bytes, Route] = field(default_factory=dict)
    enclaves: dict[bytes, Enclave] = field(default_factory=dict)
    circuits: dict[bytes, Labels] = field(default_factory=dict)
    """Labels of what the circuit of a model proves."""
    value_caps: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    """What one enclave key may back, in base units, by model and asset; no entry, no limit."""
    state: State = field(default_factory=State)

    def settle(self, submitter: bytes, groups: Sequence[Group]) -> tuple[list[Outcome], list[Event]]:
        """Outcome of each group, and the events in order."""
        self.state.events = []
        return [self._judge(index, submitter, group) for index, group in enumerate(groups)], self.state.events

    def _attempt(self, action: Callable[[], tuple[int, int] | None]) -> tuple[tuple[int, int] | None, str]:
        before = State(**{name: copy.copy(value) for name, value in vars(self.state).items()})
        try:
            return action(), ""
        except Refused as refusal:
            self.state = before
            return None, str(refusal)

    def _judge(self, index: int, submitter: bytes, group: Group) -> Outcome:
        counts, reason = self._attempt(lambda: self._settle_group(submitter, group))
        if counts is None:
            self.state.events.append(GroupSkipped(group.model_id, group.prover, group.route, index, reason))
        return (*(counts or (0, 0)), reason)

    def _settle_group(self, submitter: bytes, group: Group) -> tuple[int, int]:
        require(bool(group.receipts), "EmptyGroup")
        require(group.prover in (submitter, group.authorized_by), "NotAuthorized")
        require(group.route in self.routes, "UnknownRoute")
        require(not self.routes[group.route].stopped, "RouteIsStopped")
        tier = self.routes[group.route].tier
        labels = self._verify(group, tier)
        settled = self._settle_receipts(group, tier, labels)
        skipped = len(group.receipts) - len(settled)
        if settled:
            if tier == Tier.TEE:
                self._book(group, sum(receipt.amount_base_units for receipt in settled))
            root = merkle_root([receipt.hash for receipt in settled])
            self.state.roots[root] = (tier, labels, len(settled), self.block)
            names, counts = (root, group.model_id, group.prover, group.route), (tier, len(settled), skipped)
            self.state.events.append(GroupSettled(*names, *counts, labels, self._key(group, tier)))
        return len(settled), skipped

    def _book(self, group: Group, amount_base_units: int) -> None:
        """Counts what the enclave's key backs, up to its cap."""
        assert isinstance(group.evidence, bytes)
        self.state.backed[group.evidence, group.asset] += amount_base_units
        cap = self.value_caps.get((group.model_id, group.asset))
        total = self.state.backed[group.evidence, group.asset]
        require(cap is None or not amount_base_units or total <= cap, "ValueCapExceeded")

    def _key(self, group: Group, tier: Tier) -> bytes | None:
        """Name of the enclave's key behind the group; None at the other tiers."""
        if tier != Tier.TEE:
            return None
        assert isinstance(group.evidence, bytes)
        return self.enclaves[group.evidence].key

    def _verify(self, group: Group, tier: Tier) -> Labels:
        """Labels of the evidence, which holds."""
        evidence = group.evidence
        if isinstance(evidence, tuple):
            return self._verify_proofs(group, evidence)
        if tier == Tier.SIGNED:
            require(evidence == group.prover, "NotSignedByProver")
            return Labels(0)
        require(evidence is not None, "MalformedEvidence")
        enclave = self.enclaves.get(evidence or NOBODY)
        if enclave is None:
            raise Refused("UnknownEnclaveKey")
        require((enclave.model_id, enclave.prover) == (group.model_id, group.prover), "EnclaveKeyMismatch")
        require(not enclave.revoked, "EnclaveKeyRevoked")
        require(self.now_s < enclave.valid_until_s, "EnclaveKeyExpired")
        return Labels.DEVELOPMENT

    def _verify_proofs(self, group: Group, proofs: tuple[Proof, ...]) -> Labels:
        require(group.model_id in self.circuits, "NoCircuit")
        require(len(proofs) == len(group.receipts), "ProofCountMismatch")
        for receipt, proof in zip(group.receipts, proofs, strict=True):
            require(receipt.request_hash == proof.request_hash, "RequestMismatch")
            require(receipt.response_hash == proof.response_hash, "ResponseMismatch")
        require(any(proof.valid for proof in proofs), "InvalidProof")
        return self.circuits[group.model_id]

    def _settle_receipts(self, group: Group, tier: Tier, labels: Labels) -> list[Receipt]:
        """The receipts that settled."""
        settled = []
        for run, payment in _runs(group):
            scheme = payment.terms.scheme if payment else PaymentScheme.NONE
            for receipt in self._settle_run(group, tier, run, payment):
                self._count(group, receipt, tier, scheme, labels)
                settled.append(receipt)
        return settled

    def _settle_run(self, group: Group, tier: Tier, run: range, payment: Payment | None) -> Sequence[Receipt]:
        """Those receipts of a run that settle: they fit into it and their sum was collected."""
        leader = group.receipts[run.start] if payment else None
        require(leader is None or leader.payer != NOBODY, "PaymentForFreeReceipt")
        admitted = []
        for index in run:
            receipt = group.receipts[index]
            if reason := _not_backed(group, index) or self._misfit(group, receipt, tier, leader):
                self.state.events.append(_skipped(group, receipt, reason))
            else:
                self.state.spent.add((group.prover, receipt.nonce))
                admitted.append(receipt)
        if payment is None or not admitted:
            return admitted
        sum_base_units = sum(receipt.amount_base_units for receipt in admitted)
        _, reason = self._attempt(lambda: self._collect(group, admitted[0], payment.terms, sum_base_units))
        if not reason:
            return admitted
        for receipt in admitted:
            self.state.spent.remove((group.prover, receipt.nonce))
            self.state.events.append(_skipped(group, receipt, reason))
        return []

    def _misfit(self, group: Group, receipt: Receipt, tier: Tier, leader: Receipt | None) -> str:
        """Why a receipt does not fit into its run, which is a free one without a leader."""
        payer = leader.payer if leader else NOBODY
        if leader and receipt.floor != leader.floor:
            return "FloorMixed"
        if not 0 < receipt.floor <= tier:
            return "BelowFloor"
        if receipt.flags:
            return "ReservedBits"
        if not leader and receipt.amount_base_units:
            return "PaymentMissing"
        if receipt.payer != payer or (leader and not receipt.amount_base_units):
            return "PayerMismatch"
        return "AlreadySettled" if (group.prover, receipt.nonce) in self.state.spent else ""

    def _count(
        self, group: Group, receipt: Receipt, tier: Tier, scheme: PaymentScheme, labels: Labels
    ) -> None:
        who = (receipt.hash, receipt.payer, tier, group.model_id, group.prover, group.asset)
        what = (receipt.request_hash, receipt.response_hash)
        terms = (receipt.amount_base_units, receipt.served_at_s, receipt.floor)
        event = InferenceSettled(self.state.seq, *who, *what, *terms, scheme, labels)
        self.state.events.append(event)
        self.state.seq += 1
        self.state.counts[group.model_id, tier] += 1
        self.state.amounts[group.asset, tier] += receipt.amount_base_units

    def _collect(self, group: Group, leader: Receipt, terms: Terms, sum_base_units: int) -> None:
        to = self.pay_address(group.prover, leader.floor)
        if isinstance(terms, Voucher):
            self._claim(group.asset, leader.payer, to, terms, sum_base_units)
        elif isinstance(terms, Upto):
            self._pull(group.asset, leader.payer, to, terms, sum_base_units)
        else:
            self._transfer(group.asset, leader.payer, to, terms, sum_base_units)

    def _pull(self, asset: bytes, payer: bytes, to: bytes, terms: Upto, sum_base_units: int) -> None:
        require(sum_base_units <= terms.max_base_units, "AmountAboveMaximum")
        require(self.now_s >= terms.valid_after_s, "PaymentFailed: PaymentTooEarly")
        require(self.now_s <= terms.deadline_s, "PaymentFailed: SignatureExpired")
        self._use(terms.scheme, payer, terms.nonce, "InvalidNonce")
        require((terms.signer, terms.to) == (payer, to), "PaymentFailed: InvalidSigner")
        self.state.permit2_allowances[asset, payer] -= sum_base_units
        require(self.state.permit2_allowances[asset, payer] >= 0, "PaymentFailed: TRANSFER_FROM_FAILED")
        self._move(asset, payer, to, sum_base_units, "TRANSFER_FROM_FAILED")

    def _claim(self, asset: bytes, payer: bytes, to: bytes, terms: Voucher, sum_base_units: int) -> None:
        channel = terms.channel
        parties = (channel.payer, channel.token, channel.receiver, channel.authorizer)
        require(parties == (payer, asset, to, self.settlement), "ChannelMismatch")
        balance, claimed = self.state.channels.get(channel.id, (0, 0))
        claimed += sum_base_units
        require(claimed <= terms.max_base_units, "AmountAboveMaximum")
        require(claimed <= balance, "PaymentFailed: ClaimExceedsBalance")
        require(terms.signer == payer, "PaymentFailed: InvalidSignature")
        self.state.channels[channel.id] = (balance, claimed)
        self.state.claimed[asset, to] += sum_base_units

    def _transfer(self, asset: bytes, payer: bytes, to: bytes, terms: Exact, sum_base_units: int) -> None:
        require(
            self.now_s > terms.valid_after_s, "PaymentFailed: FiatTokenV2: authorization is not yet valid"
        )
        require(self.now_s < terms.valid_before_s, "PaymentFailed: FiatTokenV2: authorization is expired")
        self._use(terms.scheme, payer, terms.nonce, "FiatTokenV2: authorization is used or canceled")
        signed = (terms.signer, terms.to, terms.value_base_units)
        require(signed == (payer, to, sum_base_units), "PaymentFailed: FiatTokenV2: invalid signature")
        self._move(asset, payer, to, sum_base_units, "ERC20: transfer amount exceeds balance")

    def _use(self, scheme: PaymentScheme, payer: bytes, nonce: bytes | int, cause: str) -> None:
        require((scheme, payer, nonce) not in self.state.signed_nonces, f"PaymentFailed: {cause}")
        self.state.signed_nonces.add((scheme, payer, nonce))

    def _move(self, asset: bytes, payer: bytes, to: bytes, amount_base_units: int, cause: str) -> None:
        require(amount_base_units <= self.state.balances[asset, payer], f"PaymentFailed: {cause}")
        self.state.balances[asset, payer] -= amount_base_units
        self.state.balances[asset, to] += amount_base_units


def _skipped(group: Group, receipt: Receipt, reason: str) -> ReceiptSkipped:
    return ReceiptSkipped(receipt.hash, receipt.payer, group.prover, reason)


def _not_backed(group: Group, index: int) -> str:
    """A proof that is refused sinks its own receipt."""
    proofs = group.evidence
    return "" if not isinstance(proofs, tuple) or proofs[index].valid else "NotBacked"


def _runs(group: Group) -> Iterator[tuple[range, Payment | None]]:
    """Positions of the receipts that a payment covers, and of free ones between them, in order."""
    position = 0
    for payment in group.payments:
        end = payment.first + payment.count
        require(position <= payment.first < end <= len(group.receipts), "PaymentOutOfOrder")
        yield range(position, payment.first), None
        yield range(payment.first, end), payment
        position = end
    yield range(position, len(group.receipts)), None
