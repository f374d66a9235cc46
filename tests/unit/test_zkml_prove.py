from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from prover.errors import OutputMismatchError, UnexpectedInstancesError
from prover.zkml.circuit import Circuit, CircuitPaths
from prover.zkml.prove import read_proof, require_close
from veritally.commitments import FIELD_MODULUS

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
INPUTS = (1.125, -0.375)
WORDS = (5, FIELD_MODULUS - 2, FIELD_MODULUS - 40)
"""4.5 and -1.5 are rounded away from zero; the output is -40 / 16."""


def answer(*words: int) -> dict[str, Any]:
    return {"proof": "abcd", "instances": [word.to_bytes(32, "little").hex() for word in words]}


def test_words_are_split_and_outputs_are_exact() -> None:
    proof = read_proof(CIRCUIT, INPUTS, answer(*WORDS))
    assert proof.proof == b"\xab\xcd"
    assert proof.instances == WORDS
    assert (proof.input_words, proof.output_words) == (WORDS[:2], WORDS[2:])
    assert proof.outputs == (-2.5,)


@pytest.mark.parametrize(
    "words", [(4, *WORDS[1:]), (5, FIELD_MODULUS - 1, 0), WORDS[:2], (*WORDS, 0), (*WORDS[1::-1], 0), ()]
)
def test_proof_of_something_else_is_refused(words: tuple[int, ...]) -> None:
    with pytest.raises(UnexpectedInstancesError, match=f"{len(words)} instances"):
        read_proof(CIRCUIT, INPUTS, answer(*words))


def test_scale_is_the_circuits() -> None:
    with pytest.raises(UnexpectedInstancesError):
        read_proof(dataclasses.replace(CIRCUIT, input_scale=3), INPUTS, answer(*WORDS))


def test_difference_up_to_the_tolerance_passes() -> None:
    require_close("tiny", (1.0, 2.0), (1.25, 2.0), 0.25)


@pytest.mark.parametrize("computed", [(1.0, 2.5), (0.5, 2.0), (1.0, float("nan"))])
def test_larger_difference_is_refused(computed: tuple[float, ...]) -> None:
    with pytest.raises(OutputMismatchError, match=r"more than 0\.25"):
        require_close("tiny", (1.0, 2.0), computed, 0.25)
