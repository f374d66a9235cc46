from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from drawn_networks import draw, node

from prover.zkml.batch import batched_network, fill, in_slots, open_batched
from prover.zkml.errors import NotBatchableError
from prover.zkml.network import Network

WEIGHTS = {"w": np.arange(12, dtype=np.float32).reshape(4, 3) / 7}
DENSE = draw([node("MatMul", ["x", "w"], "h"), node("Relu", ["h"], "y")], [1, 4], [1, 3], WEIGHTS)
SAMPLE = [(0.5, -1.0, 2.0, 0.25), (1.0, 1.0, 1.0, 1.0), (-3.0, 0.0, 0.5, 9.0)]


def opened(content: bytes, folder: Path) -> Network:
    path = folder / "single.onnx"
    path.write_bytes(content)
    return Network.load(path)


def batched(content: bytes, folder: Path, batch_size: int) -> Network:
    single = opened(content, folder)
    sample = fill(SAMPLE, batch_size, (0.0,) * 4)
    return open_batched(single, batch_size, folder, sample, single.run(sample))


def test_batch_computes_what_the_single_network_computes(tmp_path: Path) -> None:
    network = batched(DENSE, tmp_path, 2)
    assert (network.input_shape, network.output_shape) == ((2, 4), (2, 3))
    single = opened(DENSE, tmp_path)
    (both,) = network.run([SAMPLE[0] + SAMPLE[1]])
    assert both == pytest.approx([value for outputs in single.run(SAMPLE[:2]) for value in outputs])


def test_same_network_gives_the_same_bytes() -> None:
    assert batched_network(DENSE, 4) == batched_network(DENSE, 4)
    assert batched_network(DENSE, 4) != batched_network(DENSE, 2)


def test_old_shapes_inside_of_the_network_are_forgotten(tmp_path: Path) -> None:
    content = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(DENSE)).SerializeToString()
    assert onnx.load_model_from_string(content).graph.value_info
    assert batched(content, tmp_path, 4).input_shape == (4, 4)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (draw([node("Relu", ["x"], "y")], [2, 4], [2, 4]), "first dimension of 'x' is not 1"),
        (draw([node("Relu", ["x"], "y")], [], []), "first dimension of 'x' is not 1"),
        (draw([node("Flatten", ["x"], "y", axis=0)], [1, 2, 2], [1, 4]), "cannot take 2 inputs at once"),
        (
            draw([node("Reshape", ["x", "s"], "y")], [1, 2, 2], [1, 4], {"s": np.array([1, 4])}),
            "cannot take 2 inputs at once",
        ),
        (b"no network", "onnx cannot read it"),
    ],
)
def test_network_that_cannot_be_batched_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(NotBatchableError, match=problem):
        batched_network(content, 2)


def test_inferences_that_depend_on_each_other_are_refused(tmp_path: Path) -> None:
    mean = node("ReduceMean", ["x"], "m", axes=[0], keepdims=1)
    content = draw([mean, node("Add", ["x", "m"], "y")], [1, 4], [1, 4])
    with pytest.raises(NotBatchableError, match="change each other's outputs"):
        batched(content, tmp_path, 2)


def test_sample_is_filled_up_to_whole_batches() -> None:
    filled = fill(SAMPLE, 2, (7.0,) * 4)
    assert filled == [*SAMPLE, (7.0,) * 4]
    assert in_slots(filled, 2) == [SAMPLE[0] + SAMPLE[1], SAMPLE[2] + (7.0,) * 4]
    assert fill(SAMPLE, 3, (7.0,) * 4) == SAMPLE
