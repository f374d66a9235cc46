"""Durable proofs: real proofs, a real database, an engine whose workers die."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait

import pytest
from batches import batch_of_iris
from ezkl_children import children
from prover_service import cache_dir
from sqlalchemy import update
from sqlmodel import SQLModel
from transacting import FragileDatabase

from prover.errors import EzklTimeoutError, InputCountError, ShuttingDownError
from prover.workers.desk import ProofDesk
from prover.workers.engine import LocalProofs, ProofEngine
from prover.workers.errors import (
    ProofJobFailedError,
    ProofLateError,
    ProofsBusyError,
    StaleProofError,
    WorkerLostError,
)
from prover.workers.limits import DeskLimits
from prover.workers.store import ProofJobState, ProofOrder, ProofStore
from prover.workers.tables import TABLES
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.errors import ProofTooLargeError
from prover.zkml.proof_pool import ProofJob, ProofPool
from prover.zkml.prove import ProvenBatch, prove_batch
from veritally.transactions.errors import DatabaseError

FLOWERS_CM = [(5.1, 3.5, 1.4, 0.2), (7.0, 3.2, 4.7, 1.4), (6.3, 3.3, 6.0, 2.5)]
TIMEOUT_S = 60.0
LIMITS = DeskLimits(timeout_s=TIMEOUT_S)


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return prepare_circuit(batch_of_iris(4, 13), cache_dir(), print, batch_size=4)


@pytest.fixture(scope="module")
def other_circuit() -> Circuit:
    return prepare_circuit(batch_of_iris(4, 13), cache_dir(), print)


def store_in(database: FragileDatabase) -> ProofStore:
    with database.transaction() as session:
        SQLModel.metadata.drop_all(session.connection(), tables=TABLES)
        SQLModel.metadata.create_all(session.connection(), tables=TABLES)
    return ProofStore(database)


@pytest.fixture
def store(database: FragileDatabase) -> ProofStore:
    return store_in(database)


class HandEngine(ProofEngine):
    """Proofs that a test makes by hand, when it wants to."""

    def __init__(self, slots: int = 2) -> None:
        self.free = slots
        self.begun: list[tuple[ProofJob, Future[ProvenBatch]]] = []
        self.changed = threading.Condition()

    def begin(self, job: ProofJob) -> Future[ProvenBatch]:
        future: Future[ProvenBatch] = Future()
        with self.changed:
            self.begun.append((job, future))
            self.changed.notify_all()
        return future

    def slots(self) -> int:
        return self.free

    def require_room(self, circuit: Circuit) -> None:
        return

    def await_begun(self, count: int) -> list[tuple[ProofJob, Future[ProvenBatch]]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= count, timeout=10)
            return list(self.begun)

    def make(self, index: int) -> None:
        """Makes a proof that was begun, in earnest."""
        job, future = self.await_begun(index + 1)[index]
        future.set_result(prove_batch(job.circuit, job.batch, job.timeout_s))


Open = Callable[..., ProofDesk]


@pytest.fixture
def open_desk(store: ProofStore, circuit: Circuit) -> Iterator[Open]:
    opened: list[ProofDesk] = []

    def open_(
        engine: ProofEngine, limits: DeskLimits = LIMITS, circuits: Sequence[Circuit] | None = None
    ) -> ProofDesk:
        opened.append(ProofDesk(store, engine, [circuit] if circuits is None else circuits, limits))
        opened[-1].start()
        return opened[-1]

    yield open_
    for desk in opened:
        desk.close()
    assert children() == set()


def job_id(number: int) -> bytes:
    return number.to_bytes(32, "big")


def local() -> LocalProofs:
    return LocalProofs(ProofPool(workers=2))


def test_a_proof_is_made_once_and_stays(open_desk: Open, store: ProofStore, circuit: Circuit) -> None:
    desk = open_desk(local())
    first = desk.prove(job_id(1), circuit, FLOWERS_CM[:2])
    assert desk.prove(job_id(1), circuit, FLOWERS_CM[:2]) is first
    made = first.result(TIMEOUT_S)
    assert len(made.runs) == 2
    assert desk.figures().done == 1
    desk.close()
    engine = HandEngine()
    assert open_desk(engine).prove(job_id(1), circuit, FLOWERS_CM[:2]).result(TIMEOUT_S) == made
    assert engine.begun == []
    stored = store.find(job_id(1))
    assert stored is not None
    assert (stored.state, stored.token, stored.attempts) == (ProofJobState.DONE, 1, 1)


def test_the_same_id_with_other_inputs_begins_anew(
    open_desk: Open, store: ProofStore, circuit: Circuit
) -> None:
    desk = open_desk(local())
    (first,) = desk.prove(job_id(1), circuit, FLOWERS_CM[:1]).result(TIMEOUT_S).runs
    (second,) = desk.prove(job_id(1), circuit, FLOWERS_CM[1:2]).result(TIMEOUT_S).runs
    assert first.input_words != second.input_words
    stored = store.find(job_id(1))
    assert stored is not None
    assert (stored.token, stored.attempts) == (2, 1)


def test_a_killed_proof_is_made_again(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(local())
    future = desk.prove(job_id(1), circuit, FLOWERS_CM)
    deadline = time.monotonic() + TIMEOUT_S
    while not (victims := children()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    assert len(future.result(TIMEOUT_S).runs) == 3
    assert desk.figures().retried == 1


def test_a_job_whose_workers_always_die_is_given_up(open_desk: Open, circuit: Circuit) -> None:
    engine = HandEngine()
    desk = open_desk(engine)
    future = desk.prove(job_id(1), circuit, FLOWERS_CM)
    for attempt in range(3):
        engine.await_begun(attempt + 1)[attempt][1].set_exception(WorkerLostError("pulled the plug"))
    with pytest.raises(ProofJobFailedError, match=r"failed 3 times.*pulled the plug"):
        future.result(TIMEOUT_S)
    again = desk.prove(job_id(1), circuit, FLOWERS_CM)
    engine.make(3)
    assert len(again.result(TIMEOUT_S).runs) == 3


def test_nobody_waits_for_ever_when_the_database_is_damaged(
    open_desk: Open, database: FragileDatabase, circuit: Circuit
) -> None:
    open_desk(local()).prove(job_id(1), circuit, FLOWERS_CM).result(TIMEOUT_S)
    with database.transaction() as session:
        session.connection().execute(update(TABLES[0]).values(result=b"{}"))
    with pytest.raises(KeyError):
        open_desk(local()).prove(job_id(1), circuit, FLOWERS_CM).result(TIMEOUT_S)
    desk = open_desk(HandEngine(slots=0))
    waiting = desk.prove(job_id(2), circuit, FLOWERS_CM, int(time.time()) + 2)
    with database.transaction() as session:
        SQLModel.metadata.drop_all(session.connection(), tables=TABLES)
    with pytest.raises((ProofLateError, DatabaseError)):
        waiting.result(TIMEOUT_S)
    with pytest.raises(DatabaseError):
        desk.prove(job_id(3), circuit, FLOWERS_CM).result(TIMEOUT_S)


def test_what_cannot_be_proved_is_not_tried_again(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(local(), DeskLimits(timeout_s=0.01))
    with pytest.raises(InputCountError):
        desk.prove(job_id(1), circuit, [(1.0,)]).result(TIMEOUT_S)
    with pytest.raises(EzklTimeoutError):
        desk.prove(job_id(2), circuit, FLOWERS_CM).result(TIMEOUT_S)
    assert desk.figures().retried == 0


def test_a_restart_takes_up_what_is_open(open_desk: Open, store: ProofStore, circuit: Circuit) -> None:
    stopped = open_desk(HandEngine(slots=1))
    lost = [stopped.prove(job_id(number), circuit, FLOWERS_CM[:1]) for number in (1, 2)]
    stopped.close()
    for future in lost:
        with pytest.raises(ShuttingDownError):
            future.result(TIMEOUT_S)
    assert {stored.state for stored in store.left()} <= {ProofJobState.OPEN, ProofJobState.RUNNING}
    assert len(store.left()) == 2
    engine = HandEngine()
    desk = open_desk(engine)
    for index in range(2):
        engine.make(index)
    for number in (1, 2):
        assert len(desk.prove(job_id(number), circuit, FLOWERS_CM[:1]).result(TIMEOUT_S).runs) == 1
    assert store.left() == []


def test_a_restart_without_the_circuit_gives_its_jobs_up(
    open_desk: Open, store: ProofStore, circuit: Circuit, other_circuit: Circuit
) -> None:
    engine = HandEngine()
    stopped = open_desk(engine)
    stopped.prove(job_id(1), circuit, FLOWERS_CM)
    engine.await_begun(1)
    stopped.close()
    open_desk(HandEngine(), circuits=[other_circuit])
    stored = store.find(job_id(1))
    assert stored is not None
    assert (stored.state, stored.problem) == (ProofJobState.FAILED, "its circuit is no longer served")


def test_a_stale_result_is_refused(open_desk: Open, store: ProofStore, circuit: Circuit) -> None:
    """The first prover hangs, a second one takes the job over, and then the first one wakes up."""
    engines = HandEngine(), HandEngine()
    first = open_desk(engines[0]).prove(job_id(1), circuit, FLOWERS_CM)
    engines[0].await_begun(1)
    second = open_desk(engines[1]).prove(job_id(1), circuit, FLOWERS_CM)
    engines[1].await_begun(1)
    engines[0].make(0)
    with pytest.raises(StaleProofError, match="run one prover for each key"):
        first.result(TIMEOUT_S)
    engines[1].make(0)
    made = second.result(TIMEOUT_S)
    stored = store.find(job_id(1))
    assert stored is not None
    assert stored.token == 2
    assert made.proof.hex().encode() in (stored.result or b"")


def test_a_late_duplicate_takes_the_proof_that_is_there(open_desk: Open, circuit: Circuit) -> None:
    engines = HandEngine(), HandEngine()
    desks = [open_desk(engines[0])]
    first = desks[0].prove(job_id(1), circuit, FLOWERS_CM)
    engines[0].await_begun(1)
    second = open_desk(engines[1]).prove(job_id(1), circuit, FLOWERS_CM)
    engines[1].make(0)
    made = second.result(TIMEOUT_S)
    engines[0].make(0)
    assert first.result(TIMEOUT_S) == made
    assert desks[0].figures().stale == 1


def test_what_is_wanted_first_is_proved_first(open_desk: Open, store: ProofStore, circuit: Circuit) -> None:
    engine, now_s = HandEngine(slots=0), int(time.time())
    desk = open_desk(engine)
    for flower, later_s in zip(FLOWERS_CM, (300, 100, 200), strict=True):
        desk.prove(job_id(later_s), circuit, [flower], now_s + later_s)
    while len(store.left()) < 3:
        time.sleep(0.01)
    engine.free = 3
    assert [job.batch for job, _ in engine.await_begun(3)] == [
        [FLOWERS_CM[1]],
        [FLOWERS_CM[2]],
        [FLOWERS_CM[0]],
    ]


def test_a_job_that_waited_too_long_is_given_up(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(HandEngine(slots=0))
    future = desk.prove(job_id(1), circuit, FLOWERS_CM, int(time.time()) + 1)
    with pytest.raises(ProofLateError, match="before its payment expired"):
        future.result(TIMEOUT_S)


def test_an_attempt_gets_no_more_time_than_its_deadline(open_desk: Open, circuit: Circuit) -> None:
    engine = HandEngine()
    open_desk(engine).prove(job_id(1), circuit, FLOWERS_CM, int(time.time()) + 30)
    ((job, _),) = engine.await_begun(1)
    assert 20 < job.timeout_s <= 30


def test_no_more_jobs_are_taken_than_allowed(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(HandEngine(slots=1), DeskLimits(timeout_s=TIMEOUT_S, most_jobs=2))
    first = desk.prove(job_id(1), circuit, FLOWERS_CM)
    desk.prove(job_id(2), circuit, FLOWERS_CM)
    with pytest.raises(ProofsBusyError, match="2 proofs wait already"):
        desk.prove(job_id(3), circuit, FLOWERS_CM)
    assert desk.prove(job_id(1), circuit, FLOWERS_CM) is first


def test_one_model_does_not_take_all_slots(open_desk: Open, circuit: Circuit, other_circuit: Circuit) -> None:
    """Both circuits belong to one model here, so that its limit holds for both together."""
    engine = HandEngine(slots=3)
    desk = open_desk(
        engine, DeskLimits(timeout_s=TIMEOUT_S, most_per_model=2), circuits=[circuit, other_circuit]
    )
    futures = [desk.prove(job_id(number), circuit, FLOWERS_CM[:1]) for number in (1, 2)]
    third = desk.prove(job_id(3), other_circuit, FLOWERS_CM[:1])
    engine.await_begun(2)
    time.sleep(1.2)
    assert len(engine.begun) == 2
    engine.make(0)
    engine.make(1)
    wait(futures, TIMEOUT_S)
    engine.make(2)
    assert len(third.result(TIMEOUT_S).runs) == 1


def test_a_circuit_too_large_for_the_machine_is_refused(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(LocalProofs(ProofPool(memory_bytes=1)))
    with pytest.raises(ProofTooLargeError):
        desk.prove(job_id(1), circuit, FLOWERS_CM)


def test_a_closed_desk_takes_nothing(open_desk: Open, circuit: Circuit) -> None:
    desk = open_desk(HandEngine())
    desk.close()
    with pytest.raises(ShuttingDownError):
        desk.prove(job_id(1), circuit, FLOWERS_CM)


def test_jobs_long_past_are_removed(open_desk: Open, store: ProofStore, circuit: Circuit) -> None:
    engine = HandEngine()
    desk = open_desk(engine)
    past_s = int(time.time()) - 3601
    with pytest.raises(ProofLateError):
        desk.prove(job_id(1), circuit, FLOWERS_CM, past_s).result(TIMEOUT_S)
    future = desk.prove(job_id(2), circuit, FLOWERS_CM)
    engine.make(0)
    future.result(TIMEOUT_S)
    assert store.prune(time.time()) == 1
    assert store.find(job_id(1)) is None
    assert store.find(job_id(2)) is not None


def test_an_engine_runs_nothing_else() -> None:
    with pytest.raises(TypeError, match="prove_batch"):
        HandEngine().submit(print, "hello")


def test_every_database_keeps_jobs_alike(any_database: FragileDatabase) -> None:
    store, now_s = store_in(any_database), time.time()
    order = ProofOrder(job_id(1), "ab" * 32, "iris", FLOWERS_CM[:1], int(now_s) + 60, 2**40)
    opened = store.open(order, now_s)
    assert (opened.state, opened.token, opened.attempts) == (ProofJobState.OPEN, 0, 0)
    assert store.finish(job_id(1), 0, b"early") is False
    first, second = store.claim(job_id(1)), store.claim(job_id(1))
    assert first is not None
    assert second is not None
    assert (first.token, second.token, second.attempts) == (1, 2, 2)
    assert store.finish(job_id(1), first.token, b"stale") is False
    assert store.reopen(job_id(1), second.token, "lost") is True
    assert [item.problem for item in store.left()] == ["lost"]
    third = store.claim(job_id(1))
    assert third is not None
    assert store.finish(job_id(1), third.token, b"proof") is True
    assert store.finish(job_id(1), third.token, b"twice") is False
    assert store.claim(job_id(1)) is None
    assert store.open(order, now_s).result == b"proof"
    renewed = store.open(dataclasses.replace(order, inputs=FLOWERS_CM), now_s)
    assert (renewed.token, renewed.attempts, renewed.result) == (3, 0, None)
    assert store.prune(now_s + 3659) == 0
    assert store.prune(now_s + 3662) == 1
