"""Trains the digit CNN of examples/digits_cnn on scikit-learn's 8 x 8 digits; prints the test accuracy.

Two convolutions without padding, the second with stride 2, ReLU after each, and a dense layer.
"""

from __future__ import annotations

import autograd.numpy as traced
import numpy as np
import onnx
from make_networks import Drawing
from training import SEED, Data, Floats, Parameters, fit, load_digit_images, run

PIXELS, KERNEL, CLASSES = 8, 3, 10
CHANNELS = (4, 9)
STRIDES = (1, 2)
MIDDLE = (PIXELS - KERNEL) // STRIDES[0] + 1
LAST = (MIDDLE - KERNEL) // STRIDES[1] + 1
LEAST_ACCURACY = 0.95


def windows(channels: int, size: int, stride: int) -> Floats:
    """Ones where a value of an image is at a place of the kernel, for each position of the kernel."""
    positions = (size - KERNEL) // stride + 1
    values = np.zeros((channels, size, size, channels, KERNEL, KERNEL, positions, positions))
    for index in np.ndindex(channels, KERNEL, KERNEL, positions, positions):
        channel, down, right, row, column = index
        values[(channel, row * stride + down, column * stride + right, *index)] = 1
    return values.reshape((channels * size * size, channels * KERNEL * KERNEL, positions * positions))


FIRST_WINDOWS = windows(1, PIXELS, STRIDES[0])
SECOND_WINDOWS = windows(CHANNELS[0], MIDDLE, STRIDES[1])


def scores(parameters: Parameters, images: Floats) -> Floats:
    """Class scores of each image."""
    first = traced.matmul(parameters["w1"], traced.tensordot(images, FIRST_WINDOWS, 1)) + parameters["b1"]
    values = traced.reshape(traced.maximum(first, 0), (len(images), -1))
    second = traced.matmul(parameters["w2"], traced.tensordot(values, SECOND_WINDOWS, 1)) + parameters["b2"]
    values = traced.reshape(traced.maximum(second, 0), (len(images), -1))
    result: Floats = traced.dot(values, parameters["w3"]) + parameters["b3"]
    return result


def start() -> Parameters:
    """Random parameters."""
    random = np.random.default_rng(SEED)
    first, second, dense = KERNEL**2, CHANNELS[0] * KERNEL**2, CHANNELS[1] * LAST**2
    return {
        "w1": random.normal(size=(CHANNELS[0], first)) * np.sqrt(2 / first),
        "b1": np.zeros((CHANNELS[0], 1)),
        "w2": random.normal(size=(CHANNELS[1], second)) * np.sqrt(2 / second),
        "b2": np.zeros((CHANNELS[1], 1)),
        "w3": random.normal(size=(dense, CLASSES)) / np.sqrt(dense),
        "b3": np.zeros(CLASSES),
    }


def draw(parameters: Parameters) -> onnx.ModelProto:
    """The network for one image."""
    drawing, last, taken = Drawing("digits_cnn"), "input", 1
    for layer, (given, stride) in enumerate(zip(CHANNELS, STRIDES, strict=True), start=1):
        weights = parameters[f"w{layer}"].reshape((given, taken, KERNEL, KERNEL))
        names = [
            drawing.constant(f"w{layer}", weights),
            drawing.constant(f"b{layer}", parameters[f"b{layer}"].ravel()),
        ]
        size = {"kernel_shape": [KERNEL, KERNEL], "strides": [stride, stride]}
        last = drawing.node("Conv", [last, *names], f"conv{layer}", **size)
        last = drawing.node("Relu", [last], f"relu{layer}")
        taken = given
    flat = drawing.node("Flatten", [last], "flat", axis=1)
    dense = [drawing.constant(name, parameters[name]) for name in ("w3", "b3")]
    drawing.node("Gemm", [flat, *dense], "output")
    return drawing.finish([1, 1, PIXELS, PIXELS], [1, CLASSES])


def train(data: Data) -> onnx.ModelProto:
    """Trains and draws the network."""
    return draw(fit(scores, start(), data, epochs=60, rate=0.01))


if __name__ == "__main__":
    raise SystemExit(run("digits_cnn", load_digit_images(), train, LEAST_ACCURACY))
