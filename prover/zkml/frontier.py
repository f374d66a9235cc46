"""The choice among circuits of one model: none that is worse than another in every way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prover.zkml.circuit import Circuit
from prover.zkml.sizing import Candidate
from prover.zkml.verifier_source import predict_gas

MAX_OPTIONS: Final = 4
TRANSACTION_GAS: Final = 21_000
_HEADER_GAS, _PROOF_BYTE_GAS, _INSTANCE_GAS = 700, 15.95, 300
"""Calldata: of the call's frame, of a byte of the proof, and about that of an instance."""
_COMMITMENT_POINTS, _COMMITMENT_BYTES = 2, 128
"""What a commitment to the inputs adds to a verification and to a proof."""
_MANY_RUNS: Final = 1_000_000
_TIE_GAS: Final = 12_000
"""Costs nearer than this are equal: it is 3 % of a small circuit's verification, as predictions are."""
_FREIVALDS_WORK: Final = 1.7
"""With Freivalds' algorithm a row is about so many times as much work."""


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

    Left out is what another of the same kind beats or equals in rows and accuracy, and what is too expensive:
    only the cheapest stay, one of them with Freivalds' algorithm, and for accuracy the most accurate as well.
    """
    kept: list[Candidate] = []
    for item in sorted(candidates, key=lambda item: (item.knobs.logrows, item.max_error)):
        rivals = [other.max_error for other in kept if _kind(other) == _kind(item)]
        if item.max_error < min(rivals, default=math.inf):
            kept.append(item)
    kept.sort(key=_work)
    with_freivalds = [item for item in kept if not item.knobs.disable_freivalds]
    cheapest = [item for item in kept if item not in with_freivalds[1:]][:MAX_OPTIONS]
    if preference is Preference.ACCURACY:
        most_accurate = min(kept, key=lambda item: (item.max_error, _work(item)))
        return list(dict.fromkeys([*cheapest, most_accurate]))
    return cheapest


def choose(options: Sequence[Option], preference: Preference) -> Option:
    """The best by one measure; of equals, the best by the others."""
    first = list(Preference).index(preference)
    return min(options, key=lambda option: (option.cost[first], *option.cost))


def choose_unbuilt(candidates: Sequence[Candidate], preference: Preference) -> Candidate:
    """The best that can be told without a setup, for batches, whose setups take long.

    One column and no Freivalds make the fewest commitments, and those decide the gas.
    """
    if preference is Preference.TIME:
        return min(candidates, key=_work)
    return min(candidates, key=lambda item: (_columns(item), not item.knobs.disable_freivalds, _work(item)))


def commitment_saves_gas(input_size: int) -> int:
    """Gas of a whole transaction that a commitment to so many inputs saves; not positive: it saves none."""
    public = predict_gas(0, input_size, _MANY_RUNS) + _INSTANCE_GAS * input_size
    committed = predict_gas(_COMMITMENT_POINTS, 0, _MANY_RUNS) + round(_PROOF_BYTE_GAS * _COMMITMENT_BYTES)
    saved = public - committed
    return saved if saved > _TIE_GAS else 0


def _columns(item: Candidate) -> int:
    return item.knobs.num_inner_cols


def _kind(item: Candidate) -> tuple[int, bool]:
    return (_columns(item), item.knobs.disable_freivalds)


def _work(item: Candidate) -> float:
    """Grows with the time of proving; one more inner column is about half as much work again."""
    work = float(2**item.knobs.logrows) * (1 + (_columns(item) - 1) / 2)
    return work if item.knobs.disable_freivalds else _FREIVALDS_WORK * work
