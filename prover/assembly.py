"""Puts the service together: books, models, proofs, payments, settling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from prover.app import Parts
from prover.books import LEASE_S, Books
from prover.catalogue import Catalogue
from prover.connection import Connection, Progress
from prover.door.networks import NetworkHandler
from prover.door.offers import Menu
from prover.door.policy import ROUTES, DoorPolicy
from prover.enclave.enclave import Enclave
from prover.evidence import EvidenceMaker
from prover.inference import Runner
from prover.jobs.rows import Book
from prover.jobs.store import DurableJobs
from prover.offering import load_catalogue, register_enclaves
from prover.pricing import price_base_units, read_token
from prover.settings import ProverSettings
from prover.settling.judging import Judge
from prover.settling.managed_chain import ManagedChain
from prover.settling.policy import SettlingPolicy
from prover.settling.profit import Guard, Prices
from prover.settling.settling import Settling
from prover.settling.trial import Trier
from prover.upstream.serving import serve_language_models
from prover.workers.desk import ProofDesk
from prover.workers.limits import DeskLimits
from prover.workers.opening import ClusterSettings, open_desk
from veritally.payments import PaymentScheme
from veritally.receipts import SettlementDomain
from veritally.tiers import Tier
from veritally.transactions import Database, FeePolicy, Policy

_SENDING_S: Final = 15.0
"""Seconds of a payment's validity that are left for its transaction, from its sending to its block."""


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
    catalogue = load_catalogue(settings, connection, progress)
    settle_within_s = settings.batch_max_age_s + _SENDING_S
    language_models = serve_language_models(
        settings.language_models,
        connection.decimals,
        connection.registrar(progress),
        has_enclave=connection.documents is not None,
        settle_within_s=settle_within_s,
        taken=list(catalogue.models),
    )
    names = {model.model_id: model.package.name for model in catalogue.models.values()}
    names |= {item.model_id: item.name for item in language_models if Tier.TEE in item.prices_base_units}
    proofs = _proofs(settings, books.database, catalogue)
    runner = Runner(catalogue.models, proofs)
    chain = connection.chain
    enclaves = register_enclaves(connection, names, progress)
    evidence = _evidence(connection, catalogue, enclaves)
    domain, prover = SettlementDomain.of(connection.deployment), connection.account.address
    book = Book(domain, prover, evidence.show_proof)
    jobs = DurableJobs(books.database, book, settings.max_waiting_jobs)
    trier = Trier(chain, domain, prover)
    policy = _policy(settings, connection.decimals)
    networks = [
        NetworkHandler(model, runner, settings.proof_timeout_s, settle_within_s)
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


def _evidence(
    connection: Connection, catalogue: Catalogue, enclaves: Mapping[bytes, Enclave]
) -> EvidenceMaker:
    circuits = {model.model_id: model.registered.index for model in catalogue.models.values()}
    domain = SettlementDomain.of(connection.deployment)
    return EvidenceMaker(domain, connection.account, enclaves, circuits)
