"""Trains the transformer block of examples/transformer on scikit-learn's digits; prints the test accuracy.

Each row of 8 pixels is a token. Embedding with positions, one head of attention with softmax, a feed-forward
network, each added to its input, and a dense layer over all tokens. Two things make it cheap to prove. There
is no normalisation between the parts: at this depth training does without. And the ONNX file holds two
products of matrices in place of four: with one head as wide as the tokens, `query` and `key` act as one
matrix, and so do `value` and `mix`.
"""

from __future__ import annotations

import autograd.numpy as traced
import numpy as np
import onnx
from make_networks import Drawing
from training import SEED, Data, Floats, Parameters, fit, load_digit_images, run

TOKENS, PIXELS, CLASSES = 8, 8, 10
WIDTH, HIDDEN = 5, 12
LARGEST_MATCH = 1.8
"""Of a query and a key, about; what is larger is punished in training."""
LEAST_ACCURACY = 0.90


def embed(parameters: Parameters, images: Floats) -> Floats:
    """The tokens of each image."""
    rows = traced.reshape(images, (len(images), TOKENS, PIXELS))
    tokens: Floats = traced.matmul(rows, parameters["embedding"]) + parameters["positions"]
    return tokens


def match(parameters: Parameters, tokens: Floats) -> Floats:
    """How well each token matches each other, before softmax."""
    query, key = (traced.matmul(tokens, parameters[name]) for name in ("query", "key"))
    matches: Floats = traced.matmul(query, traced.transpose(key, (0, 2, 1)))
    return matches


def excess(parameters: Parameters, images: Floats) -> Floats:
    """Punishes large matches: a circuit has a table of the exponential function as wide as they are."""
    sizes = traced.abs(match(parameters, embed(parameters, images)))
    squares: Floats = 10 * traced.mean(traced.maximum(sizes - LARGEST_MATCH, 0) ** 2)
    return squares


def scores(parameters: Parameters, images: Floats) -> Floats:
    """Class scores of each image."""
    values = embed(parameters, images)
    matches = match(parameters, values)
    weights = traced.exp(matches - traced.max(matches, axis=2, keepdims=True))
    attention = weights / traced.sum(weights, axis=2, keepdims=True)
    carried = traced.matmul(traced.matmul(values, parameters["value"]), parameters["mix"])
    values = values + traced.matmul(attention, carried)
    hidden = traced.maximum(traced.matmul(values, parameters["w1"]) + parameters["b1"], 0)
    values = values + traced.matmul(hidden, parameters["w2"]) + parameters["b2"]
    flat = traced.reshape(values, (len(images), -1))
    result: Floats = traced.dot(flat, parameters["w3"]) + parameters["b3"]
    return result


def start() -> Parameters:
    """Random parameters."""
    random = np.random.default_rng(SEED)

    def weights(taken: int, given: int, gain: float = 1) -> Floats:
        values: Floats = random.normal(size=(taken, given)) * np.sqrt(gain / taken)
        return values

    return {
        "embedding": weights(PIXELS, WIDTH),
        "positions": random.normal(size=(TOKENS, WIDTH)) / 10,
        **{name: weights(WIDTH, WIDTH) for name in ("query", "key", "value", "mix")},
        "w1": weights(WIDTH, HIDDEN, gain=2),
        "b1": np.zeros(HIDDEN),
        "w2": weights(HIDDEN, WIDTH),
        "b2": np.zeros(WIDTH),
        "w3": weights(TOKENS * WIDTH, CLASSES),
        "b3": np.zeros(CLASSES),
    }


def draw(parameters: Parameters) -> onnx.ModelProto:
    """The network for one image."""
    drawing = Drawing("transformer")
    for name in ("embedding", "positions", "w1", "b1", "w2", "b2", "w3", "b3"):
        drawing.constant(name, parameters[name])
    drawing.constant("match", parameters["query"] @ parameters["key"].T)
    drawing.constant("carry", parameters["value"] @ parameters["mix"])
    drawing.node("MatMul", ["input", "embedding"], "embedded")
    tokens = drawing.node("Add", ["embedded", "positions"], "tokens")
    drawing.node("MatMul", [tokens, "match"], "matching")
    drawing.node("Transpose", [tokens], "turned", perm=[0, 2, 1])
    drawing.node("MatMul", ["matching", "turned"], "matches")
    drawing.node("Softmax", ["matches"], "attention", axis=2)
    drawing.node("MatMul", [tokens, "carry"], "carried")
    drawing.node("MatMul", ["attention", "carried"], "attended")
    drawing.node("Add", [tokens, "attended"], "seen")
    drawing.node("MatMul", ["seen", "w1"], "dense1")
    drawing.node("Add", ["dense1", "b1"], "moved1")
    drawing.node("Relu", ["moved1"], "hidden")
    drawing.node("MatMul", ["hidden", "w2"], "dense2")
    drawing.node("Add", ["dense2", "b2"], "moved2")
    drawing.node("Add", ["seen", "moved2"], "thought")
    drawing.node("Flatten", ["thought"], "flat", axis=1)
    drawing.node("Gemm", ["flat", "w3", "b3"], "output")
    return drawing.finish([1, TOKENS, PIXELS], [1, CLASSES])


def train(data: Data) -> onnx.ModelProto:
    """Trains and draws the network."""
    return draw(fit(scores, start(), data, epochs=60, rate=0.01, penalty=excess))


if __name__ == "__main__":
    raise SystemExit(run("transformer", load_digit_images(), train, LEAST_ACCURACY))
