"""Runs a model's ONNX file with onnxruntime."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnxruntime

from prover.errors import PackageError
from prover.zkml.package import ModelPackage, require_inputs


class OnnxModel:
    """A loaded model. Safe to use from several threads."""

    def __init__(self, package: ModelPackage) -> None:
        """Loads the network.

        Raises:
            PackageError: the file is no ONNX model, or not of the shape that the package describes.
        """
        self._package = package
        self._session = _open_session(package)
        self._input_name = _require_shapes(package, self._session)

    def run(self, inputs: Sequence[float]) -> tuple[float, ...]:
        """The model's outputs (float32) for one inference.

        Raises:
            InputCountError: the number of values is not the model's.
            InputValueError: a value is no number, or not finite as float32.
        """
        values = require_inputs(inputs, self._package.input_size)
        array = np.array(values, dtype=np.float32).reshape(self._package.input_shape)
        (output,) = self._session.run(None, {self._input_name: array})
        return tuple(float(value) for value in output.ravel())


def _open_session(package: ModelPackage) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(package.onnx), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class per status code and no common base of its own
        raise PackageError(package.onnx.parent, f"onnxruntime cannot load the network ({error})") from None


def _require_shapes(package: ModelPackage, session: onnxruntime.InferenceSession) -> str:
    """Name of the single input, when both shapes are the package's."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = ([list(item.shape) for item in inputs], [list(item.shape) for item in outputs])
    count = len(package.labels)
    if found[0] != [list(package.input_shape)] or [_size(shape) for shape in found[1]] != [count]:
        raise PackageError(
            package.onnx.parent,
            f"the network's input and output shapes are {found}, not {list(package.input_shape)} and "
            f"one output of {count} values",
        )
    return str(inputs[0].name)


def _size(shape: list[object]) -> int | None:
    """Number of values; None when a dimension is open."""
    return (
        math.prod(item for item in shape if isinstance(item, int))
        if all(isinstance(item, int) for item in shape)
        else None
    )
