from __future__ import annotations

import pytest

from prover.zkml.errors import BatchUnavailableError
from prover.zkml.frontier import commitment_saves_gas
from prover.zkml.inputs import DEFAULT_SIZES, InputBinding, decide_inputs

COMMITTED, PUBLIC = InputBinding.COMMITTED, InputBinding.PUBLIC
MANY = 54
"""The fewest inputs for which a commitment saves more than what predictions are off by."""


def test_commitment_must_save_more_than_a_prediction_is_off() -> None:
    assert commitment_saves_gas(MANY - 1) == 0
    assert commitment_saves_gas(MANY) == MANY * (229 + 300) - 2 * 7_250 - 2_042


@pytest.mark.parametrize(
    ("inputs", "binding", "sizes", "visibility", "batch_sizes", "required", "why"),
    [
        (16, None, None, "public", DEFAULT_SIZES, False, "saves no gas"),
        (MANY - 1, None, None, "public", DEFAULT_SIZES, False, "saves no gas"),
        (MANY, None, None, "polycommit", (1,), False, "--inputs public allows batches"),
        (MANY, None, (1,), "polycommit", (1,), True, "saves 12,"),
        (MANY, None, (1, 4), "public", (1, 4), True, "but no batch can have one"),
        (MANY, PUBLIC, None, "public", DEFAULT_SIZES, False, "as asked for"),
        (2, COMMITTED, None, "polycommit", (1,), False, "as asked for"),
        (2, COMMITTED, (1,), "polycommit", (1,), True, "as asked for"),
    ],
)
def test_wishes_come_first_and_then_gas(
    inputs: int,
    binding: InputBinding | None,
    sizes: tuple[int, ...] | None,
    visibility: str,
    batch_sizes: tuple[int, ...],
    required: bool,
    why: str,
) -> None:
    plan = decide_inputs(inputs, binding, sizes)
    assert (plan.visibility, plan.batch_sizes, plan.required) == (visibility, batch_sizes, required)
    assert why in plan.reason
    assert f"({inputs} values" in plan.reason


def test_commitment_to_several_inferences_is_refused() -> None:
    with pytest.raises(BatchUnavailableError, match="no circuit for 16 inferences: one commitment"):
        decide_inputs(16, COMMITTED, (1, 16))
