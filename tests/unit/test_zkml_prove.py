from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from prover.errors import OutputMismatchError, UnexpectedCommitmentError, UnexpectedInstancesError
from prover.zkml.circuit import Circuit, CircuitPaths
from prover.zkml.errors import BatchSizeError
from prover.zkml.prove import Run, fill_slots, read_proof, require_close
from veritally.commitments import FIELD_MODULUS, words_commitment

NOWHERE = Path("nowhere")
CIRCUIT = Circuit(
    model="tiny",
    paths=CircuitPaths(NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    vk_sha256=b"",
    ezkl_version="23.0.5",
    verifier_abi=[],
    verifier_bytecode=b"",
    batch_size=1,
    inputs_committed=False,
    inputs=2,
    outputs=1,
    input_scale=2,
    output_scale=4,
    num_rows=1,
    logrows=6,
    proof_bytes=1,
    predicted_verify_gas=1,
    verifier_runtime_bytes=1,
    estimated_prove_cpu_s=1.0,
    estimated_prove_memory_bytes=1,
    development_srs=True,
)
COMMITTING = dataclasses.replace(CIRCUIT, inputs_committed=True)
PROOF = bytes(range(96))
INPUTS = (1.125, -0.375)
WORDS = (5, FIELD_MODULUS - 2, FIELD_MODULUS - 40)
"""4.5 and -1.5 are rounded away from zero; the output is -40 / 16."""


def answer(*words: int) -> dict[str, Any]:
    return {"proof": "abcd", "instances": [word.to_bytes(32, "little").hex() for word in words]}


BATCH = dataclasses.replace(CIRCUIT, batch_size=3)
SECOND = (0.25, 1.0)
BATCH_WORDS = (5, FIELD_MODULUS - 2, 1, 4, 0, 0, FIELD_MODULUS - 40, 8, 16)
"""The inputs of all three slots, then their outputs; the third slot is filling."""


def test_words_are_split_and_outputs_are_exact() -> None:
    made = read_proof(CIRCUIT, [INPUTS], 1, answer(*WORDS))
    assert (made.proof, made.instances) == (b"\xab\xcd", WORDS)
    assert made.runs == (Run(WORDS[:2], WORDS[2:], (-2.5,), words_commitment(WORDS[:2])),)


def test_each_run_of_a_batch_has_its_own_words() -> None:
    made = read_proof(BATCH, fill_slots(BATCH, [INPUTS, SECOND]), 2, answer(*BATCH_WORDS))
    assert made.instances == BATCH_WORDS
    assert made.runs == (
        Run(WORDS[:2], WORDS[2:], (-2.5,), words_commitment(WORDS[:2])),
        Run((1, 4), (8,), (0.5,), words_commitment((1, 4))),
    )


@pytest.mark.parametrize("wrong", range(6))
def test_every_input_of_a_batch_must_be_the_given_one(wrong: int) -> None:
    words = [word + (index == wrong) for index, word in enumerate(BATCH_WORDS)]
    with pytest.raises(UnexpectedInstancesError):
        read_proof(BATCH, fill_slots(BATCH, [INPUTS, SECOND]), 2, answer(*words))


def test_left_over_slots_are_filled_with_an_allowed_value() -> None:
    assert fill_slots(BATCH, [INPUTS]) == [INPUTS, (0.0, 0.0), (0.0, 0.0)]
    assert fill_slots(dataclasses.replace(BATCH, filling=4.5), [INPUTS] * 2)[2] == (4.5, 4.5)


@pytest.mark.parametrize("given", [0, 4])
def test_other_sizes_than_the_circuits_are_refused(given: int) -> None:
    with pytest.raises(BatchSizeError, match=f"covers 1 to 3 inferences, got {given}; split them"):
        fill_slots(BATCH, [INPUTS] * given)


@pytest.mark.parametrize(
    "words", [(4, *WORDS[1:]), (5, FIELD_MODULUS - 1, 0), WORDS[:2], (*WORDS, 0), (*WORDS[1::-1], 0), ()]
)
def test_proof_of_something_else_is_refused(words: tuple[int, ...]) -> None:
    with pytest.raises(UnexpectedInstancesError, match=f"{len(words)} instances"):
        read_proof(CIRCUIT, [INPUTS], 1, answer(*words))


def test_scale_is_the_circuits() -> None:
    with pytest.raises(UnexpectedInstancesError):
        read_proof(dataclasses.replace(CIRCUIT, input_scale=3), [INPUTS], 1, answer(*WORDS))


def committed(proof: bytes, commitment: bytes, *words: int) -> dict[str, Any]:
    return answer(*words) | {"proof": proof.hex(), "commitment": commitment.hex()}


def test_committed_inputs_are_no_instances() -> None:
    made = read_proof(COMMITTING, [INPUTS], 1, committed(PROOF, PROOF[:64], WORDS[2]))
    assert made.instances == WORDS[2:]
    assert made.runs == (Run(WORDS[:2], WORDS[2:], (-2.5,), keccak(PROOF[:64])),)


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_proof_of_another_commitment_is_refused(position: int) -> None:
    other = PROOF[:position] + b"\xff" + PROOF[position + 1 :]
    with pytest.raises(UnexpectedCommitmentError, match="commitment to the given inputs"):
        read_proof(COMMITTING, [INPUTS], 1, committed(other, PROOF[:64], WORDS[2]))


def test_proof_shorter_than_its_commitment_is_refused() -> None:
    with pytest.raises(UnexpectedCommitmentError):
        read_proof(COMMITTING, [INPUTS], 1, committed(PROOF[:63], PROOF[:64], WORDS[2]))


@pytest.mark.parametrize("words", [(), WORDS, WORDS[1:]])
def test_committed_proof_with_other_instances_is_refused(words: tuple[int, ...]) -> None:
    with pytest.raises(UnexpectedInstancesError, match=f"{len(words)} instances .* 1 words"):
        read_proof(COMMITTING, [INPUTS], 1, committed(PROOF, PROOF[:64], *words))


def test_difference_up_to_the_tolerance_passes() -> None:
    require_close("tiny", (1.0, 2.0), (1.25, 2.0), 0.25)


@pytest.mark.parametrize("computed", [(1.0, 2.5), (0.5, 2.0), (1.0, float("nan"))])
def test_larger_difference_is_refused(computed: tuple[float, ...]) -> None:
    with pytest.raises(OutputMismatchError, match=r"more than 0\.25"):
        require_close("tiny", (1.0, 2.0), computed, 0.25)
