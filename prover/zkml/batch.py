"""The network for several inferences at once, made from the one for a single inference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx.shape_inference import InferenceError, infer_shapes

from prover.zkml.errors import NotBatchableError
from prover.zkml.network import Network

Sample = Sequence[Sequence[float]]

_RELATIVE, _ABSOLUTE = 1e-4, 1e-5
"""Outputs of onnxruntime for one input differ by so much between a batch and a single run."""


def batched_network(content: bytes, batch_size: int) -> bytes:
    """The network with another size in the first dimension of its input and output; nothing else changes.

    The same content and size give the same bytes. Whether the result computes what it should is not known
    yet: see `open_batched`.

    Raises:
        NotBatchableError: the first dimensions are not 1, or the network's shapes do not follow its input's.
    """
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise NotBatchableError(batch_size, f"onnx cannot read it ({error})") from None
    weights = {tensor.name for tensor in model.graph.initializer}
    given = [tensor for tensor in model.graph.input if tensor.name not in weights]
    for tensor in (*given, *model.graph.output):
        dimensions = tensor.type.tensor_type.shape.dim
        if not dimensions or dimensions[0].dim_value != 1:
            raise NotBatchableError(batch_size, f"the first dimension of {tensor.name!r} is not 1")
        dimensions[0].dim_value = batch_size
    del model.graph.value_info[:]
    try:
        infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except InferenceError as error:
        raise NotBatchableError(batch_size, " ".join(str(error).split())) from None
    return bytes(model.SerializeToString(deterministic=True))


def open_batched(
    network: Network, batch_size: int, folder: Path, sample: Sample, expected: Sample
) -> Network:
    """The network for `batch_size` inferences, written into `folder` and tried on the sample.

    Args:
        network: The network for one inference.
        batch_size: Number of inferences.
        folder: Where the ONNX file is written.
        sample: Inputs, with filling up to a multiple of the batch size.
        expected: What `network` computes for the sample.

    Raises:
        NotBatchableError: there is no such network, or it computes something else.
    """
    path = folder / f"batch-{batch_size}.onnx"
    path.write_bytes(batched_network(network.content, batch_size))
    batched = Network.load(path)
    size = network.output_size
    for start, outputs in zip(
        range(0, len(sample), batch_size), batched.run(in_slots(sample, batch_size)), strict=True
    ):
        wanted = np.array(expected[start : start + batch_size]).ravel()
        if len(outputs) != batch_size * size or not np.allclose(outputs, wanted, _RELATIVE, _ABSOLUTE):
            raise NotBatchableError(batch_size, "inferences of one batch change each other's outputs")
    return batched


def fill(sample: Sample, batch_size: int, filling: Sequence[float]) -> list[Sequence[float]]:
    """The sample with so much filling that it is a number of whole batches."""
    return [*sample, *[filling] * (-len(sample) % batch_size)]


def in_slots(sample: Sample, batch_size: int) -> list[tuple[float, ...]]:
    """The inputs of each batch, one after the other."""
    return [
        tuple(value for inputs in sample[start : start + batch_size] for value in inputs)
        for start in range(0, len(sample), batch_size)
    ]
