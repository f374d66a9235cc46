"""A network with weights outside its file is refused, wherever in the network they are named."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import onnxruntime
import pytest

from prover.errors import ExternalTensorError, PackageError
from prover.onnx_model import OnnxModel
from prover.zkml.external_tensors import find_external_tensors
from prover.zkml.package import ModelPackage

IRIS = Path(__file__).resolve().parents[2] / "prover" / "models" / "iris"
FLOWER_CM = (5.1, 3.5, 1.4, 0.2)

PATHS_TO_TENSORS = {
    "initializer": (7, 5),
    "values of a sparse initializer": (7, 15, 1),
    "indices of a sparse initializer": (7, 15, 2),
    "attribute": (7, 1, 5, 5),
    "list in an attribute": (7, 1, 5, 10),
    "sparse attribute": (7, 1, 5, 22, 1),
    "list of sparse tensors in an attribute": (7, 1, 5, 23, 1),
    "branch": (7, 1, 5, 6, 5),
    "list of branches": (7, 1, 5, 11, 5),
    "function": (25, 7, 5, 5),
    "default of a function's attribute": (25, 11, 5),
    "initialization of a training": (20, 1, 5),
    "algorithm of a training": (20, 2, 5),
}
"""Field numbers of ONNX, from the model down."""


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def message(number: int, content: bytes) -> bytes:
    """A field that holds bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def nested(path: tuple[int, ...], content: bytes) -> bytes:
    for number in reversed(path):
        content = message(number, content)
    return content


def tensor(name: bytes, *, located: bool = True, listed: bool = True) -> bytes:
    """One float that is the content of `weights.bin`: its location, and where that is."""
    entry = message(1, b"location") + message(2, b"weights.bin")
    return (
        b"\x08\x01\x10\x01"
        + message(8, name)
        + (message(13, entry) if listed else b"")
        + (b"\x70\x01" if located else b"")
    )


def scaled_network() -> bytes:
    """A network whose one weight is the factor between input and output, and lies in `weights.bin`."""
    float_1x1 = message(2, message(1, b"\x08\x01" + message(2, message(1, b"\x08\x01") * 2)))
    node = message(1, b"x") + message(1, b"w") + message(2, b"y") + message(4, b"Mul")
    graph = (
        message(1, node)
        + message(2, b"g")
        + message(5, tensor(b"w"))
        + message(11, message(1, b"x") + float_1x1)
        + message(12, message(1, b"y") + float_1x1)
    )
    return b"\x08\x08" + message(8, b"\x10\x0d") + message(7, graph)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(IRIS, tmp_path / "copy"))


@pytest.mark.parametrize("path", PATHS_TO_TENSORS.values(), ids=PATHS_TO_TENSORS.keys())
@pytest.mark.parametrize(("located", "listed"), [(True, True), (True, False), (False, True)])
def test_external_tensor_is_found(path: tuple[int, ...], located: bool, listed: bool) -> None:
    inside = nested(path, tensor(b"in", located=False, listed=False))
    outside = nested(path, tensor(b"out", located=located, listed=listed))
    assert list(find_external_tensors(inside + outside)) == ["out"]


def test_iris_holds_all_its_weights() -> None:
    assert list(find_external_tensors(ModelPackage.load(IRIS).network)) == []


def test_onnxruntime_would_follow_the_file(tmp_path: Path) -> None:
    """The reason for the refusal, and the proof that what is refused here is such a network."""
    (tmp_path / "network.onnx").write_bytes(scaled_network())
    for weight, expected in ((b"\0\0\0\x40", 2.0), (b"\0\0\x80\x40", 4.0)):
        (tmp_path / "weights.bin").write_bytes(weight)
        session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"))
        assert session.run(None, {"x": [[1.0]]})[0].tolist() == [[expected]]


def test_package_with_an_external_tensor_is_refused(copy: Path) -> None:
    (copy / "network.onnx").write_bytes(scaled_network())
    (copy / "weights.bin").write_bytes(bytes(4))
    with pytest.raises(ExternalTensorError, match=r"'w'.*save it again without external data") as caught:
        ModelPackage.load(copy)
    assert caught.value.tensors == ("w",)


def test_network_runs_from_the_bytes_that_were_hashed(copy: Path) -> None:
    package = ModelPackage.load(copy)
    expected = OnnxModel(package).run(FLOWER_CM)
    (copy / "network.onnx").write_bytes(scaled_network())
    assert OnnxModel(package).run(FLOWER_CM) == expected


def test_no_other_format_of_onnxruntime_is_read(tmp_path: Path) -> None:
    """It keeps names of files in other places."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "network.ort")
    onnxruntime.InferenceSession(str(IRIS / "network.onnx"), options)
    network = (tmp_path / "network.ort").read_bytes()
    onnxruntime.InferenceSession(network)
    with pytest.raises(PackageError, match="onnxruntime cannot load the network"):
        OnnxModel(dataclasses.replace(ModelPackage.load(IRIS), network=network))


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (b"\x3a", "cut off or too long"),
        (b"\x3a\x05\x00", "field 7 is cut off"),
        (b"\x08" + b"\xff" * 10, "cut off or too long"),
        (b"\x3b\x3c", "wire type 3"),
        (b"\x02\x00", "no field 0"),
        (b"\xba\x80\x80\x80\x10\x00", "no field 536870919"),
        (nested((7, 1, 5, 6) + (1, 5, 6) * 40, b""), "nested deeper than 100"),
    ],
)
def test_bytes_that_are_no_message_are_refused(copy: Path, network: bytes, problem: str) -> None:
    (copy / "network.onnx").write_bytes(network)
    with pytest.raises(PackageError, match=rf"network\.onnx is no ONNX model \(.*{problem}"):
        ModelPackage.load(copy)
