"""`veritally model prove` with a package that was built from the iris network."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from ezkl_children import wait_for_child
from typer.testing import CliRunner, Result

from prover.errors import InputOutsideRangeError
from prover.model_cli import model
from prover.onnx_model import OnnxModel
from prover.settings import MODELS_DIRECTORY
from prover.zkml.errors import BuiltPackageError, DiskFullError, ProofsMissingError, SampleError
from prover.zkml.package import ModelPackage
from veritally.commitments import quantise

FLOWERS_CM = ((5.1, 3.5, 1.4, 0.2), (7.0, 3.2, 4.7, 1.4), (6.3, 3.3, 6.0, 2.5))
VALUES = [value for flower in FLOWERS_CM for value in flower]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(model, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proving")


@pytest.fixture(scope="module")
def package(folder: Path) -> Path:
    (folder / "sample.json").write_text(json.dumps({"input_data": [VALUES]}))
    options = ["--out", folder / "packages", "--cache", folder / "cache", "--name", "iris"]
    network = MODELS_DIRECTORY / "iris" / "network.onnx"
    result = run("build", network, "--sample", folder / "sample.json", *options)
    assert result.exit_code == 0, result.exception
    (path,) = (folder / "packages").iterdir()
    return path


def arguments_of(package: Path, values: object, *more: str) -> list[str]:
    folder = package.parent.parent
    inputs = folder / "input.json"
    inputs.write_text(json.dumps({"input_data": [values]}))
    (folder / "proofs.jsonl").unlink(missing_ok=True)
    options = ["--input", inputs, "--out", folder / "proofs.jsonl", "--cache", folder / "cache"]
    return ["prove", str(package), *map(str, options), *more]


def written(package: Path) -> list[dict[str, Any]]:
    lines = (package.parent.parent / "proofs.jsonl").read_text().splitlines()
    return sorted(map(json.loads, lines), key=lambda line: int(line["inferences"][0]))


def test_every_inference_is_proved_and_written(package: Path) -> None:
    result = run(*arguments_of(package, VALUES))
    assert result.exit_code == 0, result.exception
    assert "3 proofs, " in result.stderr
    assert result.stderr.endswith("proofs.jsonl\n")
    network = OnnxModel(ModelPackage.load(package))
    scale = ModelPackage.load(package).knobs.scale
    for index, line in enumerate(written(package)):
        assert line["inferences"] == [index]
        assert line["inputs"] == [list(FLOWERS_CM[index])]
        assert line["outputs"][0] == pytest.approx(network.run(FLOWERS_CM[index]), abs=0.1)
        words = tuple(int(word, 16) for word in line["instances"])
        assert words[:4] == quantise(FLOWERS_CM[index], scale)
        assert len(bytes.fromhex(line["proof"][2:])) > 1_000


def test_proofs_that_fail_are_named_and_the_others_kept(package: Path) -> None:
    """Of two processes that prove, one is killed from outside."""
    killer = threading.Thread(target=lambda: os.kill(wait_for_child(), signal.SIGKILL))
    killer.start()
    result = run(*arguments_of(package, VALUES))
    killer.join()
    assert isinstance(result.exception, ProofsMissingError)
    assert result.exception.exit_code == 1
    said = "1 of 3 proofs could not be made, the first because: ezkl stage 'prove' was killed by SIGKILL"
    assert str(result.exception).startswith(said)
    lines = written(package)
    assert [index for line in lines for index in line["inferences"]] == [0, 1, 2]
    assert len([line for line in lines if "proof" in line]) == 2
    assert len([line for line in lines if "SIGKILL" in line.get("error", "")]) == 1


def test_proof_that_takes_too_long_is_told(package: Path) -> None:
    error = run(*arguments_of(package, VALUES[:4], "--timeout-s", "0.1")).exception
    assert isinstance(error, ProofsMissingError)
    assert "was killed after 0.1 s; allow more time" in str(error)
    assert "was killed after 0.1 s" in written(package)[0]["error"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (VALUES[:5], SampleError),
        ([], SampleError),
        (["a"] * 4, SampleError),
        ([1e9] * 4, InputOutsideRangeError),
    ],
)
def test_unusable_inputs_are_refused_before_any_proof(
    package: Path, values: object, error: type[Exception]
) -> None:
    result = run(*arguments_of(package, values))
    assert isinstance(result.exception, error)


def test_package_of_another_srs_is_refused(package: Path, tmp_path: Path) -> None:
    arguments = arguments_of(package, VALUES[:4])
    arguments[arguments.index("--cache") + 1] = str(tmp_path)
    assert isinstance(run(*arguments).exception, BuiltPackageError)


def test_proofs_of_another_run_are_left_alone(package: Path) -> None:
    arguments = arguments_of(package, VALUES[:4])
    kept = package.parent.parent / "proofs.jsonl"
    kept.write_text("proofs of hours")
    result = run(*arguments)
    assert result.exit_code == 2
    assert "is there already; move it, or name another" in " ".join(result.stderr.replace("│", " ").split())
    assert kept.read_text() == "proofs of hours"


def test_full_disk_is_told(package: Path) -> None:
    arguments = arguments_of(package, VALUES[:4])
    arguments[arguments.index("--out") + 1] = "/dev/full"
    error = run(*arguments).exception
    assert isinstance(error, DiskFullError)
    assert str(error).startswith("/dev/full: the disk is full; free some room")


def test_file_that_cannot_be_written_is_told(package: Path, tmp_path: Path) -> None:
    arguments = arguments_of(package, VALUES[:4])
    arguments[arguments.index("--out") + 1] = str(tmp_path / "none" / "proofs")
    result = run(*arguments)
    assert result.exit_code == 2
    assert "No such file" in result.stderr
