"""Proves inferences, and checks what came out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prover.errors import (
    CorruptSrsError,
    EzklCrashedError,
    EzklFailedError,
    InputRangeError,
    OutputMismatchError,
    UnexpectedCommitmentError,
    UnexpectedInstancesError,
)
from prover.zkml.cache import damaged_files
from prover.zkml.child_process import Watch
from prover.zkml.circuit import Circuit
from prover.zkml.commitment import as_felts
from prover.zkml.errors import BatchSizeError, DamagedCircuitError
from prover.zkml.ezkl_process import ADDRESS_SPACE_BYTES, Stage, measure_ezkl, raise_if_disk_full
from prover.zkml.package import require_inputs
from prover.zkml.srs import is_damaged
from veritally.commitments import (
    COMMITMENT_BYTES,
    dequantise,
    proof_commitment,
    quantise,
    words_commitment,
)

_MEMORY_MARGIN = 3
_NO_WITNESS = "Failed to generate witness"
_OUT_OF_RANGE = "too large to be represented"


@dataclass(frozen=True)
class Run:
    """One inference of a proof."""

    input_words: tuple[int, ...]
    output_words: tuple[int, ...]
    outputs: tuple[float, ...]
    """The output words as numbers, exactly."""
    request_hash: bytes
    """Of the input words, or of the commitment to them."""


@dataclass(frozen=True)
class ProvenBatch:
    """Runs of a circuit with their one proof, which verified."""

    proof: bytes
    instances: tuple[int, ...]
    """Field words: the inputs of all slots of the batch, unless they are committed to, then all outputs."""
    runs: tuple[Run, ...]
    """What each given input gave, in their order. Slots that were filled up have no run."""


@dataclass(frozen=True)
class ProvenRun(Run):
    """A run of a circuit with its proof, which verified."""

    proof: bytes
    instances: tuple[int, ...]
    """As in `ProvenBatch`."""


def prove(circuit: Circuit, inputs: Sequence[float], timeout_s: float) -> ProvenRun:
    """Proves one inference; see `prove_batch`."""
    made = prove_batch(circuit, (inputs,), timeout_s)
    (run,) = made.runs
    return ProvenRun(**asdict(run), proof=made.proof, instances=made.instances)


def prove_batch(
    circuit: Circuit, batch: Sequence[Sequence[float]], timeout_s: float, watch: Watch | None = None
) -> ProvenBatch:
    """Runs the model on each input inside the circuit, proves it all at once, and verifies the proof.

    Slots that are left over are filled up. Each call gives another proof of the same statement.

    Args:
        circuit: From `prepare_circuit`.
        batch: The input values of 1 to `circuit.batch_size` inferences.
        timeout_s: Seconds after which the work is killed.
        watch: Follows the work, and may end it.

    Raises:
        BatchSizeError: no inferences, or more than the circuit has slots.
        InputCountError: not the model's number of values.
        InputValueError: a value is no number, or not finite as float32.
        InputRangeError: the values are too large for the circuit.
        DamagedCircuitError, CorruptSrsError: the work failed, and a file of the circuit has changed.
        EzklError: the work took too long, crashed, failed or was stopped.
        UnexpectedInstancesError, UnexpectedCommitmentError: the proof speaks of other inputs.
    """
    slots = fill_slots(circuit, batch)
    arguments = prove_arguments(circuit, slots)
    try:
        with tempfile.TemporaryDirectory(prefix="veritally-proof-") as arguments["folder"]:
            measured = measure_ezkl(Stage.PROVE, arguments, timeout_s, memory_limit_bytes(circuit), watch)
    except (EzklFailedError, EzklCrashedError) as error:
        _explain(circuit, error)
        raise
    except OSError as error:
        raise_if_disk_full(error, f"proof of model {circuit.model}")
        raise
    return read_proof(circuit, slots, len(batch), measured.result)


def prove_arguments(circuit: Circuit, slots: Sequence[Sequence[float]]) -> dict[str, object]:
    """What the stage PROVE takes, but for its folder."""
    files = {name: str(path) for name, path in asdict(circuit.paths).items()}
    values = [value for slot in slots for value in slot]
    committed = as_felts(quantise(values, circuit.input_scale)) if circuit.inputs_committed else None
    return {**files, "inputs": values, "committed_words": committed}


def fill_slots(circuit: Circuit, batch: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    """The inputs of all slots of the circuit: those given, checked, then filling.

    Raises:
        BatchSizeError: no inferences, or more than the circuit has slots.
        InputCountError, InputValueError: an input cannot be one of the model.
    """
    if not 1 <= len(batch) <= circuit.batch_size:
        raise BatchSizeError(circuit.model, len(batch), circuit.batch_size)
    given = [require_inputs(inputs, circuit.inputs) for inputs in batch]
    return given + [(circuit.filling,) * circuit.inputs] * (circuit.batch_size - len(given))


def _explain(circuit: Circuit, error: EzklFailedError | EzklCrashedError) -> None:
    """Raises a better error where ezkl's has a known cause."""
    if isinstance(error, EzklFailedError) and is_out_of_range(error):
        raise InputRangeError(circuit.model, error.last_words.splitlines()[-1]) from None
    if damaged := damaged_files(circuit.paths.settings.parent):
        raise DamagedCircuitError(circuit.model, damaged) from error
    if is_damaged(circuit.paths.srs):
        raise CorruptSrsError(circuit.paths.srs) from error


def is_out_of_range(error: EzklFailedError) -> bool:
    """Whether a proof failed because its inputs are too large for the circuit."""
    return _NO_WITNESS in error.problem and _OUT_OF_RANGE in error.last_words


def memory_limit_bytes(circuit: Circuit) -> int:
    """So much that a proof of this circuit never needs it."""
    return ADDRESS_SPACE_BYTES + _MEMORY_MARGIN * circuit.estimated_prove_memory_bytes


def read_proof(
    circuit: Circuit, slots: Sequence[Sequence[float]], given: int, result: Mapping[str, Any]
) -> ProvenBatch:
    """The proof in what ezkl answered, when it is about the inputs of `slots`.

    Args:
        circuit: The circuit that was proved.
        slots: The input values of each slot of the batch.
        given: How many of the slots are inferences; the rest is filling.
        result: `proof` in hex, `instances` in little-endian hex, and with committed inputs the hex
            `commitment` to those that were given.

    Raises:
        UnexpectedInstancesError: the number of instances or the input words are not those expected.
        UnexpectedCommitmentError: the proof begins with a commitment to other inputs.
    """
    proof = bytes.fromhex(result["proof"])
    instances = tuple(int.from_bytes(bytes.fromhex(word), "little") for word in result["instances"])
    inputs = [quantise(slot, circuit.input_scale) for slot in slots]
    expected = () if circuit.inputs_committed else tuple(word for words in inputs for word in words)
    outputs = instances[len(expected) :]
    if instances[: len(expected)] != expected or len(instances) != circuit.instance_count:
        raise UnexpectedInstancesError(circuit.model, len(instances), circuit.instance_count)
    if circuit.inputs_committed and proof[:COMMITMENT_BYTES].hex() != result["commitment"]:
        raise UnexpectedCommitmentError(circuit.model)
    size, commitment = circuit.outputs, proof_commitment(proof) if circuit.inputs_committed else None
    runs = [
        _run(circuit, inputs[slot], outputs[slot * size : (slot + 1) * size], commitment)
        for slot in range(given)
    ]
    return ProvenBatch(proof, instances, tuple(runs))


def _run(
    circuit: Circuit, input_words: tuple[int, ...], output_words: tuple[int, ...], commitment: bytes | None
) -> Run:
    outputs = dequantise(output_words, circuit.output_scale)
    return Run(input_words, output_words, outputs, commitment or words_commitment(input_words))


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
