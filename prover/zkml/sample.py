"""Samples: inputs on which the accuracy of a circuit is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prover.errors import InputValueError
from prover.zkml.errors import SampleError
from prover.zkml.package import require_inputs


def read_sample(path: Path, input_size: int) -> tuple[tuple[float, ...], ...]:
    """The inputs in a sample file, each as the flat values of the network's input.

    The file is JSON as ezkl takes it, `{"input_data": [[…]]}`, with the values of one or
    more inputs in one list.

    Raises:
        SampleError: the file cannot be read, has more than one list, too few values, or one that is not
            finite.
    """
    lists = _read(path)
    if len(lists) != 1:
        raise SampleError(path, f"it has {len(lists)} lists of input values, the network has one input")
    (values,) = lists
    if not isinstance(values, list) or not values or len(values) % input_size:
        found = len(values) if isinstance(values, list) else "no list of"
        raise SampleError(path, f"it has {found} values, which is no multiple of {input_size}")
    return tuple(
        _require_finite(path, values[start : start + input_size], input_size)
        for start in range(0, len(values), input_size)
    )


def _require_finite(path: Path, values: Sequence[float], input_size: int) -> tuple[float, ...]:
    try:
        return require_inputs(values, input_size)
    except InputValueError as error:
        raise SampleError(path, str(error)) from None


def _read(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SampleError(path, f"cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SampleError(path, f"is no JSON ({error})") from None
    if not isinstance(content, dict) or not isinstance(content.get("input_data"), list):
        raise SampleError(path, "it has no input_data")
    return list(content["input_data"])
