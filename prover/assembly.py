"""Puts the service together: chain, keys, models, circuits, enclaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import Web3

from prover.app import Parts
from prover.books import LEASE_S, Books
from prover.catalogue import Catalogue, Offer, ServedModel
from prover.door.networks import NetworkHandler
from prover.door.offers import Menu
from prover.door.policy import ROUTES, DoorPolicy
from prover.enclave.drivers import make_source
from prover.enclave.enclave import Enclave
from prover.enclave.sources import DocumentSource
from prover.errors import PackageError, SettingError, WrongChainError
from prover.evidence import EvidenceMaker
from prover.inference import Runner
from prover.jobs.rows import Book
from prover.jobs.store import DurableJobs
from prover.onnx_model import OnnxModel
from prover.pricing import network_of, price_base_units, read_decimals, read_token, resolve_asset
from prover.registration import Registrar
from prover.settings import ProverSettings
from prover.settling.judging import Judge
from prover.settling.managed_chain import ManagedChain
from prover.settling.policy import SettlingPolicy
from prover.settling.profit import Guard, Prices
from prover.settling.settling import Settling
from prover.settling.trial import Trier
from prover.signer import load_prover_account
from prover.upstream.serving import serve_language_models
from prover.workers.desk import ProofDesk
from prover.workers.limits import DeskLimits
from prover.workers.opening import ClusterSettings, open_desk
from prover.zkml.archive import package_folder
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.circuit_accumulator import Accumulator, prepare_accumulator
from prover.zkml.package import ModelPackage
from prover.zkml.srs import open_srs, require_srs_for
from veritally.attestation.claims import Platform
from veritally.attestation.software_root import ORGANIZATION
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.errors import DeploymentFileError
from veritally.pay_address import pay_address_of
from veritally.payments import PaymentScheme
from veritally.receipts import SettlementDomain
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.transactions import Database, FeePolicy, Policy

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Connection:
    """The chain, our contracts on it, and the keys that act there."""

    chain: Chain
    deployment: Deployment
    account: LocalAccount
    documents: DocumentSource | None
    """Attestation of the enclave that this runs in; without it the tier TEE is not offered."""
    asset: str
    decimals: int
    pay_to: Mapping[Tier, str]
    """Pay address of each tier that is offered."""

    @property
    def network(self) -> str:
        """The chain, as x402 names it."""
        return network_of(self.chain.chain_id)

    def registrar(self, progress: Progress) -> Registrar:
        """Registers models for the account."""
        return Registrar(self.chain, self.deployment, self.account, progress)


def connect(settings: ProverSettings) -> Connection:
    """Reads the files and asks the node; sends nothing.

    Raises:
        VeritallyError: the deployment file or the node cannot be used.
        ProverError: a key, a price, the asset or the enclave driver cannot be used.
    """
    deployment, chain = Deployment.load(settings.deployment), Chain.connect(settings.rpc_url)
    if chain.chain_id != deployment.chain_id:
        raise WrongChainError(deployment.chain_id, chain.chain_id)
    _require_settlement(settings.deployment, deployment, chain)
    account = load_prover_account(settings, chain.chain_id)
    driver = settings.enclave_driver
    documents = make_source(driver, chain, deployment) if driver else None
    asset = resolve_asset(chain.chain_id, settings.asset)
    decimals = read_decimals(chain, asset)
    pay_to = {
        tier: pay_address_of(deployment, account.address, tier)
        for tier in SETTLED_TIERS
        if tier is not Tier.TEE or documents is not None
    }
    return Connection(chain, deployment, account, documents, asset, decimals, pay_to)


def offers_of(settings: ProverSettings, connection: Connection, model: str) -> dict[Tier, Offer]:
    """The terms of a model at each tier.

    Raises:
        PriceError: a price does not fit the token.
    """
    return {
        tier: Offer(price_base_units(settings.price_usd(tier, model), connection.decimals), pay_to)
        for tier, pay_to in connection.pay_to.items()
    }


def _require_settlement(path: Path, deployment: Deployment, chain: Chain) -> None:
    """A development chain that was started anew is empty, while its deployment file may still be there."""
    with chain.reading():
        code = chain.w3.eth.get_code(Web3.to_checksum_address(deployment.settlement))
    if not code:
        problem = f"chain {chain.chain_id} has no contract Settlement at {deployment.settlement}"
        raise DeploymentFileError(str(path), problem)


def load_packages(settings: ProverSettings) -> list[ModelPackage]:
    """The model packages to serve.

    Raises:
        PackageError: one cannot be used, or two have the same name.
        SettingError: a price is set for another model.
        BuiltPackageError: a `.tar` cannot be unpacked.
    """
    packages: dict[str, ModelPackage] = {}
    for path in settings.models:
        with package_folder(path) as folder:
            package = ModelPackage.load(folder)
        if package.name in packages:
            raise PackageError(path, f"another package is named {package.name}, too")
        packages[package.name] = package
    if unknown := settings.priced_models - set(packages):
        problem = f"has a price for {min(unknown)!r}, which is not served; served are: {', '.join(packages)}"
        raise SettingError("VERITALLY_PROVER_MODEL_PRICES_USD", problem)
    return list(packages.values())


def assemble(settings: ProverSettings, connection: Connection, progress: Progress) -> Parts:
    """Prepares and registers every model, and returns the parts of the service.

    Raises:
        ProverError: a model package, its circuit or the cache cannot be used, or a proof needs more memory
            than the machine has.
        VeritallyError: the chain refuses a registration.
    """
    database = Database(settings.database)
    account, chain = connection.account, connection.chain
    sending = _sending(settings)
    books = Books.open(database, account, chain.chain_id, settings.rpc_urls, progress, sending)
    try:
        books.require_home(chain, connection.deployment.settlement)
        managed = replace(connection, chain=ManagedChain.over(chain, books.manager))
        return _parts(settings, managed, books, progress)
    except BaseException:
        books.close()
        raise


def _parts(settings: ProverSettings, connection: Connection, books: Books, progress: Progress) -> Parts:
    catalogue = _catalogue(settings, connection, progress)
    language_models = serve_language_models(
        settings.language_models,
        connection.decimals,
        connection.registrar(progress),
        has_enclave=connection.documents is not None,
        settle_within_s=settings.batch_max_age_s,
        taken=list(catalogue.models),
    )
    names = {model.model_id: model.package.name for model in catalogue.models.values()}
    names |= {item.model_id: item.name for item in language_models if Tier.TEE in item.prices_base_units}
    proofs = _proofs(settings, books.database, catalogue)
    runner = Runner(catalogue.models, proofs)
    chain = connection.chain
    enclaves = _enclaves(connection, connection.documents, names, progress)
    evidence = _evidence(connection, catalogue, enclaves)
    domain, prover = SettlementDomain.of(connection.deployment), connection.account.address
    book = Book(domain, prover, evidence.show_proof)
    jobs = DurableJobs(books.database, book, settings.max_waiting_jobs)
    trier = Trier(chain, domain, prover)
    policy = _policy(settings, connection.decimals)
    networks = [
        NetworkHandler(model, runner, settings.proof_timeout_s, settings.batch_max_age_s)
        for model in catalogue.models.values()
    ]
    return Parts(
        chain=chain,
        rpc_urls=list(settings.rpc_urls),
        catalogue=catalogue,
        handlers=[*networks, *language_models],
        menu=_menu(settings, connection),
        books=books,
        jobs=jobs,
        settling=Settling(chain, jobs, books.manager, Judge(evidence, trier), policy),
        proofs=proofs,
        upstreams=[item.client for item in language_models],
        enclaves={names[model_id]: enclave for model_id, enclave in enclaves.items()},
    )


def _sending(settings: ProverSettings) -> Policy:
    return Policy(
        fees=FeePolicy(ceiling_wei=settings.max_fee_wei),
        confirmations=settings.confirmations,
        max_in_flight=settings.max_in_flight,
        lease_s=LEASE_S,
    )


def _proofs(settings: ProverSettings, database: Database, catalogue: Catalogue) -> ProofDesk:
    circuits = [model.circuit for model in catalogue.models.values()]
    cluster = settings.cluster and ClusterSettings(
        settings.cluster,
        settings.cluster_ca_file,
        settings.cluster_certificate_file,
        settings.cluster_key_file,
    )
    limits = DeskLimits(timeout_s=settings.proof_timeout_s)
    return open_desk(database, circuits, limits, cluster or None, settings.max_parallel_proofs)


def _menu(settings: ProverSettings, connection: Connection) -> Menu:
    routes = tuple(route for name in settings.schemes for route in ROUTES if route.label == name)
    policy = DoorPolicy(
        credit_base_units=price_base_units(settings.max_unsettled_usd, connection.decimals),
        min_deposit_base_units=price_base_units(settings.min_deposit_usd, connection.decimals),
        routes=routes,
        payment_timeout_s=settings.payment_timeout_s,
        withdraw_delay_s=settings.withdraw_delay_s,
        settle_wait_s=settings.answer_timeout_s,
    )
    token = read_token(connection.chain, connection.asset, needs_domain=routes != (PaymentScheme.UPTO,))
    return Menu(connection.deployment, connection.account.address, token, policy)


def _policy(settings: ProverSettings, decimals: int) -> SettlingPolicy:
    coin_usd = settings.coin_price_usd
    asset_usd = Fraction(settings.asset_price_usd)
    prices = None if coin_usd is None else Prices(Fraction(coin_usd), asset_usd, decimals)
    return SettlingPolicy(
        window_s=settings.batch_window_s,
        max_age_s=settings.batch_max_age_s,
        voucher_max_age_s=settings.voucher_max_age_s,
        guard=Guard(prices, settings.settle_at_a_loss),
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
    network = OnnxModel(package)
    circuit, accumulator = _prepare(package, settings, progress)
    require_srs_for(connection.chain.chain_id, circuit.development_srs, package.name)
    registrar = connection.registrar(progress)
    model_id, timeout_s = registrar.ensure_model(package), settings.proof_timeout_s
    registered = registrar.ensure_circuit(model_id, circuit, timeout_s)
    if accumulator is not None:
        registrar.ensure_accumulator(model_id, registered.index, package, circuit, accumulator, timeout_s)
    return ServedModel(
        package=package,
        model_id=model_id,
        network=network,
        circuit=circuit,
        registered=registered,
        offers=offers_of(settings, connection, package.name),
    )


def _prepare(
    package: ModelPackage, settings: ProverSettings, progress: Progress
) -> tuple[Circuit, Accumulator | None]:
    srs = open_srs(settings.srs, package.knobs.logrows) if settings.srs else None
    try:
        circuit = prepare_circuit(package, settings.cache_dir, progress, srs)
        return circuit, prepare_accumulator(circuit, progress)
    except OSError as error:
        problem = f"{error.filename or settings.cache_dir}: {error.strerror}"
        raise SettingError("VERITALLY_PROVER_CACHE_DIR", problem) from None


def _evidence(
    connection: Connection, catalogue: Catalogue, enclaves: Mapping[bytes, Enclave]
) -> EvidenceMaker:
    circuits = {model.model_id: model.registered.index for model in catalogue.models.values()}
    domain = SettlementDomain.of(connection.deployment)
    return EvidenceMaker(domain, connection.account, enclaves, circuits)


def _enclaves(
    connection: Connection, documents: DocumentSource | None, names: Mapping[bytes, str], progress: Progress
) -> dict[bytes, Enclave]:
    """One enclave key for each model, registered."""
    enclaves: dict[bytes, Enclave] = {}
    if documents is None:
        return enclaves
    vouching = ORGANIZATION if documents.platform is Platform.DEVELOPMENT else documents.platform.label
    for model_id, name in names.items():
        enclave = Enclave(connection.chain, connection.deployment, connection.account, documents, model_id)
        connection.registrar(progress).ensure_measurement(model_id, enclave.measure())
        progress(f"registering an enclave key for {name} ({vouching})")
        enclave.ensure_registered()
        enclaves[model_id] = enclave
    return enclaves
