"""What the search asks of ezkl, and what it says when ezkl refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_networks import draw, node

from prover.zkml.batch_build import Tried, _require_same_words
from prover.zkml.errors import BatchUnavailableError, NoCircuitError
from prover.zkml.network import Network
from prover.zkml.search import compute, search
from prover.zkml.sizing import Candidate, Precision, fewest_rows, make_knobs

SAMPLE = [(0.5, -1.0, 0.25, 1.0), (1.0, 0.75, -0.5, 0.0)]
WEIGHTS = {"w": np.arange(-6, 6, dtype=np.float32).reshape(4, 3) / 7}
PRECISION = Precision(7, None, ((128, 2), (256, 2), (128, 3)), 0.1)


def dense(size: int) -> bytes:
    return draw([node("MatMul", ["x", "w"], "h"), node("Relu", ["h"], "y")], [size, 4], [size, 3], WEIGHTS)


def opened(content: bytes, folder: Path) -> Network:
    path = folder / "network.onnx"
    path.write_bytes(content)
    return Network.load(path)


def test_attribute_that_ezkl_needs_is_asked_for(tmp_path: Path) -> None:
    kernel = {"k": np.ones((1, 1, 2, 2), dtype=np.float32)}
    content = draw([node("Conv", ["x", "k"], "y", kernel_shape=[2, 2])], [1, 1, 3, 3], [1, 1, 2, 2], kernel)
    network, sample = opened(content, tmp_path), [(0.5,) * 9]
    with pytest.raises(NoCircuitError, match=r"missing required params: stride; write that attribute out"):
        search(network, sample, network.run(sample), "public", lambda _: None)


def test_values_without_room_in_any_circuit_are_refused(tmp_path: Path) -> None:
    network, sample = opened(dense(1), tmp_path), [(1e18, 0.0, 0.0, 0.0)]
    told: list[str] = []
    with pytest.raises(NoCircuitError, match=r"none of the scales .* normalise the network's inputs"):
        search(network, sample, network.run(sample), "public", told.append)
    assert told[0] == "scale 5: the sample's values do not fit"


def test_freivalds_is_tried_only_where_it_halves_the_rows(tmp_path: Path) -> None:
    assert all(
        item.knobs.disable_freivalds for item in fewest_rows(opened(dense(1), tmp_path), PRECISION, "public")
    )
    wide = {"w": np.ones((64, 64), dtype=np.float32)}
    square = draw([node("MatMul", ["x", "w"], "y")], [1, 64, 64], [1, 64, 64], wide)
    found = list(fewest_rows(opened(square, tmp_path), PRECISION, "public"))
    plain, faster = found[0].knobs, found[1].knobs
    assert (plain.disable_freivalds, faster.disable_freivalds) == (True, False)
    assert faster.logrows < plain.logrows


def test_every_slot_must_give_the_words_of_the_single_circuit(tmp_path: Path) -> None:
    single, both = tmp_path / "single", tmp_path / "both"
    single.mkdir()
    both.mkdir()
    network, batched = opened(dense(1), single), opened(dense(2), both)
    knobs = next(iter(fewest_rows(network, PRECISION, "public"))).knobs
    words = compute(network, knobs, SAMPLE, constraints=True).words
    candidate = next(iter(fewest_rows(batched, PRECISION, "public", 2)))
    _require_same_words(batched, candidate, Tried(network, PRECISION, SAMPLE, words), SAMPLE)
    wrong = (words[0], (*words[1][:-1], words[0][0]))
    with pytest.raises(BatchUnavailableError, match="outputs for sample 1 differ in the last bits"):
        _require_same_words(batched, candidate, Tried(network, PRECISION, SAMPLE, wrong), SAMPLE)
    narrow = Candidate(make_knobs(PRECISION, (128, 1), 1, batch_size=2), 1, PRECISION)
    with pytest.raises(BatchUnavailableError, match="the sample does not satisfy it"):
        _require_same_words(batched, narrow, Tried(network, PRECISION, SAMPLE, words), SAMPLE)
