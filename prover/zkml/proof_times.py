"""What proofs of a circuit take on this machine, learnt from those that were made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from prover.zkml.cache import exclusive
from prover.zkml.circuit import Circuit
from prover.zkml.ezkl_process import ProofStep

TIMES_FILE: Final = "proving.json"
_MEMORY: Final = 8
"""Number of proofs after which an older one hardly counts."""
_START_S: Final = 0.5
"""Of the process, before it computes anything."""
_SHARES: Final = {ProofStep.WITNESS: 0.05, ProofStep.PROOF: 0.9, ProofStep.VERIFICATION: 0.05}
"""Of the estimated time, as long as nothing was measured."""


class ProofTimes(msgspec.Struct, frozen=True):
    """What one proof takes."""

    seconds: dict[ProofStep, float]
    """Of each step; the first one includes the start of the process."""
    peak_memory_bytes: int
    proofs: int
    """How many were measured; 0 for an estimate."""

    @property
    def total_s(self) -> float:
        """Seconds of the whole proof."""
        return sum(self.seconds.values())


def expect(circuit: Circuit) -> ProofTimes:
    """What the next proof will take: as measured here before, else as estimated from the setup."""
    try:
        return msgspec.json.decode(_file(circuit).read_bytes(), type=ProofTimes)
    except (OSError, msgspec.DecodeError):
        pass
    seconds = {step: share * circuit.estimated_prove_cpu_s for step, share in _SHARES.items()}
    seconds[ProofStep.WITNESS] += _START_S
    return ProofTimes(seconds, circuit.estimated_prove_memory_bytes, 0)


def learn(circuit: Circuit, seconds: Mapping[ProofStep, float], peak_memory_bytes: int) -> ProofTimes:
    """What the next proof will take, now that one more was measured. It is kept beside the circuit.

    A folder that cannot be written to is no reason to lose a proof: then nothing is kept.
    """
    file = _file(circuit)
    try:
        with exclusive(file.with_suffix(".lock")):
            learnt = _average(expect(circuit), seconds, peak_memory_bytes)
            unfinished = file.with_suffix(".new")
            unfinished.write_bytes(msgspec.json.encode(learnt))
            unfinished.replace(file)
    except OSError:
        return _average(expect(circuit), seconds, peak_memory_bytes)
    return learnt


def _average(before: ProofTimes, seconds: Mapping[ProofStep, float], peak_memory_bytes: int) -> ProofTimes:
    weight = 1 / min(before.proofs + 1, _MEMORY)
    averages = {
        step: before.seconds.get(step, 0) * (1 - weight) + seconds[step] * weight for step in ProofStep
    }
    peak = max(peak_memory_bytes, before.peak_memory_bytes if before.proofs else 0)
    return ProofTimes(averages, peak, before.proofs + 1)


def _file(circuit: Circuit) -> Path:
    return circuit.paths.settings.parent / TIMES_FILE
