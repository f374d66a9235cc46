from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from prover.zkml import network as network_module
from prover.zkml.errors import (
    NetworkTooLargeError,
    NetworkUnreadableError,
    SampleError,
)
from prover.zkml.network import Network
from prover.zkml.sample import read_sample

IRIS = Path(__file__).resolve().parents[2] / "prover" / "models" / "iris" / "network.onnx"


def test_iris_is_read_and_run() -> None:
    network = Network.load(IRIS)
    assert (network.input_shape, network.output_shape) == ((1, 4), (1, 3))
    (output,) = network.run([(5.1, 3.5, 1.4, 0.2)])
    assert max(range(3), key=output.__getitem__) == 0


@pytest.mark.parametrize("content", [b"", b"not onnx" * 50])
def test_malformed_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    with pytest.raises(NetworkUnreadableError, match="is no ONNX network"):
        Network.load(path)


def test_missing_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkUnreadableError, match="No such file"):
        Network.load(tmp_path / "none.onnx")


def test_large_network_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copy(IRIS, tmp_path))
    size = copy.stat().st_size
    monkeypatch.setattr(network_module, "MAX_NETWORK_BYTES", size)
    Network.load(copy)
    monkeypatch.setattr(network_module, "MAX_NETWORK_BYTES", size - 1)
    with pytest.raises(NetworkTooLargeError, match=f"{size} bytes, at most {size - 1}"):
        Network.load(copy)


def test_sample_is_cut_into_inputs(tmp_path: Path) -> None:
    path = tmp_path / "sample.json"
    path.write_text(json.dumps({"input_data": [[1, 2.5, 3, 4]]}))
    assert read_sample(path, 2) == ((1.0, 2.5), (3.0, 4.0))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is no JSON"),
        ("[]", "no input_data"),
        ({"input_data": 1}, "no input_data"),
        ({"input_data": []}, "0 lists"),
        ({"input_data": [[1, 2], [3, 4]]}, "2 lists of input values, the network has one input"),
        ({"input_data": [1, 2]}, "2 lists"),
        ({"input_data": [7]}, "no list of values"),
        ({"input_data": [[]]}, "0 values"),
        ({"input_data": [[1, 2, 3]]}, "3 values, which is no multiple of 2"),
        ({"input_data": [[1, "a"]]}, "input value 1 is 'a'"),
        ('{"input_data": [[NaN, 1]]}', "input value 0 is nan"),
        ('{"input_data": [[1, Infinity]]}', "input value 1 is inf"),
        ({"input_data": [[1e39, 1]]}, r"input value 0 is 1e\+39"),
    ],
)
def test_unusable_sample_is_refused(tmp_path: Path, content: Any, problem: str) -> None:
    path = tmp_path / "sample.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(SampleError, match=problem):
        read_sample(path, 2)
