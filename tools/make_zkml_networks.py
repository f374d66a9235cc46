"""Writes the networks of the zkML benchmarks: an MLP of 1,140 parameters, and the same for 16 inputs at once.
Also the one of the package `committed`: a convolution over a grid, with many inputs.

And a small one with a function that circuits look up in a table.

Needs the dependency group `train`.

Their weights are random and seeded: what is measured does not depend on what the network has learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "zkml"
SIZES = (16, 32, 16, 4)
BATCHES = {"mlp": 1, "mlp_batch16": 16}
SEED = 11
GRID, KERNEL, STRIDE, FILTERS, CLASSES = 8, 3, 2, 2, 3
OPSET = 13
IR_VERSION = 8


def make_network(batch: int) -> ModelProto:
    """The MLP for `batch` inputs at once, with the same weights for every batch."""
    random = np.random.default_rng(SEED)
    nodes, constants, source = [], [], "input"
    for index, (inputs, outputs) in enumerate(pairwise(SIZES), start=1):
        weights = random.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        bias = random.normal(size=outputs) / 10
        names = (f"weights{index}", f"bias{index}")
        for name, array in zip(names, (weights, bias), strict=True):
            constants.append(numpy_helper.from_array(array.astype(np.float32), name))
        last = index == len(SIZES) - 1
        target = "output" if last else f"dense{index}"
        nodes.append(helper.make_node("Gemm", [source, *names], [target], name=f"gemm{index}"))
        if not last:
            nodes.append(helper.make_node("Relu", [target], [f"active{index}"], name=f"relu{index}"))
        source = f"active{index}"
    return _finish("mlp", nodes, constants, [batch, SIZES[0]], [batch, SIZES[-1]])


def make_grid_network() -> ModelProto:
    """A convolution over a grid of values, and a layer that sorts it into classes."""
    random = np.random.default_rng(SEED)
    side = (GRID - KERNEL) // STRIDE + 1
    shapes = {
        "filters": (FILTERS, 1, KERNEL, KERNEL),
        "bias1": (FILTERS,),
        "weights2": (FILTERS * side * side, CLASSES),
        "bias2": (CLASSES,),
    }
    constants = [
        numpy_helper.from_array((random.normal(size=shape) / 3).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["input", "filters", "bias1"], ["seen"], strides=[STRIDE, STRIDE]),
        helper.make_node("Relu", ["seen"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "weights2", "bias2"], ["output"]),
    ]
    return _finish("grid", nodes, constants, [1, 1, GRID, GRID], [1, CLASSES])


def _finish(
    name: str,
    nodes: Sequence[NodeProto],
    constants: Sequence[TensorProto],
    input_shape: Sequence[int],
    output_shape: Sequence[int],
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)],
        constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, producer_name="veritally", ir_version=IR_VERSION, opset_imports=opsets)
    checker.check_model(model, full_check=True)
    return model


def make_lookup_network() -> ModelProto:
    """Three sigmoids of four inputs."""
    random = np.random.default_rng(SEED)
    weights, bias = random.normal(size=(4, 3)) / 2, random.normal(size=3) / 10
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["input", "weights", "bias"], ["dense"], name="gemm"),
            helper.make_node("Sigmoid", ["dense"], ["output"], name="sigmoid"),
        ],
        "lookup",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(bias.astype(np.float32), "bias"),
        ],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, producer_name="veritally", ir_version=IR_VERSION, opset_imports=opsets)
    checker.check_model(model, full_check=True)
    return model


def main() -> int:
    """Writes all files."""
    networks = {f"{name}.onnx": make_network(batch) for name, batch in BATCHES.items()}
    networks["lookup.onnx"] = make_lookup_network()
    networks["committed/network.onnx"] = make_grid_network()
    for name, network in networks.items():
        content = network.SerializeToString(deterministic=True)
        (FOLDER / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
