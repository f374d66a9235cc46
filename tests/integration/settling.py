"""What tests of settling are made of: a pipeline, and inferences that nobody pays for."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from models import MODEL_ID, register_model

from prover.books import Books
from prover.enclave.drivers import DriverName, make_source
from prover.enclave.enclave import Enclave
from prover.evidence import EvidenceMaker
from prover.jobs import rows
from prover.jobs.job import Computed, Job, Order, Reason
from prover.jobs.rows import Book
from prover.jobs.store import DurableJobs
from prover.jobs.tables import CounterRow
from prover.jobs.writer import Unit
from prover.settling.judging import Judge
from prover.settling.managed_chain import ManagedChain
from prover.settling.policy import SettlingPolicy
from prover.settling.settling import Settling
from prover.settling.trial import Trier
from veritally.devnet import Devnet
from veritally.payments import UptoPayment
from veritally.receipts import ZERO_ADDRESS, SettlementDomain
from veritally.settlement import ZkProof
from veritally.tiers import Tier
from veritally.transactions import Database

NO_PAYMENT = UptoPayment(0, 0, 0, 0, b"")
AT_ONCE = SettlingPolicy(window_s=0.0, voucher_patience_s=0.0, poll_s=0.05, idle_poll_s=0.05)
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Free:
    """An inference that nobody pays for."""

    nonce: int
    tier: Tier = Tier.SIGNED
    proof: ZkProof | None = None
    model_id: bytes = MODEL_ID
    response_hash: bytes = bytes(32)

    def order(self, devnet: Devnet) -> Order:
        return Order(
            payment_key=f"free:{next(_NUMBERS)}",
            resource="/",
            body=b"",
            model="model",
            model_id=self.model_id,
            tier=self.tier,
            asset=devnet.usdc,
            payer=ZERO_ADDRESS,
            payment=NO_PAYMENT,
            max_amount_base_units=0,
            deadline_s=0,
        )

    @property
    def computed(self) -> Computed:
        return Computed(0, bytes(32), self.response_hash, 1_764_000_000, b"{}", self.proof)


def free(devnet: Devnet, nonce: int, tier: Tier = Tier.SIGNED, proof: ZkProof | None = None) -> Free:
    return Free(nonce, tier, proof)


@dataclass(frozen=True)
class Pipeline:
    """From stored requests to the chain."""

    jobs: DurableJobs
    settling: Settling
    books: Books
    devnet: Devnet

    def compute(self, order: Order, computed: Computed) -> bytes:
        """Stores a request and its result."""

        def work(unit: Unit) -> bytes:
            rows.reserve(unit, order, 1_000)
            rows.compute(unit, order.job_id, computed, self.jobs.book)
            return order.job_id

        return self.jobs.writer.run(work)

    def reserve(self, order: Order) -> tuple[Job, bool]:
        return self.jobs.writer.run(lambda unit: rows.reserve(unit, order, 1_000))

    def release(self, order: Order) -> Job:
        reason = Reason("in_vain", "it gave nothing")
        return self.jobs.writer.run(lambda unit: rows.release(unit, order.job_id, reason))

    def set_next_nonce(self, nonce: int) -> None:
        def work(unit: Unit) -> None:
            unit.session.merge(CounterRow(name="receipt", next_value=nonce))

        self.jobs.writer.run(work)

    def find(self, job_id: bytes) -> Job:
        with self.books.database.reading() as session:
            job = rows.find(session, job_id)
        assert job is not None
        return job

    def await_over(self, job_ids: Sequence[bytes], timeout_s: float = 20.0) -> list[Job]:
        """The requests once they are over, or as they are when the time has passed."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = [self.find(job_id) for job_id in job_ids]
            if all(job.state.is_over for job in found) or time.monotonic() >= deadline:
                return found
            time.sleep(0.02)


@contextmanager
def pipeline(
    devnet: Devnet,
    database: Database,
    enclaves: Mapping[bytes, Enclave] | None = None,
    circuits: Mapping[bytes, int] | None = None,
    policy: SettlingPolicy = AT_ONCE,
) -> Iterator[Pipeline]:
    """A running pipeline of the prover. Enclaves send through it meanwhile."""
    domain, prover = SettlementDomain.of(devnet.deployment), devnet.accounts.prover
    books = Books.open(database, prover, devnet.chain.chain_id, [str(_url(devnet))], print)
    chain = ManagedChain.over(devnet.chain, books.manager)
    evidence = EvidenceMaker(domain, prover, enclaves or {}, circuits or {})
    jobs = DurableJobs(database, Book(domain, prover.address, evidence.show_proof))
    trier = Trier(chain, domain, prover.address)
    settling = Settling(chain, jobs, books.manager, Judge(evidence, trier), policy)
    own_chains = [(keeper, keeper._chain) for keeper in (enclaves or {}).values()]
    for keeper, own in own_chains:
        keeper._chain = ManagedChain.over(own, books.manager)
    settling.start()
    try:
        yield Pipeline(jobs, settling, books, devnet)
    finally:
        settling.stop()
        jobs.close()
        books.close()
        for keeper, own in own_chains:
            keeper._chain = own


@contextmanager
def new_pipeline(devnet: Devnet, **options: Any) -> Iterator[Pipeline]:
    """A pipeline whose database is gone afterwards."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pipeline(devnet, Database(f"sqlite:///{folder}/prover.db"), **options) as running,
    ):
        yield running


@dataclass(frozen=True)
class Settler:
    """Settles free inferences, each time with a new database."""

    devnet: Devnet
    enclaves: Mapping[bytes, Enclave] | None
    circuits: Mapping[bytes, int] | None

    def settle(
        self,
        inferences: Sequence[Free],
        timeout_s: float = 20.0,
        before: Callable[[], None] = lambda: None,
    ) -> list[Job]:
        """`before` is called once everything runs."""
        with new_pipeline(self.devnet, enclaves=self.enclaves, circuits=self.circuits) as running:
            before()
            ids = []
            for inference in inferences:
                running.set_next_nonce(inference.nonce)
                ids.append(running.compute(inference.order(self.devnet), inference.computed))
            return running.await_over(ids, timeout_s)


def settler(
    devnet: Devnet,
    enclaves: Mapping[bytes, Enclave] | None = None,
    circuits: Mapping[bytes, int] | None = None,
) -> Settler:
    return Settler(devnet, enclaves, circuits)


def why(job: Job) -> str:
    """Why a request was not settled, which must be certain."""
    assert job.state.value == "skipped"
    assert job.reason is not None
    return job.reason.message


def enclave(devnet: Devnet) -> Enclave:
    """An enclave of the software root, for a model that accepts it; its key is not registered yet."""
    register_model(devnet)
    return unaccepted_enclave(devnet)


def unaccepted_enclave(devnet: Devnet) -> Enclave:
    source = make_source(DriverName.SOFTWARE, devnet.chain, devnet.deployment)
    return Enclave(devnet.chain, devnet.deployment, devnet.accounts.prover, source, MODEL_ID)


def _url(devnet: Devnet) -> Any:
    provider: Any = devnet.chain.w3.provider
    return provider.endpoint_uri
