"""Trains the iris example model and writes prover/models/iris/network.onnx; prints accuracy and sha256.

Seeded: the same machine and package versions give the same bytes. The standardisation of the inputs is folded
into the first layer, so the network takes plain centimetres.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

TARGET = Path(__file__).resolve().parent.parent / "prover" / "models" / "iris" / "network.onnx"
SEED = 7
HIDDEN = (8, 8)
WEIGHT_DECAY = 1.0  # keeps every weight near 1, where fixed-point numbers are accurate
TEST_SHARE = 0.3
OPSET = 13
IR_VERSION = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """One dense layer: `outputs = inputs @ weights + bias`."""

    weights: Floats
    bias: Floats


@dataclass(frozen=True)
class Data:
    """The iris measurements (centimetres) and classes, split into training and test rows."""

    train_inputs: Floats
    test_inputs: Floats
    train_classes: NDArray[np.int64]
    test_classes: NDArray[np.int64]


def load_data() -> Data:
    """The iris data set of scikit-learn, split with every class in proportion."""
    iris = load_iris()
    parts = train_test_split(
        iris.data, iris.target, test_size=TEST_SHARE, random_state=SEED, stratify=iris.target
    )
    return Data(*parts)


def train(data: Data) -> list[Layer]:
    """Trains on standardised inputs and returns layers that take plain inputs."""
    scaler = StandardScaler().fit(data.train_inputs)
    network = MLPClassifier(HIDDEN, solver="lbfgs", alpha=WEIGHT_DECAY, max_iter=5000, random_state=SEED)
    network.fit(scaler.transform(data.train_inputs), data.train_classes)
    layers = [Layer(w, b) for w, b in zip(network.coefs_, network.intercepts_, strict=True)]
    first = layers[0]
    folded = Layer(
        weights=first.weights / scaler.scale_[:, None],
        bias=first.bias - (scaler.mean_ / scaler.scale_) @ first.weights,
    )
    return [folded, *layers[1:]]


def scores(layers: list[Layer], inputs: Floats) -> Floats:
    """Class scores (logits) of each row."""
    values = inputs
    for layer in layers[:-1]:
        values = np.maximum(values @ layer.weights + layer.bias, 0)
    return values @ layers[-1].weights + layers[-1].bias


def accuracy(layers: list[Layer], inputs: Floats, classes: NDArray[np.int64]) -> float:
    """Share of rows whose highest score is the right class."""
    return float(np.mean(scores(layers, inputs).argmax(axis=1) == classes))


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


def main() -> int:
    """Trains, writes the file and prints what it wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=TARGET, help="where to write the ONNX file")
    output: Path = parser.parse_args().output
    data = load_data()
    with threadpool_limits(limits=1):  # sums in one order, whatever the number of cores
        layers = train(data)
    content = to_onnx(layers).SerializeToString(deterministic=True)
    output.write_bytes(content)
    print(f"train accuracy {accuracy(layers, data.train_inputs, data.train_classes):.4f}")
    print(f"test accuracy  {accuracy(layers, data.test_inputs, data.test_classes):.4f}")
    print(f"{output.name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
