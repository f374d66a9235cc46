from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from prover.errors import InputCountError, InputError, InputValueError, PackageError
from prover.onnx_model import OnnxModel
from prover.zkml.package import ModelPackage, require_inputs

ROOT = Path(__file__).resolve().parents[2]
IRIS = ROOT / "prover" / "models" / "iris"
NO_NETWORK = b"\x08\x08"
"""An ONNX model that is empty but for its version."""
FLOWERS_CM = {
    "setosa": (5.1, 3.5, 1.4, 0.2),
    "versicolor": (7.0, 3.2, 4.7, 1.4),
    "virginica": (6.3, 3.3, 6.0, 2.5),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(IRIS, tmp_path / "copy"))


def change(package: Path, **fields: Any) -> None:
    path = package / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_loads_the_iris_package() -> None:
    package = ModelPackage.load(IRIS)
    assert package.name == "iris"
    assert package.input_size == 4
    assert package.labels == ("setosa", "versicolor", "virginica")
    assert package.weights_hash == hashlib.sha256((IRIS / "network.onnx").read_bytes()).digest()


def test_vectors_belong_to_the_package() -> None:
    vectors = json.loads((ROOT / "tests/vectors/zkml/iris.json").read_text())
    assert vectors["weightsHash"] == f"0x{ModelPackage.load(IRIS).weights_hash.hex()}"


def test_weights_hash_follows_the_network(copy: Path) -> None:
    (copy / "network.onnx").write_bytes(NO_NETWORK)
    assert ModelPackage.load(copy).weights_hash == hashlib.sha256(NO_NETWORK).digest()


@pytest.mark.parametrize("name", ["network.onnx", "model.json"])
def test_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(PackageError, match=rf"{name} cannot be read \(No such file"):
        ModelPackage.load(copy)


@pytest.mark.parametrize("name", ["network.onnx", "model.json"])
def test_empty_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"")
    with pytest.raises(PackageError, match=f"{name} is empty"):
        ModelPackage.load(copy)


def test_text_that_is_no_json_is_refused(copy: Path) -> None:
    (copy / "model.json").write_text("{")
    with pytest.raises(PackageError, match=r"model\.json is malformed"):
        ModelPackage.load(copy)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"surplus": 1}, "surplus"),
        ({"name": "../up"}, "regex"),
        ({"labels": []}, "length >= 1"),
        ({"max_error": 0}, "> 0"),
        ({"input_range": [0]}, "length 2"),
        ({"input_range": [1, 1]}, r"input_range \[1, 1\] is empty"),
        ({"max_error": "small"}, "Expected `float`"),
        ({"input_shape": [1, 5]}, r"4 input names for the shape \[1, 5\]"),
    ],
)
def test_wrong_field_is_named(copy: Path, fields: dict[str, Any], problem: str) -> None:
    change(copy, **fields)
    with pytest.raises(PackageError, match=problem):
        ModelPackage.load(copy)


@pytest.mark.parametrize(
    ("knob", "value", "problem"),
    [
        ("param_visibility", "private", "private"),
        ("input_visibility", "hashed", "hashed"),
        ("logrows", 40, "<= 26"),
        ("scale", None, r"circuits\[\d\]\.scale"),
    ],
)
def test_wrong_knob_is_named(copy: Path, knob: str, value: object, problem: str) -> None:
    (circuit,) = json.loads((copy / "model.json").read_text())["circuits"]
    change(copy, circuits=[circuit | {knob: value}])
    with pytest.raises(PackageError, match=problem):
        ModelPackage.load(copy)


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        ([{"batch_size": 1}], r"have the batch sizes \[1, 1\]"),
        ([{"batch_size": 16}, {"batch_size": 4}], r"sizes \[1, 16, 4\], expected 1 and then larger"),
        ([{"batch_size": 4, "scale": 13}], "several scales"),
        (
            [{"batch_size": 4, "input_visibility": "polycommit"}],
            "only a circuit for one inference",
        ),
    ],
)
def test_circuits_that_do_not_belong_together_are_refused(
    copy: Path, others: list[dict[str, Any]], problem: str
) -> None:
    (circuit,) = json.loads((copy / "model.json").read_text())["circuits"]
    change(copy, circuits=[circuit, *(circuit | other for other in others)])
    with pytest.raises(PackageError, match=problem):
        ModelPackage.load(copy)


def test_package_needs_a_circuit_for_one_inference(copy: Path) -> None:
    (circuit,) = json.loads((copy / "model.json").read_text())["circuits"]
    change(copy, circuits=[circuit | {"batch_size": 4}])
    with pytest.raises(PackageError, match=r"sizes \[4\], expected 1"):
        ModelPackage.load(copy)


def test_circuits_are_found_by_batch_size(copy: Path) -> None:
    (circuit,) = json.loads((copy / "model.json").read_text())["circuits"]
    change(copy, circuits=[circuit, circuit | {"batch_size": 4, "logrows": 13}])
    package = ModelPackage.load(copy)
    assert (package.knobs.logrows, package.knobs_for(4).logrows) == (circuit["logrows"], 13)
    with pytest.raises(PackageError, match="no circuit for 16 inferences"):
        package.knobs_for(16)


def test_missing_knob_is_named(copy: Path) -> None:
    (circuit,) = json.loads((copy / "model.json").read_text())["circuits"]
    del circuit["decomp_legs"]
    change(copy, circuits=[circuit])
    with pytest.raises(PackageError, match="decomp_legs"):
        ModelPackage.load(copy)


@pytest.mark.parametrize("species", FLOWERS_CM)
def test_network_knows_the_species(species: str) -> None:
    package = ModelPackage.load(IRIS)
    scores = OnnxModel(package).run(FLOWERS_CM[species])
    assert package.labels[scores.index(max(scores))] == species


def test_network_that_is_no_onnx_is_refused(copy: Path) -> None:
    (copy / "network.onnx").write_bytes(NO_NETWORK)
    with pytest.raises(PackageError, match="onnxruntime cannot load"):
        OnnxModel(ModelPackage.load(copy))


def test_network_of_another_shape_is_refused(copy: Path) -> None:
    change(copy, labels=["a", "b"])
    with pytest.raises(PackageError, match=r"\[\[1, 3\]\].*not.*output of 2 values"):
        OnnxModel(ModelPackage.load(copy))


@pytest.mark.parametrize("inputs", [(), (1.0, 2.0, 3.0), (1.0,) * 5])
def test_wrong_number_of_inputs_names_both(inputs: tuple[float, ...]) -> None:
    with pytest.raises(InputCountError, match=f"takes 4 input values, got {len(inputs)}") as caught:
        OnnxModel(ModelPackage.load(IRIS)).run(inputs)
    assert (caught.value.expected, caught.value.got) == (4, len(inputs))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), 1e39, 10**400, True, "1", None, [1.0]]
)
def test_value_that_is_no_finite_float32_is_refused(value: Any) -> None:
    with pytest.raises(InputValueError, match="input value 1 is") as caught:
        require_inputs([1.0, value], 2)
    assert caught.value.index == 1
    assert isinstance(caught.value, InputError)
    assert len(str(caught.value)) < 200


def test_integers_are_numbers() -> None:
    assert require_inputs([1, -2.5], 2) == (1.0, -2.5)
