"""What tests of settling are made of: a settler, and inferences that nobody pays for."""

from __future__ import annotations

from collections.abc import Mapping

from models import MODEL_ID, register_model

from prover.enclave.drivers import DriverName, make_source
from prover.enclave.enclave import Enclave
from prover.evidence import EvidenceMaker
from prover.settler import FinishedInference, Settler
from veritally.devnet import Devnet
from veritally.payments import UptoPayment
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.settlement import ZkProof
from veritally.tiers import Tier

NO_PAYMENT = UptoPayment(0, 0, 0, 0, b"")


def settler(
    devnet: Devnet,
    enclaves: Mapping[bytes, Enclave] | None = None,
    circuits: Mapping[bytes, int] | None = None,
) -> Settler:
    domain = SettlementDomain.of(devnet.deployment)
    evidence = EvidenceMaker(domain, devnet.accounts.prover, enclaves or {}, circuits or {})
    return Settler(devnet.chain, devnet.deployment, devnet.accounts.prover, evidence)


def free(
    devnet: Devnet, nonce: int, tier: Tier = Tier.SIGNED, proof: ZkProof | None = None
) -> FinishedInference:
    """An inference that nobody pays for."""
    terms = GroupTerms(MODEL_ID, devnet.accounts.prover.address, devnet.usdc)
    receipt = Receipt(bytes(32), bytes(32), ZERO_ADDRESS, 0, 1_764_000_000, nonce, tier)
    return FinishedInference(terms, tier, receipt, NO_PAYMENT, proof)


def enclave(devnet: Devnet) -> Enclave:
    """An enclave of the software root, for a model that accepts it; its key is not registered yet."""
    register_model(devnet)
    return unaccepted_enclave(devnet)


def unaccepted_enclave(devnet: Devnet) -> Enclave:
    source = make_source(DriverName.SOFTWARE, devnet.chain, devnet.deployment)
    return Enclave(devnet.chain, devnet.deployment, devnet.accounts.prover, source, MODEL_ID)
