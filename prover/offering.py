"""The models that are offered: loaded, priced, registered, each with its circuit and its enclave key."""

from __future__ import annotations

from collections.abc import Mapping

from prover.catalogue import Catalogue, Offer, ServedModel
from prover.connection import Connection, Progress
from prover.enclave.enclave import Enclave
from prover.errors import PackageError, SettingError
from prover.onnx_model import OnnxModel
from prover.pricing import price_base_units
from prover.settings import ProverSettings
from prover.zkml.archive import package_folder
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.circuit_accumulator import Accumulator, prepare_accumulator
from prover.zkml.package import ModelPackage
from prover.zkml.srs import open_srs, require_srs_for
from veritally.attestation.claims import Platform
from veritally.attestation.software_root import ORGANIZATION
from veritally.tiers import Tier


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


def load_catalogue(settings: ProverSettings, connection: Connection, progress: Progress) -> Catalogue:
    """Prepares and registers the networks that are served.

    Raises:
        ProverError: a model package, its circuit or the cache cannot be used.
        VeritallyError: the chain refuses a registration.
    """
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


def register_enclaves(
    connection: Connection, names: Mapping[bytes, str], progress: Progress
) -> dict[bytes, Enclave]:
    """One enclave key for each model, by its id, registered; none without an enclave."""
    enclaves: dict[bytes, Enclave] = {}
    documents = connection.documents
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


def offers_of(settings: ProverSettings, connection: Connection, model: str) -> dict[Tier, Offer]:
    """The terms of a model at each tier.

    Raises:
        PriceError: a price does not fit the token.
    """
    return {
        tier: Offer(price_base_units(settings.price_usd(tier, model), connection.decimals), pay_to)
        for tier, pay_to in connection.pay_to.items()
    }
