"""An ONNX network as `veritally model build` takes it: checked, and run by onnxruntime."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from prover.errors import ExternalTensorError
from prover.zkml.errors import NetworkShapeError, NetworkTooLargeError, NetworkUnreadableError, NotFiniteError
from prover.zkml.external_tensors import find_external_tensors

MAX_NETWORK_BYTES: Final = 64 * 2**20
_NO_MESSAGES: Final = 4


@dataclass(frozen=True)
class Network:
    """A network with one input and one output of float32 and of fixed shapes."""

    path: Path
    content: bytes = field(repr=False)
    """Of the ONNX file; it holds all weights."""
    sha256: bytes
    """Of the content: the weights hash under which the model is registered."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    _session: onnxruntime.InferenceSession = field(repr=False, compare=False)
    _input_name: str

    @property
    def input_size(self) -> int:
        """Number of input values."""
        return math.prod(self.input_shape)

    @property
    def output_size(self) -> int:
        """Number of output values."""
        return math.prod(self.output_shape)

    @classmethod
    def load(cls, path: Path) -> Network:
        """Reads and checks an ONNX file.

        Raises:
            NetworkUnreadableError: there is no such file, or it is no ONNX network.
            ExternalTensorError: it has weights in another file.
            NetworkTooLargeError: it has more than `MAX_NETWORK_BYTES`.
            NetworkShapeError: it has other inputs and outputs than a circuit can have.
        """
        content = _read(path)
        _require_all_weights(path, content)
        session = _open(path, content)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        return cls(
            path=path,
            content=content,
            sha256=hashlib.sha256(content).digest(),
            input_shape=_require_shape(path, "input", inputs),
            output_shape=_require_shape(path, "output", outputs),
            _session=session,
            _input_name=str(inputs[0].name),
        )

    def run(self, sample: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """The outputs for each input of a sample.

        Raises:
            NotFiniteError: an output is NaN or infinite.
        """
        results = []
        for index, inputs in enumerate(sample):
            array = np.array(inputs, dtype=np.float32).reshape(self.input_shape)
            (output,) = self._session.run(None, {self._input_name: array})
            if not np.isfinite(output).all():
                raise NotFiniteError(self.path, index)
            results.append(tuple(float(value) for value in output.ravel()))
        return results


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_NETWORK_BYTES:
            raise NetworkTooLargeError(path, size, MAX_NETWORK_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise NetworkUnreadableError(path, f"cannot be read ({error.strerror})") from None


def _require_all_weights(path: Path, content: bytes) -> None:
    try:
        external = list(find_external_tensors(content))
    except ValueError as error:
        raise NetworkUnreadableError(path, f"is no ONNX network ({error})") from None
    if external:
        raise ExternalTensorError(path.parent, path.name, external)


def _open(path: Path, content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _NO_MESSAGES
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class per status code and no common base of its own
        raise NetworkUnreadableError(path, f"is no ONNX network ({error})") from None


def _require_shape(path: Path, what: str, tensors: Sequence[onnxruntime.NodeArg]) -> tuple[int, ...]:
    if len(tensors) != 1:
        raise NetworkShapeError(path, f"it has {len(tensors)} {what}s")
    (tensor,) = tensors
    if tensor.type != "tensor(float)":
        raise NetworkShapeError(path, f"its {what} {tensor.name!r} is {tensor.type}")
    shape = tuple(tensor.shape)
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise NetworkShapeError(path, f"its {what} {tensor.name!r} has the shape {list(shape)}")
    return shape
