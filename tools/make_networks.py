"""Writes the networks of tests/vectors/zkml/networks and a sample for each: what `make bench-zkml` builds.

Needs the dependency group `train`. The weights are random, from a fixed seed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "zkml" / "networks"
REFUSED = TARGET.parent / "refused"
OPSET, IR_VERSION = 13, 8
SAMPLES = 8
SEED = 5


class Drawing:
    """Nodes and weights of one network."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.random = np.random.default_rng(SEED)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, shape: Sequence[int], fan_in: int) -> str:
        """Adds random weights and returns their name."""
        return self.constant(name, self.random.normal(size=shape) / np.sqrt(fan_in))

    def constant(self, name: str, values: NDArray[np.float64]) -> str:
        """Adds these weights, as float32, and returns their name."""
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Adds an operator and returns the name of its output."""
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def finish(self, input_shape: Sequence[int], output_shape: Sequence[int]) -> onnx.ModelProto:
        """The network, checked."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, list(input_shape))],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(output_shape))],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model

    def save(self, input_shape: Sequence[int], output_shape: Sequence[int]) -> None:
        """Writes the network and its sample."""
        model = self.finish(input_shape, output_shape)
        (TARGET / f"{self.name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
        values = self.random.uniform(-1, 1, SAMPLES * int(np.prod(input_shape))).round(3)
        sample = json.dumps({"input_data": [values.tolist()]}, separators=(",", ":"))
        (TARGET / f"{self.name}.json").write_text(sample + "\n", encoding="utf-8")


def draw_mlp(name: str, widths: Sequence[int]) -> None:
    """Dense layers with ReLU between them."""
    drawing, last = Drawing(name), "input"
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        weights = drawing.weight(f"w{layer}", (fan_in, fan_out), fan_in)
        bias = drawing.weight(f"b{layer}", (fan_out,), 100)
        is_last = layer == len(widths) - 2
        last = drawing.node("Gemm", [last, weights, bias], "output" if is_last else f"dense{layer}")
        if not is_last:
            last = drawing.node("Relu", [last], f"relu{layer}")
    drawing.save([1, widths[0]], [1, widths[-1]])


def draw_cnn(name: str) -> None:
    """Two convolutions over 12 x 12 pixels, and a dense layer."""
    drawing, last = Drawing(name), "input"
    for layer, (channels_in, channels_out) in enumerate(((1, 3), (3, 6))):
        weights = drawing.weight(f"c{layer}", (channels_out, channels_in, 3, 3), 9 * channels_in)
        last = drawing.node("Conv", [last, weights], f"conv{layer}", kernel_shape=[3, 3], strides=[2, 2])
        last = drawing.node("Relu", [last], f"relu{layer}")
    last = drawing.node("Flatten", [last], "flat")
    drawing.node("MatMul", [last, drawing.weight("w", (24, 10), 24)], "output")
    drawing.save([1, 1, 12, 12], [1, 10])


def draw_attention(name: str, length: int, width: int) -> None:
    """One head of attention over a short sequence, and a dense layer."""
    drawing = Drawing(name)
    query, key, value = (
        drawing.node("MatMul", ["input", drawing.weight(f"w{part}", (width, width), width)], part)
        for part in "qkv"
    )
    turned = drawing.node("Transpose", [key], "turned", perm=[0, 2, 1])
    scores = drawing.node("MatMul", [query, turned], "scores")
    attention = drawing.node("Softmax", [scores], "attention", axis=2)
    mixed = drawing.node("MatMul", [attention, value], "mixed")
    drawing.node("MatMul", [mixed, drawing.weight("wo", (width, 2), width)], "output")
    drawing.save([1, length, width], [1, length, 2])


def write_refused(
    name: str,
    operators: Sequence[tuple[str, Sequence[str], str]],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
) -> None:
    """Writes a valid network that cannot become a circuit."""
    nodes = [helper.make_node(operator, list(taken), [given]) for operator, taken, given in operators]
    graph = helper.make_graph(nodes, name, list(inputs), list(outputs), list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    (REFUSED / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def tensor(name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def draw_refused() -> None:
    """Networks that `veritally model build` refuses."""
    x, y, z = tensor("x", (1, 4)), tensor("y", (1, 4)), tensor("z", (1, 4))
    write_refused("determinant", [("Det", ["x"], "y")], [tensor("x", (1, 2, 2))], [tensor("y", (1,))])
    write_refused("two-inputs", [("Add", ["x", "z"], "y")], [x, z], [y])
    write_refused("two-outputs", [("Relu", ["x"], "y"), ("Abs", ["x"], "z")], [x], [y, z])
    write_refused("open-shape", [("Relu", ["x"], "y")], [tensor("x", ("N", 4))], [tensor("y", ("N", 4))])
    integers = [tensor(name, (1, 4), TensorProto.INT64) for name in "xy"]
    write_refused("integers", [("Abs", ["x"], "y")], integers[:1], integers[1:])
    nan = numpy_helper.from_array(np.full((4,), np.nan, np.float32), "w")
    write_refused("nan", [("Mul", ["x", "w"], "y")], [x], [y], [nan])


def main() -> None:
    """Draws all networks."""
    TARGET.mkdir(parents=True, exist_ok=True)
    draw_mlp("mlp1k", (16, 32, 16, 4))
    draw_mlp("mlp10k", (64, 128, 16, 4))
    draw_cnn("cnn")
    draw_attention("attention", length=4, width=8)
    REFUSED.mkdir(exist_ok=True)
    draw_refused()


if __name__ == "__main__":
    main()
