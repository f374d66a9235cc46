"""The choice among circuits of one model: none that is worse than another in every way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prover.zkml.circuit import Circuit
from prover.zkml.search import Candidate

MAX_OPTIONS: Final = 4
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
        instances = _INSTANCE_GAS * circuit.instance_count
        return TRANSACTION_GAS + circuit.predicted_verify_gas + round(calldata) + instances


def shortlist(candidates: Sequence[Candidate], preference: Preference) -> list[Candidate]:
    """The candidates that are worth a setup, cheapest first.

    Left out is what another with the same columns beats or equals in rows and accuracy, and what is too
    expensive: only the cheapest stay, and for accuracy the most accurate as well.
    """
    kept: list[Candidate] = []
    for item in sorted(candidates, key=lambda item: (*_size(item), item.max_error)):
        rivals = [other.max_error for other in kept if _columns(other) == _columns(item)]
        if item.max_error < min(rivals, default=math.inf):
            kept.append(item)
    kept.sort(key=_work)
    cheapest = kept[:MAX_OPTIONS]
    if preference is Preference.ACCURACY:
        most_accurate = min(kept, key=lambda item: (item.max_error, _work(item)))
        return list(dict.fromkeys([*cheapest, most_accurate]))
    return cheapest


def choose(options: Sequence[Option], preference: Preference) -> Option:
    """The best by one measure; of equals, the best by the others."""
    first = list(Preference).index(preference)
    return min(options, key=lambda option: (option.cost[first], *option.cost))


def _columns(item: Candidate) -> int:
    return item.knobs.num_inner_cols


def _size(item: Candidate) -> tuple[int, int]:
    return (_columns(item), item.knobs.logrows)


def _work(item: Candidate) -> float:
    """Grows with the time of proving; one more inner column is about half as much work again."""
    return float(2**item.knobs.logrows) * (1 + (_columns(item) - 1) / 2)
