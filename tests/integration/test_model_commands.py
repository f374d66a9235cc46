"""`veritally model`: from an ONNX file to a circuit on the chain that anybody can rebuild."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from web3 import Web3

from prover.model_cli import model
from prover.zkml.built_package import BuiltPackage
from prover.zkml.ceremony import read_file_words
from prover.zkml.errors import (
    BuiltPackageError,
    ModelMismatchError,
    NetworkShapeError,
    NoCircuitError,
    NotFiniteError,
    UnknownModelError,
    UnsupportedOperatorError,
    WrongSrsError,
)
from prover.zkml.package import ModelPackage
from veritally.devnet import Devnet

ROOT = Path(__file__).resolve().parents[2]
IRIS = ROOT / "prover" / "models" / "iris" / "network.onnx"
REFUSED = ROOT / "tests" / "vectors" / "zkml" / "refused"
FLOWERS_CM = (5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6.0, 2.5)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(model, [str(argument) for argument in arguments])


def build(network: Path, folder: Path, *more: str, values: tuple[float, ...] = FLOWERS_CM) -> Result:
    sample = folder / "sample.json"
    sample.write_text(json.dumps({"input_data": [values]}))
    options = ["--name", "iris", "--out", folder / "packages", "--cache", folder / "cache", *more]
    return run("build", network, "--sample", sample, *options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def package(folder: Path) -> Path:
    result = build(IRIS, folder)
    assert result.exit_code == 0, result.exception
    (path,) = (folder / "packages").iterdir()
    return path


@pytest.fixture
def on_chain(devnet: Devnet, folder: Path, package: Path) -> list[str | Path]:
    """The model, registered, as arguments of the commands."""
    devnet.deployment.save(folder / "deployment.json")
    key = folder / "owner.key"
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(devnet.accounts.prover.key.hex())
    chain = ["--rpc-url", devnet.rpc_url, "--deployment", folder / "deployment.json"]
    result = run("register", package, *chain, "--key-file", key, "--cache", folder / "cache")
    assert result.exit_code == 0, result.exception
    return chain


def model_id(devnet: Devnet, package: Path) -> str:
    owner, weights = devnet.accounts.prover.address, ModelPackage.load(package).weights_hash
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    return Web3.to_hex(registry.functions.modelIdOf(owner, weights).call())


def test_package_is_complete_and_named_by_its_id(package: Path) -> None:
    built = BuiltPackage.load(package)
    assert package.name == f"iris-{built.id[:16]}"
    assert built.manifest["srs"]["development"] is True
    predicted = built.manifest["predicted"]
    assert predicted in built.manifest["frontier"]
    assert predicted["verify_gas"] == min(item["verify_gas"] for item in built.manifest["frontier"])


def test_srs_file_and_verifier_have_the_same_secret(folder: Path, package: Path) -> None:
    logrows = ModelPackage.load(package).knobs.logrows
    words = read_file_words(folder / "cache" / "srs-development" / f"development-only-k{logrows}.srs")
    assert [f"0x{word:064x}" for word in words] == BuiltPackage.load(package).manifest["srs"]["neg_s_g2"]


def test_second_build_gives_the_same_package(folder: Path, package: Path) -> None:
    result = build(IRIS, folder)
    assert "proving key" not in result.output
    assert [package] == list((folder / "packages").iterdir())


def test_changed_file_is_noticed(package: Path, tmp_path: Path) -> None:
    for name in ("vk.key", "verifier.sol", "package.json"):
        copy = Path(shutil.copytree(package, tmp_path / name / package.name))
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content.replace(b'"id": "', b'"id": "0') if name == "package.json" else b"")
        with pytest.raises(BuiltPackageError):
            BuiltPackage.load(copy)


def test_registered_model_is_shown_verified_and_reproduced(
    devnet: Devnet, folder: Path, package: Path, on_chain: list[str | Path]
) -> None:
    wanted, logrows = model_id(devnet, package), ModelPackage.load(package).knobs.logrows
    (circuit,) = json.loads(run("show", wanted, *on_chain).output)["circuits"]
    assert circuit["ezklVersion"] == "23.0.5"
    verified = run("verify", wanted, package, *on_chain)
    assert verified.exit_code == 0
    assert "code of the verifier" in verified.output
    srs = folder / "cache" / "srs-development" / f"development-only-k{logrows}.srs"
    reproduced = run("reproduce", wanted, package, "--srs", srs, *on_chain)
    assert reproduced.exit_code == 0, reproduced.exception
    assert "MISMATCH" not in reproduced.output
    named = build(IRIS, folder, "--srs", str(srs))
    assert named.output.splitlines()[-2] == f"written to {package}"
    other = folder / "other.srs"
    other.write_bytes(srs.read_bytes() + b"0")
    assert isinstance(run("reproduce", wanted, package, "--srs", other, *on_chain).exception, WrongSrsError)
    code = devnet.chain.w3.eth.get_code(circuit["verifier"])
    devnet.chain.w3.provider.make_request("anvil_setCode", [circuit["verifier"], Web3.to_hex(code[:-1])])
    changed = run("verify", wanted, package, *on_chain).exception
    assert isinstance(changed, ModelMismatchError)
    assert "code of the verifier" in str(changed)


def test_unknown_model_is_told(folder: Path, on_chain: list[str | Path]) -> None:
    assert isinstance(run("show", "0x" + "00" * 32, *on_chain).exception, UnknownModelError)


def test_error_that_is_not_accepted_is_refused(tmp_path: Path) -> None:
    error = build(IRIS, tmp_path, "--max-error", "0.000001").exception
    assert isinstance(error, NoCircuitError)
    assert "raise --max-error" in str(error)


@pytest.mark.parametrize(
    ("name", "values", "kind", "problem"),
    [
        ("determinant", 4, UnsupportedOperatorError, "operator Det"),
        ("two-inputs", 4, NetworkShapeError, "2 inputs"),
        ("two-outputs", 4, NetworkShapeError, "2 outputs"),
        ("open-shape", 4, NetworkShapeError, r"\['N', 4\]"),
        ("integers", 4, NetworkShapeError, r"tensor\(int64\)"),
        ("nan", 4, NotFiniteError, "sample 0"),
    ],
)
def test_unusable_network_is_refused(
    tmp_path: Path, name: str, values: int, kind: type[Exception], problem: str
) -> None:
    error: Any = build(REFUSED / f"{name}.onnx", tmp_path, values=FLOWERS_CM[:values]).exception
    with pytest.raises(kind, match=problem):
        raise error
