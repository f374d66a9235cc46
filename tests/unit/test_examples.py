"""The committed models of examples/. `make test-examples` trains them again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from prover.settings import MODELS_DIRECTORY
from prover.zkml.network import Network
from prover.zkml.package import NETWORK_FILE
from prover.zkml.sample import read_sample

EXAMPLES = Path(__file__).parents[2] / "examples"
LEAST_ACCURACY = {"iris": 0.95, "digits_cnn": 0.95, "transformer": 0.9}


@pytest.mark.parametrize("name", LEAST_ACCURACY)
def test_example_is_accurate_and_takes_one_input_at_a_time(name: str) -> None:
    folder = EXAMPLES / name
    network = Network.load(folder / NETWORK_FILE)
    assert len(network.content) < 200_000
    assert network.input_shape[0] == network.output_shape[0] == 1
    inputs = read_sample(folder / "test.json", network.input_size)
    classes = json.loads((folder / "test.json").read_text())["classes"]
    right = [
        int(np.argmax(output)) == wanted for output, wanted in zip(network.run(inputs), classes, strict=True)
    ]
    assert sum(right) / len(right) >= LEAST_ACCURACY[name]


@pytest.mark.parametrize("name", LEAST_ACCURACY)
def test_sample_has_room_for_what_is_asked(name: str) -> None:
    folder = EXAMPLES / name
    size = Network.load(folder / NETWORK_FILE).input_size
    sample, (first, *_) = (
        np.array(read_sample(folder / f"{file}.json", size)) for file in ("sample", "test")
    )
    assert len(sample) >= 30
    assert np.array_equal(json.loads((folder / "request.json").read_text())["input"], first)
    assert sample.min() <= first.min()
    assert first.max() <= sample.max()


def test_iris_is_the_model_that_the_prover_serves() -> None:
    assert (EXAMPLES / "iris" / NETWORK_FILE).resolve() == MODELS_DIRECTORY / "iris" / NETWORK_FILE
