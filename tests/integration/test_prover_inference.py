from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest
from ezkl_children import children, wait_for_child
from prover_service import IRIS_INPUT, cache_dir

from prover.catalogue import ServedModel
from prover.errors import EzklTimeoutError, OutputMismatchError, ShuttingDownError
from prover.inference import Runner
from prover.onnx_model import OnnxModel
from prover.requests import InferenceInput
from prover.settings import MODELS_DIRECTORY
from prover.zkml.circuit import prepare_circuit
from prover.zkml.errors import ProofTooLargeError
from prover.zkml.package import ModelPackage
from prover.zkml.proof_pool import ProofPool
from veritally.receipts import ZERO_ADDRESS
from veritally.tiers import Tier

REQUEST = InferenceInput(values=tuple(IRIS_INPUT), committed=tuple(IRIS_INPUT))


@pytest.fixture(scope="module")
def model() -> ServedModel:
    package = ModelPackage.load(MODELS_DIRECTORY / "iris")
    circuit = prepare_circuit(package, cache_dir(), print)
    return ServedModel(package, bytes(32), OnnxModel(package), circuit, ZERO_ADDRESS, {})


def runner(proof_timeout_s: float = 60.0) -> Runner:
    return Runner(proof_timeout_s=proof_timeout_s, pool=ProofPool(workers=1))


async def test_a_proved_output_that_is_not_the_models_is_withheld(model: ServedModel) -> None:
    strict = dataclasses.replace(model.package, max_error=1e-9)
    with pytest.raises(OutputMismatchError):
        await runner().run(dataclasses.replace(model, package=strict), Tier.ZKML, REQUEST)


async def test_the_event_loop_goes_on_while_a_proof_is_made(model: ServedModel) -> None:
    proving = asyncio.create_task(runner().run(model, Tier.ZKML, REQUEST))
    longest_s, last = 0.0, time.monotonic()
    while not proving.done():
        await asyncio.sleep(0.01)
        longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
    assert (await proving).proof is not None
    assert longest_s < 0.2


async def test_a_proof_that_takes_too_long_is_given_up(model: ServedModel) -> None:
    with pytest.raises(EzklTimeoutError):
        await runner(proof_timeout_s=0.01).run(model, Tier.ZKML, REQUEST)


async def test_a_proof_that_runs_when_the_service_stops_is_given_up(model: ServedModel) -> None:
    pool = ProofPool(workers=1)
    stopped = Runner(proof_timeout_s=60.0, pool=pool)
    proving = asyncio.create_task(stopped.run(model, Tier.ZKML, REQUEST))
    await asyncio.to_thread(wait_for_child)
    await asyncio.to_thread(pool.close)
    with pytest.raises(ShuttingDownError, match="this payment was not used"):
        await proving
    assert children() == set()


async def test_a_circuit_too_large_for_the_machine_is_refused(model: ServedModel) -> None:
    small = Runner(proof_timeout_s=60.0, pool=ProofPool(memory_bytes=1))
    with pytest.raises(ProofTooLargeError, match="free memory and start again"):
        await small.run(model, Tier.ZKML, REQUEST)
