"""From a request in JSON to the hashes of a receipt, by the vectors that the contracts' tests read, too."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak

from veritally.commitments import (
    FIELD_MODULUS,
    dequantise,
    proof_commitment,
    quantise,
    words_commitment,
)
from veritally.errors import ProofTooShortError

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "zkml"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "binding.json").read_text())
COMMITTED: dict[str, Any] = json.loads((FOLDER / "committed.json").read_text())


def words_of(values: list[float], scale: int) -> tuple[int, ...]:
    """Written apart from the SDK, with fractions."""
    words = []
    for value in values:
        scaled = Fraction(float(np.float32(value))) * 2**scale
        magnitude = (abs(scaled) + Fraction(1, 2)).__floor__()
        words.append((magnitude if scaled >= 0 else -magnitude) % FIELD_MODULUS)
    return tuple(words)


def slots(words: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(words[start : start + size]) for start in range(0, len(words), size)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_receipt_of_a_request(case: dict[str, Any]) -> None:
    instances = [int(word, 16) for word in case["instances"]]
    split = case["batchSize"] * case["inputCount"]
    inputs = slots(instances[:split], case["inputCount"])
    outputs = slots(instances[split:], case["outputCount"])
    for slot, request in enumerate(case["requests"]):
        values = json.loads(request)["input"]
        assert quantise(values, case["inputScale"]) == inputs[slot]
        assert words_of(values, case["inputScale"]) == inputs[slot]
        assert "0x" + words_commitment(inputs[slot]).hex() == case["requestHashes"][slot]
        assert "0x" + words_commitment(outputs[slot]).hex() == case["responseHashes"][slot]
        answered = json.loads(case["responses"][slot])["output"]
        assert list(dequantise(outputs[slot], case["outputScale"])) == answered


@pytest.mark.parametrize("made", COMMITTED["proofs"])
def test_receipt_of_a_committed_request(made: dict[str, Any]) -> None:
    proof, commitment = bytes.fromhex(made["proof"][2:]), bytes.fromhex(made["commitment"][2:])
    assert len(made["inputs"]) == COMMITTED["inputCount"]
    assert proof.startswith(commitment)
    assert len(commitment) == 64
    assert "0x" + proof_commitment(proof).hex() == made["requestHash"]
    assert "0x" + keccak(commitment).hex() == made["requestHash"]


@pytest.mark.parametrize("length", [0, 1, 63])
def test_proof_without_room_for_a_commitment_is_refused(length: int) -> None:
    with pytest.raises(ProofTooShortError, match=f"{length} bytes"):
        proof_commitment(bytes(length))
