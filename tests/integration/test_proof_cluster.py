"""Proofs on a real cluster: a scheduler and worker processes of Dask, some of which die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from batches import batch_of_iris
from clusters import Cluster, provers_of, run_cluster, until
from prover_service import cache_dir
from sqlmodel import SQLModel
from transacting import FragileDatabase

from prover.errors import ShuttingDownError
from prover.workers.cluster import ClusterProofs
from prover.workers.desk import ProofDesk
from prover.workers.errors import (
    ClusterUnreachableError,
    WorkerFailedError,
    WorkerInputError,
    WorkerTooSmallError,
)
from prover.workers.files import CircuitFiles
from prover.workers.limits import DeskLimits
from prover.workers.store import ProofJobState, ProofStore
from prover.workers.tables import TABLES
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.prove import prove_batch

FLOWERS_CM = [(5.1, 3.5, 1.4, 0.2), (7.0, 3.2, 4.7, 1.4), (6.3, 3.3, 6.0, 2.5)]
TIMEOUT_S = 90.0
LIMITS = DeskLimits(timeout_s=TIMEOUT_S)


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    """One whose proofs take seconds, so that they can be interrupted."""
    return prepare_circuit(batch_of_iris(16, 14), cache_dir(), print, batch_size=16)


@pytest.fixture(scope="module")
def small_circuit() -> Circuit:
    return prepare_circuit(batch_of_iris(16, 14), cache_dir(), print)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with run_cluster(tmp_path_factory.mktemp("cluster"), "left", "right") as running:
        yield running


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[ClusterProofs]:
    made = connect(cluster)
    until(lambda: made.slots() == 2)
    yield made
    made.shutdown()


@pytest.fixture
def store(database: FragileDatabase) -> ProofStore:
    with database.transaction() as session:
        SQLModel.metadata.create_all(session.connection(), tables=TABLES)
    return ProofStore(database)


def connect(cluster: Cluster) -> ClusterProofs:
    return ClusterProofs(cluster.address)


def job_id(number: int) -> bytes:
    return number.to_bytes(32, "big")


def desk_of(store: ProofStore, engine: ClusterProofs, *circuits: Circuit) -> ProofDesk:
    desk = ProofDesk(store, engine, circuits, LIMITS)
    desk.start()
    return desk


def test_proofs_are_made_on_several_workers(
    cluster: Cluster, engine: ClusterProofs, circuit: Circuit
) -> None:
    batches = [FLOWERS_CM[:1], FLOWERS_CM[1:], FLOWERS_CM]
    futures = [engine.submit(prove_batch, circuit, batch, TIMEOUT_S) for batch in batches]
    until(lambda: all(provers_of(worker) for worker in cluster.workers.values()))
    for future, batch in zip(futures, batches, strict=True):
        assert len(future.result(TIMEOUT_S).runs) == len(batch)


def test_files_travel_once_by_their_content(
    cluster: Cluster, engine: ClusterProofs, small_circuit: Circuit
) -> None:
    digests = set(CircuitFiles.of(small_circuit).sha256.values())

    def prove_some() -> None:
        futures = [engine.submit(prove_batch, small_circuit, FLOWERS_CM[:1], TIMEOUT_S) for _ in range(6)]
        assert all(len(future.result(TIMEOUT_S).runs) == 1 for future in futures)

    prove_some()
    caches = [cluster.cache(name) for name in cluster.workers if cluster.cache(name).exists()]
    kept = {file: file.stat().st_mtime_ns for cache in caches for file in cache.iterdir()}
    assert digests <= {file.name for file in kept}
    prove_some()
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_a_damaged_file_is_sent_again(
    cluster: Cluster, engine: ClusterProofs, small_circuit: Circuit
) -> None:
    digest = CircuitFiles.of(small_circuit).sha256["proving_key"]
    engine.submit(prove_batch, small_circuit, FLOWERS_CM[:1], TIMEOUT_S).result(TIMEOUT_S)
    damaged = [cluster.cache(name) / digest for name in cluster.workers]
    for file in damaged:
        if file.exists():
            file.write_bytes(b"damaged")
    futures = [engine.submit(prove_batch, small_circuit, FLOWERS_CM[:1], TIMEOUT_S) for _ in range(4)]
    assert all(len(future.result(TIMEOUT_S).runs) == 1 for future in futures)


def test_a_worker_killed_in_the_middle_loses_nothing(
    tmp_path: Path, store: ProofStore, circuit: Circuit
) -> None:
    with run_cluster(tmp_path, "left", "right") as cluster:
        engine = connect(cluster)
        until(lambda: engine.slots() == 2)
        with closing(desk_of(store, engine, circuit)) as desk:
            futures = [desk.prove(job_id(number), circuit, FLOWERS_CM) for number in range(1, 5)]
            until(lambda: provers_of(cluster.workers["left"]))
            cluster.kill(cluster.workers.pop("left"))
            assert [len(future.result(TIMEOUT_S).runs) for future in futures] == [3] * 4
    assert store.left() == []
    states = [store.find(job_id(number)) for number in range(1, 5)]
    assert [item.state for item in states if item] == [ProofJobState.DONE] * 4


def test_a_new_coordinator_takes_up_what_the_last_one_left(
    cluster: Cluster, store: ProofStore, circuit: Circuit
) -> None:
    with closing(desk_of(store, connect(cluster), circuit)) as first:
        lost = [first.prove(job_id(number), circuit, FLOWERS_CM) for number in (1, 2, 3)]
        until(lambda: all(provers_of(worker) for worker in cluster.workers.values()))
    for future in lost:
        with pytest.raises(ShuttingDownError):
            future.result(TIMEOUT_S)
    until(lambda: not any(provers_of(worker) for worker in cluster.workers.values()))
    with closing(desk_of(store, connect(cluster), circuit)):
        until(lambda: store.left() == [])
    engine = connect(cluster)
    with closing(desk_of(store, engine, circuit)) as third:
        for number in (1, 2, 3):
            assert len(third.prove(job_id(number), circuit, FLOWERS_CM).result(TIMEOUT_S).runs) == 3
        assert third.figures().running == 0


def test_proofs_wait_for_a_scheduler_that_comes_back(
    tmp_path: Path, store: ProofStore, circuit: Circuit
) -> None:
    with run_cluster(tmp_path, "left") as cluster:
        engine = connect(cluster)
        until(lambda: engine.slots() == 1)
        with closing(desk_of(store, engine, circuit)) as desk:
            future = desk.prove(job_id(1), circuit, FLOWERS_CM)
            until(lambda: provers_of(cluster.workers["left"]))
            assert cluster.scheduler is not None
            cluster.kill(cluster.scheduler)
            until(lambda: engine.slots() == 0)
            cluster.kill(cluster.workers.pop("left"))
            cluster.start_scheduler()
            cluster.start_worker("right")
            assert len(future.result(TIMEOUT_S).runs) == 3
            assert desk.figures().retried == 1


def test_a_cancelled_proof_is_ended_on_its_worker(
    cluster: Cluster, engine: ClusterProofs, circuit: Circuit
) -> None:
    future = engine.submit(prove_batch, circuit, FLOWERS_CM, TIMEOUT_S)
    until(lambda: any(provers_of(worker) for worker in cluster.workers.values()))
    assert future.cancel()
    started = time.monotonic()
    until(lambda: not any(provers_of(worker) for worker in cluster.workers.values()))
    assert time.monotonic() - started < 4


def test_a_worker_of_another_version_is_told(
    engine: ClusterProofs, small_circuit: Circuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.workers.parcels.version", lambda _: "1.0")
    with pytest.raises(WorkerFailedError, match=r"has ezkl [\d.]+, the prover 1.0; install the prover's"):
        engine.submit(prove_batch, small_circuit, FLOWERS_CM[:1], TIMEOUT_S).result(TIMEOUT_S)


def test_what_goes_wrong_on_a_worker_is_told(engine: ClusterProofs, circuit: Circuit) -> None:
    with pytest.raises(WorkerInputError, match="Failed to generate witness"):
        engine.submit(prove_batch, circuit, [(1e9, 1.0, 1.0, 1.0)], TIMEOUT_S).result(TIMEOUT_S)
    with pytest.raises(WorkerFailedError, match=r"worker tcp://.*killed after 0.01 s"):
        engine.submit(prove_batch, circuit, FLOWERS_CM, 0.01).result(TIMEOUT_S)


def test_a_proof_larger_than_every_worker_is_refused(tmp_path: Path, circuit: Circuit) -> None:
    with run_cluster(tmp_path) as cluster:
        cluster.start_worker("small", memory="1e6")
        engine = connect(cluster)
        until(lambda: engine.slots() == 1)
        with pytest.raises(WorkerTooSmallError, match="the largest worker offers 1000000"):
            engine.submit(prove_batch, circuit, FLOWERS_CM, TIMEOUT_S)
        engine.shutdown()


def test_no_scheduler_is_told() -> None:
    with pytest.raises(ClusterUnreachableError, match="start it with `dask scheduler`"):
        ClusterProofs("tcp://127.0.0.1:9", connect_timeout_s=1)
