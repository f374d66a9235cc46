"""The choice among circuits of one model: none that is worse than another in every way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prover.zkml.circuit import Circuit
from prover.zkml.search import Candidate

TRANSACTION_GAS: Final = 21_000
_HEADER_GAS, _PROOF_BYTE_GAS, _INSTANCE_GAS = 700, 15.95, 300
"""Calldata: of the call's frame, of a byte of the proof, and about that of an instance."""


class Preference(StrEnum):
    """What the chosen circuit is best at."""

    GAS = "gas"
    TIME = "time"
    ACCURACY = "accuracy"


@dataclass(frozen=True)
class Option:
    """A circuit that was built, and how good it is."""

    candidate: Candidate
    circuit: Circuit

    @property
    def cost(self) -> tuple[int, float, float]:
        """Gas, CPU seconds and error: what is better when it is less."""
        circuit = self.circuit
        return (circuit.predicted_verify_gas, circuit.estimated_prove_cpu_s, self.candidate.max_error)

    @property
    def transaction_gas(self) -> int:
        """Predicted gas of a transaction that does nothing but call the verifier."""
        circuit = self.circuit
        calldata = _HEADER_GAS + _PROOF_BYTE_GAS * circuit.proof_bytes
        instances = _INSTANCE_GAS * (circuit.inputs + circuit.outputs)
        return TRANSACTION_GAS + circuit.predicted_verify_gas + round(calldata) + instances


def shortlist(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without the candidates that another beats or equals in rows and accuracy, with the same columns."""
    ordered = sorted(candidates, key=lambda item: (*_size(item), item.max_error))
    kept: list[Candidate] = []
    for item in ordered:
        best = min(
            (other.max_error for other in kept if _size(other)[0] == _size(item)[0]), default=float("inf")
        )
        if item.max_error < best:
            kept.append(item)
    return kept


def choose(options: Sequence[Option], preference: Preference) -> Option:
    """The best by one measure; of equals, the best by the others."""
    first = list(Preference).index(preference)
    return min(options, key=lambda option: (option.cost[first], *option.cost))


def _size(item: Candidate) -> tuple[int, int]:
    return (item.knobs.num_inner_cols, item.knobs.logrows)
