"""Proofs as bytes: what a row keeps, and what is read back from it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from prover.zkml.circuit import Circuit
from prover.zkml.commitment import as_felts
from prover.zkml.prove import ProvenBatch, fill_slots, read_proof
from veritally.commitments import COMMITMENT_BYTES


def encode_result(made: ProvenBatch) -> bytes:
    """A proof that verified, as JSON."""
    return json.dumps({"proof": made.proof.hex(), "instances": as_felts(made.instances)}).encode()


def decode_result(circuit: Circuit, inputs: Sequence[Sequence[float]], stored: bytes) -> ProvenBatch:
    """The proof behind `encode_result`, of the same inputs.

    Raises:
        UnexpectedInstancesError: it is of other inputs.
    """
    result = json.loads(stored)
    result["commitment"] = result["proof"][: 2 * COMMITMENT_BYTES]
    return read_proof(circuit, fill_slots(circuit, inputs), len(inputs), result)
