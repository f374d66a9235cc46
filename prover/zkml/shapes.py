"""The shapes of a circuit, as ezkl's settings tell them."""

from __future__ import annotations

import math
from typing import Any

from prover.errors import PackageError
from prover.zkml.package import Knobs, ModelPackage


def require_shapes(package: ModelPackage, knobs: Knobs, settings: dict[str, Any]) -> tuple[int, int]:
    """Number of input and of output words of one inference, when they are the package's.

    Committed inputs are no instances, and listed apart from them.

    Raises:
        PackageError: they are not.
    """
    found = [*settings["module_sizes"]["polycommit"], *map(math.prod, settings["model_instance_shapes"])]
    batch_size = knobs.batch_size
    expected = [batch_size * package.input_size, batch_size * len(package.labels)]
    if found != expected:
        raise PackageError(
            package.onnx.parent, f"the circuit's inputs and outputs have {found} values, expected {expected}"
        )
    return package.input_size, len(package.labels)
