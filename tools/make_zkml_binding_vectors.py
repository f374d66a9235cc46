"""Writes tests/vectors/zkml/binding.json: requests as JSON, words of proofs, and hashes of receipts.

With --check it writes nothing, and fails when the file is not what it would write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from generated_files import write_or_check

from veritally.commitments import dequantise, quantise, words_commitment

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "zkml" / "binding.json"

Slots = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Case:
    """The inferences of one proof: what was asked in each, and the words that came out."""

    name: str
    input_scale: int
    output_scale: int
    inputs: Slots
    outputs: Slots


CASES = (
    Case("zero", 7, 7, ((0.0,),), ((0.0,),)),
    Case("signs and integers", 7, 9, ((1, -1, 1.0, -0.0),), ((-0.25, 0.5),)),
    Case("halves are rounded away from zero", 2, 2, ((0.125, -0.125, 0.375, -0.375),), ((1.0,),)),
    Case("rounded to float32 first", 20, 3, ((0.1, -0.1, 16777217.0, 1e-30),), ((-3.5, 2.0, 0.125),)),
    Case("scale zero", 0, 0, ((0.5, -0.5, 2.4, -2.6),), ((7.0,),)),
    Case("large", 16, 16, ((3e8, -3e8),), ((-70000.5,),)),
    Case(
        "four inferences",
        7,
        7,
        ((1.0, 2.0), (2.0, 1.0), (-1.0, 0.5), (0.0, 0.0)),
        ((1.0,), (2.0,), (-2.0,), (0.0,)),
    ),
)


def describe(case: Case) -> dict[str, object]:
    """One vector: the words are in the order of a proof's instances."""
    asked = [quantise(values, case.input_scale) for values in case.inputs]
    answered = [quantise(values, case.output_scale) for values in case.outputs]
    return {
        "name": case.name,
        "batchSize": len(case.inputs),
        "inputCount": len(case.inputs[0]),
        "outputCount": len(case.outputs[0]),
        "inputScale": case.input_scale,
        "outputScale": case.output_scale,
        "requests": [json.dumps({"input": values}) for values in case.inputs],
        "responses": [json.dumps({"output": dequantise(words, case.output_scale)}) for words in answered],
        "instances": [f"0x{word:064x}" for words in asked + answered for word in words],
        "requestHashes": [f"0x{words_commitment(words).hex()}" for words in asked],
        "responseHashes": [f"0x{words_commitment(words).hex()}" for words in answered],
    }


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    return write_or_check({TARGET: json.dumps([describe(case) for case in CASES], indent=1) + "\n"})


if __name__ == "__main__":
    raise SystemExit(main())
