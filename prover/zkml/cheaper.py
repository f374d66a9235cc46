"""A verifier as ezkl generates it, and the same with everything that makes it cheaper."""

from __future__ import annotations

from prover.zkml.accumulator import make_accumulator
from prover.zkml.empty_points import skip_empty_points
from prover.zkml.instance_sum import sum_instances_at_once
from prover.zkml.one_inversion import invert_once


def make_cheaper(guarded: str) -> str:
    """The verifier that is deployed.

    Args:
        guarded: The generated verifier with the guard.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates.
    """
    return skip_empty_points(invert_once(sum_instances_at_once(guarded)))


def make_cheaper_accumulator(guarded: str) -> str:
    """The accumulator that is deployed: the verifying key's points, empty or not, are left to its caller.

    Args:
        guarded: The generated verifier with the guard.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates, or the circuit aggregates
            other proofs.
    """
    return make_accumulator(invert_once(sum_instances_at_once(guarded)))
