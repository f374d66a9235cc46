"""The accumulator of a circuit, as it is deployed, for proofs that are verified together."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prover.errors import VerifierTooLargeError
from prover.zkml.accumulator import CONTRACT
from prover.zkml.cache import Progress, Step, exclusive, run_steps
from prover.zkml.cheaper import make_cheaper_accumulator
from prover.zkml.circuit import GUARDED, Circuit
from prover.zkml.solidity import compile_generated

ACCUMULATOR_SOURCE, ACCUMULATOR = "accumulator.sol", "accumulator.json"
_GAS_MARGIN: Final = 5 / 4


@dataclass(frozen=True)
class Accumulator:
    """An accumulator that can be deployed."""

    abi: list[dict[str, Any]]
    bytecode: bytes
    """Creation bytecode; the constructor takes no arguments."""
    runtime_bytes: int
    source: Path
    compiled: Path
    proof_gas: int
    """Gas that it may use for one proof: with a margin, because it does less than the verifier."""


def prepare_accumulator(circuit: Circuit, progress: Progress) -> Accumulator | None:
    """Makes the accumulator of a circuit, or takes it from its folder; None: too large for a contract.

    Raises:
        VerifierSourceError: the verifier is not what the pinned ezkl generates.
        VerifierCompileError: there is no solc, or it refuses the accumulator.
    """
    folder = circuit.paths.settings.parent
    step = Step(
        "accumulator",
        (GUARDED,),
        (ACCUMULATOR_SOURCE, ACCUMULATOR),
        lambda target: _write(folder / GUARDED, target),
    )
    with exclusive(folder / "lock"):
        run_steps(folder, [step], lambda line: progress(f"circuit {circuit.model}: {line}"))
        compiled = json.loads((folder / ACCUMULATOR).read_text(encoding="utf-8"))
    if compiled is None:
        return None
    return Accumulator(
        abi=compiled["abi"],
        bytecode=bytes.fromhex(compiled["creation_bytecode"]),
        runtime_bytes=compiled["runtime_bytes"],
        source=folder / ACCUMULATOR_SOURCE,
        compiled=folder / ACCUMULATOR,
        proof_gas=round(circuit.predicted_verify_gas * _GAS_MARGIN),
    )


def _write(guarded: Path, target: Path) -> None:
    source = make_cheaper_accumulator(guarded.read_text(encoding="utf-8"))
    (target / ACCUMULATOR_SOURCE).write_text(source, encoding="utf-8")
    content: dict[str, Any] | None = None
    try:
        made = compile_generated(source, CONTRACT)
        content = {**dataclasses.asdict(made), "creation_bytecode": made.creation_bytecode.hex()}
    except VerifierTooLargeError:
        pass
    (target / ACCUMULATOR).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
