"""Proves one inference, and checks what came out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prover.errors import (
    EzklFailedError,
    InputRangeError,
    OutputMismatchError,
    UnexpectedCommitmentError,
    UnexpectedInstancesError,
)
from prover.zkml.circuit import Circuit
from prover.zkml.commitment import as_felts
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.package import require_inputs
from veritally.commitments import (
    COMMITMENT_BYTES,
    dequantise,
    proof_commitment,
    quantise,
    words_commitment,
)

_ADDRESS_SPACE_BYTES = 2**30
"""Of a child before it does anything, with room to spare."""
_MEMORY_MARGIN = 3
_NO_WITNESS = "Failed to generate witness"
_OUT_OF_RANGE = "too large to be represented"


@dataclass(frozen=True)
class ProvenRun:
    """A run of a circuit with its proof, which verified."""

    proof: bytes
    instances: tuple[int, ...]
    """Field words: those of the inputs unless the circuit commits to them, then those of the outputs."""
    input_words: tuple[int, ...]
    output_words: tuple[int, ...]
    request_hash: bytes
    """Of the input words, or of the commitment to them."""
    outputs: tuple[float, ...]
    """The output words as numbers, exactly."""


def prove(circuit: Circuit, inputs: Sequence[float], timeout_s: float) -> ProvenRun:
    """Runs the model on `inputs` inside the circuit, proves it, and verifies the proof.

    Each call gives another proof of the same statement.

    Args:
        circuit: From `prepare_circuit`.
        inputs: The model's input values.
        timeout_s: Seconds after which the work is killed.

    Raises:
        InputCountError: not the model's number of values.
        InputValueError: a value is no number, or not finite as float32.
        InputRangeError: the values are too large for the circuit.
        EzklError: the work took too long, crashed or failed.
        UnexpectedInstancesError, UnexpectedCommitmentError: the proof speaks of other inputs.
    """
    values = require_inputs(inputs, circuit.inputs)
    committed = as_felts(quantise(values, circuit.input_scale)) if circuit.inputs_committed else None
    files = {name: str(path) for name, path in asdict(circuit.paths).items()}
    with tempfile.TemporaryDirectory(prefix="veritally-proof-") as folder:
        try:
            arguments = {"inputs": values, "folder": folder, "committed_words": committed, **files}
            result = run_ezkl(Stage.PROVE, arguments, timeout_s, _memory_limit_bytes(circuit))
        except EzklFailedError as error:
            if _NO_WITNESS in error.problem and _OUT_OF_RANGE in error.last_words:
                raise InputRangeError(circuit.model, error.last_words.splitlines()[-1]) from None
            raise
    return read_proof(circuit, values, result)


def _memory_limit_bytes(circuit: Circuit) -> int:
    """So much that a proof of this circuit never needs it."""
    return _ADDRESS_SPACE_BYTES + _MEMORY_MARGIN * circuit.estimated_prove_memory_bytes


def read_proof(circuit: Circuit, inputs: Sequence[float], result: Mapping[str, Any]) -> ProvenRun:
    """The proof in what ezkl answered, when it is about `inputs`.

    Args:
        circuit: The circuit that was proved.
        inputs: The input values that were given to it.
        result: `proof` in hex, `instances` in little-endian hex, and with committed inputs the hex
            `commitment` to those that were given.

    Raises:
        UnexpectedInstancesError: the number of instances or the input words are not those expected.
        UnexpectedCommitmentError: the proof begins with a commitment to other inputs.
    """
    proof, input_words = bytes.fromhex(result["proof"]), quantise(inputs, circuit.input_scale)
    instances = tuple(int.from_bytes(bytes.fromhex(word), "little") for word in result["instances"])
    stated = () if circuit.inputs_committed else input_words
    output_words = instances[len(stated) :]
    if instances[: len(stated)] != stated or len(output_words) != circuit.outputs:
        raise UnexpectedInstancesError(circuit.model, len(instances), circuit.instance_count)
    if circuit.inputs_committed and proof[:COMMITMENT_BYTES].hex() != result["commitment"]:
        raise UnexpectedCommitmentError(circuit.model)
    return ProvenRun(
        proof=proof,
        instances=instances,
        input_words=input_words,
        output_words=output_words,
        request_hash=proof_commitment(proof) if circuit.inputs_committed else words_commitment(input_words),
        outputs=dequantise(output_words, circuit.output_scale),
    )


def require_close(model: str, proved: Sequence[float], computed: Sequence[float], max_error: float) -> None:
    """Refuses proved outputs that are not those of the ONNX model, within the package's tolerance.

    Args:
        model: Name for the message.
        proved: Outputs of the circuit.
        computed: Outputs of the ONNX model for the same inputs.
        max_error: Largest tolerated difference of one value.

    Raises:
        OutputMismatchError: a value differs by more.
    """
    for left, right in zip(proved, computed, strict=True):
        difference = abs(left - right)
        if not difference <= max_error:  # also true for NaN
            raise OutputMismatchError(model, difference, max_error)
