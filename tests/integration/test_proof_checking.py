"""Proofs that come from elsewhere: forged, of other inputs, or no proofs at all."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from batches import batch_of_iris
from prover_service import cache_dir

from prover.settings import MODELS_DIRECTORY
from prover.workers.checking import accept_proof
from prover.workers.errors import UnverifiedProofError
from prover.workers.results import decode_result, encode_result
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.commitment import as_felts
from prover.zkml.package import COMMITTED, ModelPackage
from prover.zkml.prove import ProvenBatch, prove_batch

FLOWER_CM, OTHER_CM = (5.1, 3.5, 1.4, 0.2), (7.0, 3.2, 4.7, 1.4)
TIMEOUT_S = 60.0


def committed_iris() -> ModelPackage:
    package = ModelPackage.load(MODELS_DIRECTORY / "iris")
    knobs = msgspec.structs.replace(package.knobs, input_visibility=COMMITTED)
    return dataclasses.replace(package, circuits=(knobs,))


@pytest.fixture(scope="module", params=["public", "committed"])
def circuit(request: pytest.FixtureRequest) -> Circuit:
    package = batch_of_iris(4, 13) if request.param == "public" else committed_iris()
    return prepare_circuit(package, cache_dir(), print)


@pytest.fixture(scope="module")
def made(circuit: Circuit) -> ProvenBatch:
    return prove_batch(circuit, (FLOWER_CM,), TIMEOUT_S)


def sent(made: ProvenBatch) -> dict[str, Any]:
    """As a worker sends it."""
    return {"proof": made.proof.hex(), "instances": as_felts(made.instances)}


def accept(circuit: Circuit, result: object, flower: tuple[float, ...] = FLOWER_CM) -> ProvenBatch:
    return accept_proof(circuit, [flower], 1, result, "tcp://worker")  # type: ignore[arg-type]


def test_a_proof_is_taken_and_kept_as_it_is(circuit: Circuit, made: ProvenBatch) -> None:
    assert accept(circuit, sent(made)) == made
    assert decode_result(circuit, [FLOWER_CM], encode_result(made)) == made


def test_a_forged_proof_is_refused(circuit: Circuit, made: ProvenBatch) -> None:
    end = made.proof[-32:]
    changed = made.proof[:-32] + bytes([end[0] ^ 1]) + end[1:]
    with pytest.raises(UnverifiedProofError, match="tcp://worker gave a proof of model iris"):
        accept(circuit, sent(dataclasses.replace(made, proof=changed)))


def test_another_output_is_refused(circuit: Circuit, made: ProvenBatch) -> None:
    changed = (*made.instances[:-1], made.instances[-1] + 1)
    with pytest.raises(UnverifiedProofError):
        accept(circuit, sent(dataclasses.replace(made, instances=changed)))


def test_a_proof_of_other_inputs_is_refused(circuit: Circuit, made: ProvenBatch) -> None:
    with pytest.raises(UnverifiedProofError):
        accept(circuit, sent(made), OTHER_CM)


@pytest.mark.parametrize("result", [{}, {"proof": "zz", "instances": []}, None, [], {"proof": ""}])
def test_what_is_no_proof_is_refused(circuit: Circuit, result: object) -> None:
    with pytest.raises(UnverifiedProofError):
        accept(circuit, result)
