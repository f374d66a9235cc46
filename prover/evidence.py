"""The evidence of a group, per tier, as the verifiers take it and as clients see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount

from prover.enclave.enclave import Enclave
from prover.errors import EvidenceError
from prover.signer import sign_digest
from veritally.merkle import merkle_proofs, merkle_root
from veritally.receipts import GroupTerms, SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.settlement import ZkProof, zkml_evidence
from veritally.tiers import Tier


@dataclass(frozen=True)
class GroupEvidence:
    """What backs the receipts of one group."""

    encoded: bytes
    """As the verifier behind the tier's route takes it."""
    shown: tuple[dict[str, Any], ...]
    """As JSON for each receipt."""


class EvidenceMaker:
    """Signs groups as the prover or as an enclave, and packs proofs."""

    def __init__(
        self,
        domain: SettlementDomain,
        prover: LocalAccount,
        enclaves: Mapping[bytes, Enclave],
        circuits: Mapping[bytes, int],
    ) -> None:
        """`enclaves`, and `circuits` as positions in the registry, are by model id."""
        self._domain = domain
        self._prover = prover
        self._enclaves = enclaves
        self._circuits = circuits

    def make(
        self,
        tier: Tier,
        terms: GroupTerms,
        receipt_hashes: Sequence[bytes],
        proofs: Sequence[ZkProof | None],
    ) -> GroupEvidence:
        """Evidence for the receipts with these hashes, in this order.

        Raises:
            EvidenceError: a proof or the model's enclave is missing.
            EnclaveError, VeritallyError: the enclave's key had to be registered or renewed, and was not.
        """
        if tier is Tier.ZKML:
            return _proof_evidence(self._circuits.get(terms.model_id), proofs)
        digest = self._domain.group_digest(merkle_root(receipt_hashes), ROUTE_OF[tier])
        if tier is Tier.SIGNED:
            signer, signature = str(self._prover.address), sign_digest(self._prover, digest)
        else:
            signer, signature = self._enclave(terms).sign(digest)
        return _signature_evidence(tier, signer, signature, receipt_hashes)

    def show_proof(self, model_id: bytes, proof: ZkProof) -> dict[str, Any]:
        """What a client is shown of a proof for a model.

        Raises:
            EvidenceError: the model has no circuit.
        """
        (shown,) = _proof_evidence(self._circuits.get(model_id), [proof]).shown
        return shown

    def _enclave(self, terms: GroupTerms) -> Enclave:
        enclave = self._enclaves.get(terms.model_id)
        if enclave is None:
            raise EvidenceError(f"model 0x{terms.model_id.hex()} has no enclave")
        return enclave


def _signature_evidence(
    tier: Tier, signer: str, signature: bytes, receipt_hashes: Sequence[bytes]
) -> GroupEvidence:
    shared = {
        "kind": "prover-signature" if tier is Tier.SIGNED else "enclave-signature",
        "route": "0x" + ROUTE_OF[tier].hex(),
        "root": "0x" + merkle_root(receipt_hashes).hex(),
        "signer": signer,
        "signature": "0x" + signature.hex(),
    }
    paths = merkle_proofs(receipt_hashes)
    shown = tuple(shared | {"merkle_proof": ["0x" + node.hex() for node in path]} for path in paths)
    return GroupEvidence(signature, shown)


def _proof_evidence(circuit: int | None, proofs: Sequence[ZkProof | None]) -> GroupEvidence:
    present = [proof for proof in proofs if proof is not None]
    if len(present) != len(proofs) or circuit is None:
        raise EvidenceError("an inference at the tier zkml has no proof")
    shown = tuple(
        {
            "kind": "ezkl-proof",
            "circuit": circuit,
            "route": "0x" + ROUTE_OF[Tier.ZKML].hex(),
            "proof": "0x" + item.proof.hex(),
            "instances": [f"0x{word:064x}" for word in item.instances],
        }
        for item in present
    )
    return GroupEvidence(zkml_evidence(circuit, present), shown)
