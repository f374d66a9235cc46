"""Puts the service together: chain, keys, models, circuits, enclaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from prover.app import Parts
from prover.catalogue import Catalogue, Offer, ServedModel
from prover.enclave import DevelopmentEnclave
from prover.errors import PackageError, WrongChainError
from prover.evidence import EvidenceMaker
from prover.facilitator import InProcessFacilitator, SettlementSigner
from prover.inference import Runner
from prover.onnx_model import OnnxModel
from prover.payments import PaymentLedger
from prover.pricing import network_of, price_base_units, read_decimals, resolve_asset
from prover.registration import ensure_circuit, ensure_model
from prover.service import InferenceService
from prover.settings import ProverSettings
from prover.settler import Settler
from prover.signer import load_prover_account
from prover.submitter import Submitter
from prover.zkml.circuit import prepare_circuit
from prover.zkml.package import ModelPackage
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.keys import load_development_key
from veritally.pay_address import pay_address_of
from veritally.receipts import SettlementDomain
from veritally.tiers import SETTLED_TIERS, Tier

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Connection:
    """The chain, our contracts on it, and the keys that act there."""

    chain: Chain
    deployment: Deployment
    account: LocalAccount
    enclave_root: LocalAccount | None
    """Development root; without it the tier TEE is not offered."""
    asset: str
    decimals: int
    offers: Mapping[Tier, Offer]

    @property
    def network(self) -> str:
        """The chain, as x402 names it."""
        return network_of(self.chain.chain_id)


def connect(settings: ProverSettings) -> Connection:
    """Reads the files and asks the node; sends nothing.

    Raises:
        VeritallyError: the deployment file or the node cannot be used.
        ProverError: a key, a price or the asset cannot be used.
    """
    deployment, chain = Deployment.load(settings.deployment), Chain.connect(settings.rpc_url)
    if chain.chain_id != deployment.chain_id:
        raise WrongChainError(deployment.chain_id, chain.chain_id)
    account = load_prover_account(settings, chain.chain_id)
    root_file = settings.enclave_root_key_file
    root = load_development_key(root_file, chain.chain_id) if root_file else None
    asset = resolve_asset(chain.chain_id, settings.asset)
    decimals = read_decimals(chain, asset)
    offers = {
        tier: Offer(
            price_base_units(settings.price_usd(tier), decimals),
            pay_address_of(deployment, account.address, tier),
        )
        for tier in SETTLED_TIERS
        if tier is not Tier.TEE or root is not None
    }
    return Connection(chain, deployment, account, root, asset, decimals, offers)


def load_packages(settings: ProverSettings) -> list[ModelPackage]:
    """The model packages to serve.

    Raises:
        PackageError: one cannot be used, or two have the same name.
    """
    packages: dict[str, ModelPackage] = {}
    for path in settings.models:
        package = ModelPackage.load(path)
        if package.name in packages:
            raise PackageError(path, f"another package is named {package.name}, too")
        packages[package.name] = package
    return list(packages.values())


def assemble(settings: ProverSettings, connection: Connection, progress: Progress) -> Parts:
    """Prepares and registers every model, and returns the parts of the service.

    Raises:
        ProverError: a model package or its circuit cannot be used.
        VeritallyError: the chain refuses a registration.
    """
    catalogue = _catalogue(settings, connection, progress)
    domain, ledger = SettlementDomain.of(connection.deployment), PaymentLedger()
    submitter = Submitter(
        _settler(connection, catalogue, progress).settle,
        window_s=settings.batch_window_s,
        max_age_s=settings.batch_max_age_s,
    )
    runner = Runner(
        proof_timeout_s=settings.proof_timeout_s, max_parallel_proofs=settings.max_parallel_proofs
    )
    signer = SettlementSigner(settings.rpc_url, connection.deployment.settlement)
    return Parts(
        chain=connection.chain,
        catalogue=catalogue,
        facilitator=InProcessFacilitator(signer, catalogue.network, ledger),
        submitter=submitter,
        service=InferenceService(catalogue, domain, runner, submitter, ledger),
        payment_timeout_s=settings.payment_timeout_s,
    )


def _catalogue(settings: ProverSettings, connection: Connection, progress: Progress) -> Catalogue:
    packages = load_packages(settings)
    return Catalogue(
        models={package.name: _serve(package, settings, connection, progress) for package in packages},
        asset=connection.asset,
        decimals=connection.decimals,
        prover=connection.account.address,
        network=connection.network,
    )


def _serve(
    package: ModelPackage, settings: ProverSettings, connection: Connection, progress: Progress
) -> ServedModel:
    chain, deployment, account = connection.chain, connection.deployment, connection.account
    network = OnnxModel(package)
    circuit = prepare_circuit(package, settings.cache_dir, progress)
    model_id = ensure_model(chain, deployment, account, package, progress)
    return ServedModel(
        package=package,
        model_id=model_id,
        network=network,
        circuit=circuit,
        verifier=ensure_circuit(chain, deployment, account, model_id, circuit, progress),
        offers=connection.offers,
    )


def _settler(connection: Connection, catalogue: Catalogue, progress: Progress) -> Settler:
    chain, deployment, account = connection.chain, connection.deployment, connection.account
    enclaves = _enclaves(connection, connection.enclave_root, catalogue, progress)
    evidence = EvidenceMaker(SettlementDomain.of(deployment), account, enclaves)
    return Settler(chain, deployment, account, evidence)


def _enclaves(
    connection: Connection, root: LocalAccount | None, catalogue: Catalogue, progress: Progress
) -> dict[bytes, DevelopmentEnclave]:
    enclaves: dict[bytes, DevelopmentEnclave] = {}
    if root is None:
        return enclaves
    for model in catalogue.models.values():
        progress(f"admitting a development enclave for {model.package.name} (DEVELOPMENT ONLY - NOT A TEE)")
        enclave = DevelopmentEnclave(
            connection.chain, connection.deployment, connection.account, root, model.model_id
        )
        enclave.ensure_key()
        enclaves[model.model_id] = enclave
    return enclaves
