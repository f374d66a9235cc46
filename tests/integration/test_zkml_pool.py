"""Proofs that run at once: real processes of the real ezkl."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import pytest
from batches import batch_of_iris
from ezkl_children import children

from prover.errors import EzklCrashedError, EzklTimeoutError, InputCountError, ShuttingDownError
from prover.onnx_model import OnnxModel
from prover.settings import MODELS_DIRECTORY
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.errors import ProofTooLargeError
from prover.zkml.machine import count_cores
from prover.zkml.package import ModelPackage
from prover.zkml.proof_pool import ProofFuture, ProofJob, ProofPool, ProofState
from prover.zkml.proof_times import TIMES_FILE, expect
from prover.zkml.prove import require_close

FLOWERS_CM = [(5.1, 3.5, 1.4, 0.2), (7.0, 3.2, 4.7, 1.4), (6.3, 3.3, 6.0, 2.5)]
TIMEOUT_S = 120.0
SLOTS = 4


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    folder = tmp_path_factory.mktemp("cache")
    return prepare_circuit(batch_of_iris(SLOTS, 13), folder, print, batch_size=SLOTS)


@pytest.fixture
def pool() -> Iterator[ProofPool]:
    with ProofPool(workers=2) as made:
        yield made
    assert children() == set()


def job(circuit: Circuit, *flowers: int, timeout_s: float = TIMEOUT_S) -> ProofJob:
    return ProofJob(circuit, [FLOWERS_CM[index] for index in flowers or (0,)], timeout_s)


def reach(future: ProofFuture, state: ProofState) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while future.progress().state is not state:
        assert not future.done()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_jobs_run_at_once_and_each_gets_its_own_result(circuit: Circuit, pool: ProofPool) -> None:
    futures = [pool.submit(job(circuit, *flowers)) for flowers in [(0,), (1, 2), (2, 1, 0), (1,)]]
    most = 0
    while not all(future.done() for future in futures):
        most = max(most, len(children()))
        time.sleep(0.02)
    assert most == 2
    model = OnnxModel(ModelPackage.load(MODELS_DIRECTORY / "iris"))
    for future, flowers in zip(futures, [(0,), (1, 2), (2, 1, 0), (1,)], strict=True):
        made = future.result()
        assert len(made.instances) == SLOTS * (4 + 3)
        for run, flower in zip(made.runs, flowers, strict=True):
            require_close("iris", run.outputs, model.run(FLOWERS_CM[flower]), 0.01)


def test_jobs_start_only_when_their_memory_is_free(circuit: Circuit) -> None:
    needed_bytes = expect(circuit).peak_memory_bytes
    with ProofPool(workers=2, memory_bytes=2 * needed_bytes - 1) as pool:
        first, second = pool.submit(job(circuit)), pool.submit(job(circuit))
        reach(first, ProofState.PROOF)
        assert second.progress().state is ProofState.WAITING
        first.result(TIMEOUT_S)
        reach(second, ProofState.WITNESS)
        assert pool.workers == 2


def test_job_that_can_never_start_is_refused_at_once(circuit: Circuit) -> None:
    with (
        ProofPool(memory_bytes=expect(circuit).peak_memory_bytes - 1) as pool,
        pytest.raises(ProofTooLargeError, match=r"iris takes \d+ MB, and proofs have \d+ MB on this machine"),
    ):
        pool.submit(job(circuit))


def test_pool_is_sized_to_the_machine() -> None:
    pool = ProofPool()
    assert pool.workers == count_cores()
    assert 2**27 < pool.memory_bytes < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_killed_worker_is_told_and_the_others_go_on(circuit: Circuit, pool: ProofPool) -> None:
    victim = pool.submit(job(circuit))
    reach(victim, ProofState.PROOF)
    (process,) = children()
    later = [pool.submit(job(circuit, 1)), pool.submit(job(circuit, 2))]
    os.kill(process, signal.SIGKILL)
    with pytest.raises(EzklCrashedError, match=r"'prove' was killed by SIGKILL after .* free memory"):
        victim.result(TIMEOUT_S)
    assert [len(future.result(TIMEOUT_S).runs) for future in later] == [1, 1]


def test_cancelled_proof_is_killed_and_the_others_go_on(circuit: Circuit, pool: ProofPool) -> None:
    unwanted, wanted = pool.submit(job(circuit)), pool.submit(job(circuit))
    reach(unwanted, ProofState.PROOF)
    reach(wanted, ProofState.PROOF)
    assert unwanted.cancel()
    assert wait([unwanted], timeout=5).done == {unwanted}
    assert len(children()) == 1
    with pytest.raises(CancelledError):
        unwanted.result()
    assert len(wanted.result(TIMEOUT_S).runs) == 1


def test_waiting_job_that_is_cancelled_never_starts(circuit: Circuit) -> None:
    with ProofPool(workers=1) as pool:
        first, second, third = (pool.submit(job(circuit)) for _ in range(3))
        assert second.cancel()
        assert wait([second], timeout=1).done == {second}
        assert len(third.result(TIMEOUT_S).runs) == 1
        assert first.done()
        assert second.started is None


def test_closing_ends_everything(circuit: Circuit) -> None:
    pool = ProofPool(workers=1)
    running, waiting = pool.submit(job(circuit)), pool.submit(job(circuit))
    reach(running, ProofState.PROOF)
    pool.close()
    assert children() == set()
    assert wait([running, waiting], timeout=5).not_done == set()
    assert running.cancelled()
    assert waiting.cancelled()
    with pytest.raises(ShuttingDownError):
        pool.submit(job(circuit))


def test_time_runs_from_the_start_of_a_job(circuit: Circuit) -> None:
    with ProofPool(workers=1) as pool:
        late, next_one = pool.submit(job(circuit, timeout_s=0.5)), pool.submit(job(circuit))
        with pytest.raises(EzklTimeoutError, match=r"'prove' was killed after 0\.5 s; allow more time"):
            late.result(TIMEOUT_S)
        assert len(next_one.result(TIMEOUT_S).runs) == 1


def test_refused_input_is_the_jobs_error(circuit: Circuit, pool: ProofPool) -> None:
    with pytest.raises(InputCountError):
        pool.submit(ProofJob(circuit, [(1.0,)], TIMEOUT_S)).result(TIMEOUT_S)


def test_progress_goes_through_the_steps(circuit: Circuit) -> None:
    (circuit.paths.settings.parent / TIMES_FILE).unlink(missing_ok=True)
    with ProofPool(workers=1) as pool:
        first, second = pool.submit(job(circuit)), pool.submit(job(circuit))
        estimated = first.progress()
        assert estimated.remaining_s == pytest.approx(circuit.estimated_prove_cpu_s + 0.5, abs=0.1)
        assert second.progress().remaining_s == pytest.approx(2 * estimated.remaining_s, abs=0.2)
        seen = follow(second)
        assert list(dict.fromkeys(seen)) == list(ProofState)
    times = expect(circuit)
    assert times.proofs == 2
    assert min(times.seconds.values()) > 0.001
    assert times.peak_memory_bytes == pytest.approx(circuit.estimated_prove_memory_bytes, rel=0.25)


def follow(future: ProofFuture) -> list[ProofState]:
    """All states of a job, as it tells them."""
    seen = []
    while not seen or seen[-1] is not ProofState.DONE:
        seen.append(future.progress().state)
        time.sleep(0.002)
    return seen


def test_estimate_is_corrected_by_what_was_measured(circuit: Circuit) -> None:
    (circuit.paths.settings.parent / TIMES_FILE).unlink(missing_ok=True)
    with ProofPool(workers=1) as pool:
        started = time.monotonic()
        pool.submit(job(circuit)).result(TIMEOUT_S)
        took_s = time.monotonic() - started
        assert pool.expect(circuit).total_s == pytest.approx(took_s, abs=0.1)
    with ProofPool(workers=1) as another:
        future = another.submit(job(circuit))
        assert future.progress().remaining_s == pytest.approx(took_s, abs=0.2)


async def test_cancelled_task_gives_up_its_proof(circuit: Circuit, pool: ProofPool) -> None:
    future = pool.submit(job(circuit))
    task = asyncio.ensure_future(asyncio.wrap_future(future))
    await asyncio.to_thread(reach, future, ProofState.PROOF)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait, [future], 5)
    assert future.cancelled()
    assert children() == set()


def test_cancelling_at_any_moment_leaves_nothing(circuit: Circuit, pool: ProofPool) -> None:
    for delay_s in (0.0, 0.01, 0.05, 0.2, 0.5):
        future = pool.submit(job(circuit))
        threading.Timer(delay_s, future.cancel).start()
        assert wait([future], timeout=TIMEOUT_S).done == {future}
        assert future.cancelled()
    deadline = time.monotonic() + 5
    while children() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert children() == set()
