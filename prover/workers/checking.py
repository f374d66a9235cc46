"""Proofs that somebody else made: nothing of them is believed."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from prover.errors import EzklFailedError, UnexpectedCommitmentError, UnexpectedInstancesError
from prover.workers.errors import UnverifiedProofError
from prover.zkml.circuit import Circuit
from prover.zkml.commitment import commit_words
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.machine import count_cores
from prover.zkml.prove import ProvenBatch, read_proof
from veritally.commitments import quantise

TIMEOUT_S: Final = 120.0
_at_once: Final = threading.Semaphore(count_cores())


def accept_proof(
    circuit: Circuit, slots: Sequence[Sequence[float]], given: int, result: Mapping[str, Any], worker: str
) -> ProvenBatch:
    """The proof in what a worker gave, when it verifies here and is of these inputs.

    Args:
        circuit: What was to be proved.
        slots: The input values of each slot.
        given: How many of them are inferences.
        result: `proof` in hex and `instances` in little-endian hex.
        worker: Who made it, for the message.

    Raises:
        UnverifiedProofError: it is something else.
        EzklError: it cannot be checked now.
    """
    try:
        proof, instances = str(result["proof"]), [str(word) for word in result["instances"]]
        expected = _commit(circuit, slots)
        made = read_proof(
            circuit, slots, given, {"proof": proof, "instances": instances, "commitment": expected}
        )
    except (KeyError, TypeError, ValueError, UnexpectedInstancesError, UnexpectedCommitmentError):
        raise UnverifiedProofError(circuit.model, worker) from None
    files = asdict(circuit.paths)
    arguments = {name: str(files[name]) for name in ("settings", "verifying_key", "srs")}
    try:
        with _at_once, tempfile.TemporaryDirectory(prefix="veritally-verify-") as folder:
            arguments |= {"proof": proof, "folder": folder}
            run_ezkl(Stage.VERIFY, {**arguments, "instances": instances}, TIMEOUT_S)
    except EzklFailedError:
        raise UnverifiedProofError(circuit.model, worker) from None
    return made


def _commit(circuit: Circuit, slots: Sequence[Sequence[float]]) -> str:
    """Commitment to the inputs, computed here; nothing where they are instances."""
    if not circuit.inputs_committed:
        return ""
    words = quantise([value for slot in slots for value in slot], circuit.input_scale)
    return commit_words(circuit.paths.settings.parent, circuit.paths.srs, words).hex()
