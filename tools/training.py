"""What the scripts that train the models of examples/ share: data, optimiser, files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as traced
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NETWORK, SAMPLE, TEST, REQUEST = "network.onnx", "sample.json", "test.json", "request.json"
SEED = 7
SAMPLES = 32
"""Inputs in sample.json, of the training data: `veritally model build` makes room for them."""
BATCH = 64
MOMENTUM, SPREAD, DECAY = 0.9, 0.999, 0.01
LEAST_AGREEMENT = 0.95
"""Share of the test inputs that a network trained on another processor must put into the same class."""

Floats = NDArray[np.float64]
Parameters = dict[str, Floats]
Scores = Callable[[Parameters, Floats], Floats]
"""Parameters and inputs to class scores, in operations that autograd can follow."""


@dataclass(frozen=True)
class Data:
    """Inputs and classes, split into training and test rows."""

    train_inputs: Floats
    test_inputs: Floats
    train_classes: NDArray[np.int64]
    test_classes: NDArray[np.int64]


def load_digit_images(test_share: float = 0.2) -> Data:
    """scikit-learn's handwritten digits: 8 x 8 pixels from 0 (paper) to 1 (ink), and the digit."""
    digits = load_digits()
    parts = train_test_split(
        digits.data / 16, digits.target, test_size=test_share, random_state=SEED, stratify=digits.target
    )
    return Data(*parts)


def no_penalty(_parameters: Parameters, _inputs: Floats) -> float:
    """For networks in which only the weights need to stay small."""
    return 0.0


def fit(
    scores: Scores,
    parameters: Parameters,
    data: Data,
    *,
    epochs: int,
    rate: float,
    penalty: Callable[[Parameters, Floats], Any] = no_penalty,
) -> Parameters:
    """Minimises cross-entropy and penalty by Adam with a falling rate; weights decay, so they stay near 1.

    One thread: sums are then in one order, whatever the number of cores.
    """

    def loss(values: Parameters, inputs: Floats, classes: NDArray[np.int64]) -> Any:
        found = scores(values, inputs)
        shifted = found - traced.max(found, axis=1, keepdims=True)
        normal = traced.log(traced.sum(traced.exp(shifted), axis=1))
        cross_entropy = traced.mean(normal - shifted[np.arange(len(classes)), classes])
        return cross_entropy + penalty(values, inputs)

    gradient, random = autograd.grad(loss), np.random.default_rng(SEED)
    steps = epochs * (len(data.train_inputs) // BATCH)
    means = squares = {name: np.zeros_like(value) for name, value in parameters.items()}
    with threadpool_limits(limits=1):
        for step in range(1, steps + 1):
            rows = random.choice(len(data.train_inputs), BATCH, replace=False)
            slope = gradient(parameters, data.train_inputs[rows], data.train_classes[rows])
            means = {name: MOMENTUM * means[name] + (1 - MOMENTUM) * slope[name] for name in slope}
            squares = {name: SPREAD * squares[name] + (1 - SPREAD) * slope[name] ** 2 for name in slope}
            size = rate * (1 + np.cos(np.pi * step / steps)) / 2
            parameters = {
                name: value * (1 - size * DECAY)
                - size
                * means[name]
                / (1 - MOMENTUM**step)
                / (np.sqrt(squares[name] / (1 - SPREAD**step)) + 1e-8)
                for name, value in parameters.items()
            }
    return parameters


def write_example(folder: Path, model: onnx.ModelProto, data: Data) -> None:
    """Writes the network, the sample for its circuit, the test rows with their classes, and one request."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NETWORK).write_bytes(model.SerializeToString(deterministic=True))
    _write_json(folder / SAMPLE, {"input_data": [data.train_inputs[:SAMPLES].ravel().tolist()]})
    test = {"input_data": [data.test_inputs.ravel().tolist()], "classes": data.test_classes.tolist()}
    _write_json(folder / TEST, test)
    _write_json(folder / REQUEST, {"input": data.test_inputs[0].ravel().tolist()})


def read_classes(folder: Path, inputs: Floats) -> NDArray[np.int64]:
    """The classes that the network in `folder` gives to inputs, by onnxruntime."""
    session = onnxruntime.InferenceSession(folder / NETWORK, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    rows = inputs.astype(np.float32).reshape((-1, *taken.shape))
    return np.array([int(session.run(None, {taken.name: row})[0].argmax()) for row in rows])


def run(name: str, data: Data, train: Callable[[Data], onnx.ModelProto], least_accuracy: float) -> int:
    """The program of a script: trains, and writes the files of examples/NAME or compares them.

    Args:
        name: Of the folder.
        data: What the model is trained and tested on.
        train: Trains and draws the network.
        least_accuracy: On the test rows; less is a failure.
    """
    parser = argparse.ArgumentParser(description=f"Trains the model of examples/{name}.")
    parser.add_argument("--folder", type=Path, default=EXAMPLES / name, help="where its files are")
    parser.add_argument(
        "--check", type=Path, metavar="SCRATCH", help="write there, and compare with --folder"
    )
    arguments = parser.parse_args()
    target: Path = arguments.check / name if arguments.check else arguments.folder
    write_example(target, train(data), data)
    found = read_classes(target, data.test_inputs)
    accuracy = float(np.mean(found == data.test_classes))
    print(f"{name}: test accuracy {accuracy:.4f} on {len(found)} rows, at least {least_accuracy} is required")
    agreement = 1.0
    if arguments.check:
        agreement = _compare(arguments.folder, target, data, found)
    return int(accuracy < least_accuracy or agreement < LEAST_AGREEMENT)


def _compare(committed: Path, made: Path, data: Data, found: NDArray[np.int64]) -> float:
    """Share of the test rows to which both networks give the same class; 0 when the data differs."""
    for name in (SAMPLE, TEST, REQUEST):
        if (committed / name).read_bytes() != (made / name).read_bytes():
            print(f"{committed / name} is not what the script writes")
            return 0.0
    if (committed / NETWORK).read_bytes() == (made / NETWORK).read_bytes():
        print("the same bytes as the committed network")
        return 1.0
    agreement = float(np.mean(read_classes(committed, data.test_inputs) == found))
    print(f"other bytes than the committed network, the same class for {agreement:.2%} of the test rows")
    return agreement


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
