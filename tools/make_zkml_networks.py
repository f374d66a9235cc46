"""Writes the networks of the zkML benchmarks: an MLP of 1,140 parameters, and the same for 16 inputs at once.

And a small one with a function that circuits look up in a table.

Needs the dependency group `train`.

Their weights are random and seeded: what is measured does not depend on what the network has learnt.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "zkml"
SIZES = (16, 32, 16, 4)
BATCHES = {"mlp": 1, "mlp_batch16": 16}
SEED = 11
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
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, SIZES[0]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, SIZES[-1]])],
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
    """Writes the files."""
    networks = {name: make_network(batch) for name, batch in BATCHES.items()} | {
        "lookup": make_lookup_network()
    }
    for name, network in networks.items():
        content = network.SerializeToString(deterministic=True)
        (FOLDER / f"{name}.onnx").write_bytes(content)
        print(f"{name}.onnx: {len(content)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
