"""Whether a proof shows its inputs or commits to them, and which batch sizes are then possible."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prover.zkml.errors import BatchUnavailableError
from prover.zkml.frontier import commitment_saves_gas
from prover.zkml.package import COMMITTED
from prover.zkml.sizing import Visibility

DEFAULT_SIZES: Final = (1, 4, 16)


class InputBinding(StrEnum):
    """How a proof names its inputs."""

    PUBLIC = "public"
    """They are instances of the proof."""
    COMMITTED = "committed"
    """The proof begins with a commitment to them."""


@dataclass(frozen=True)
class InputPlan:
    """What was decided."""

    visibility: Visibility
    batch_sizes: tuple[int, ...]
    """1 and larger ones."""
    required: bool
    """Whether each of the batch sizes must be had."""
    reason: str
    """One line for people."""


def decide_inputs(
    input_size: int, binding: InputBinding | None, batch_sizes: tuple[int, ...] | None
) -> InputPlan:
    """Takes what was asked for, and else what makes the transaction with one proof cheaper.

    Args:
        input_size: Number of input values of one inference.
        binding: What was asked for; None for no wish.
        batch_sizes: What was asked for, 1 among them; None for no wish.

    Raises:
        BatchUnavailableError: several inferences with committed inputs were asked for.
    """
    sizes, required = batch_sizes or DEFAULT_SIZES, batch_sizes is not None
    saved = commitment_saves_gas(input_size)
    several = required and sizes != (1,)
    if binding is InputBinding.COMMITTED and several:
        raise BatchUnavailableError(sizes[-1], "one commitment would be to the inputs of all inferences")
    if binding is InputBinding.COMMITTED or (binding is None and saved and not several):
        why = "as asked for" if binding else f"saves {saved:,} gas; --inputs public allows batches"
        return InputPlan(COMMITTED, (1,), required, f"inputs: committed ({input_size} values, {why})")
    if binding:
        why = "as asked for"
    elif saved:
        why = f"a commitment saves {saved:,} gas, but no batch can have one"
    else:
        why = "a commitment saves no gas"
    return InputPlan("public", sizes, required, f"inputs: public ({input_size} values, {why})")
