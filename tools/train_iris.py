"""Trains the iris model that the demo serves, with the files of examples/iris; prints the test accuracy.

The network is prover/models/iris/network.onnx; examples/iris links to it. The standardisation of the inputs
is folded into the first layer, so the network takes plain centimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from training import SEED, Data, Floats, run

HIDDEN = (8, 8)
WEIGHT_DECAY = 1.0  # keeps every weight near 1, where fixed-point numbers are accurate
TEST_SHARE = 0.3
OPSET = 13
IR_VERSION = 8
LEAST_ACCURACY = 0.95


@dataclass(frozen=True)
class Layer:
    """One dense layer: `outputs = inputs @ weights + bias`."""

    weights: Floats
    bias: Floats


def load_data() -> Data:
    """The measurements (centimetres) of scikit-learn's iris data, with every class in proportion."""
    iris = load_iris()
    parts = train_test_split(
        iris.data, iris.target, test_size=TEST_SHARE, random_state=SEED, stratify=iris.target
    )
    return Data(*parts)


def train(data: Data) -> list[Layer]:
    """Trains on standardised inputs and returns layers that take plain inputs."""
    scaler = StandardScaler().fit(data.train_inputs)
    network = MLPClassifier(HIDDEN, solver="lbfgs", alpha=WEIGHT_DECAY, max_iter=5000, random_state=SEED)
    with threadpool_limits(limits=1):  # sums in one order, whatever the number of cores
        network.fit(scaler.transform(data.train_inputs), data.train_classes)
    layers = [Layer(w, b) for w, b in zip(network.coefs_, network.intercepts_, strict=True)]
    first = layers[0]
    folded = Layer(
        weights=first.weights / scaler.scale_[:, None],
        bias=first.bias - (scaler.mean_ / scaler.scale_) @ first.weights,
    )
    return [folded, *layers[1:]]


def to_onnx(layers: list[Layer]) -> ModelProto:
    """The network as ONNX: Gemm and Relu, one inference per run."""
    nodes, constants, source = [], [], "input"
    for index, layer in enumerate(layers, start=1):
        last = index == len(layers)
        names = (f"weights{index}", f"bias{index}")
        for name, array in zip(names, (layer.weights, layer.bias), strict=True):
            constants.append(numpy_helper.from_array(array.astype(np.float32), name))
        target = "output" if last else f"dense{index}"
        nodes.append(helper.make_node("Gemm", [source, *names], [target], name=f"gemm{index}"))
        source = target
        if not last:
            source = f"active{index}"
            nodes.append(helper.make_node("Relu", [target], [source], name=f"relu{index}"))
    graph = helper.make_graph(
        nodes,
        "iris",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, layers[0].weights.shape[0]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, layers[-1].bias.shape[0]])],
        constants,
    )
    model = helper.make_model(
        graph,
        producer_name="veritally",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    raise SystemExit(run("iris", load_data(), lambda data: to_onnx(train(data)), LEAST_ACCURACY))
