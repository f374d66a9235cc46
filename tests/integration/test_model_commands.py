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
from prover.zkml.archive import package_folder, write_archive
from prover.zkml.built_package import BuiltPackage
from prover.zkml.ceremony import read_file_words
from prover.zkml.circuit import prepare_circuit
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
from prover.zkml.prove import prove
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
    options = ["--name", "iris", "--out", folder / "packages", "--cache", folder / "cache"]
    options += ["--batch-sizes", "1,4", *more]
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
def on_chain(devnet: Devnet, folder: Path) -> list[str | Path]:
    """The chain, as arguments of the commands."""
    devnet.deployment.save(folder / "deployment.json")
    return ["--rpc-url", devnet.rpc_url, "--deployment", folder / "deployment.json"]


@pytest.fixture
def owner(devnet: Devnet, folder: Path) -> list[str | Path]:
    """The owner's key, as arguments of the commands."""
    key = folder / "owner.key"
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(devnet.accounts.prover.key.hex())
    return ["--key-file", key, "--cache", folder / "cache"]


def model_id(devnet: Devnet, package: Path) -> str:
    owner, weights = devnet.accounts.prover.address, ModelPackage.load(package).weights_hash
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    return Web3.to_hex(registry.functions.modelIdOf(owner, weights).call())


def test_package_is_complete_and_named_by_its_id(package: Path) -> None:
    built = BuiltPackage.load(package)
    assert package.name == f"iris-{built.id[:16]}"
    assert built.manifest["development_srs"] is True
    assert [circuit["batch_size"] for circuit in built.circuits] == [1, 4]
    predicted = built.circuits[0]["predicted"]
    assert predicted in built.manifest["frontier"]
    assert predicted["verify_gas"] == min(item["verify_gas"] for item in built.manifest["frontier"])


def test_srs_file_and_verifier_have_the_same_secret(folder: Path, package: Path) -> None:
    logrows = ModelPackage.load(package).knobs.logrows
    words = read_file_words(folder / "cache" / "srs-development" / f"development-only-k{logrows}.srs")
    assert [f"0x{word:064x}" for word in words] == BuiltPackage.load(package).circuits[0]["srs"]["neg_s_g2"]


def test_second_build_gives_the_same_package(folder: Path, package: Path) -> None:
    result = build(IRIS, folder, "--tar")
    assert result.exit_code == 0, result.exception
    assert "proving key" not in result.output
    archive = folder / "packages" / f"{package.name}.tar"
    assert f"written to {archive}" in result.output
    assert {package, archive} == set((folder / "packages").iterdir())
    with package_folder(archive) as unpacked:
        assert BuiltPackage.load(unpacked).manifest == BuiltPackage.load(package).manifest


def test_changed_file_is_noticed(package: Path, tmp_path: Path) -> None:
    for name in ("circuits/1/vk.key", "circuits/4/accumulator.json", "network.onnx", "package.json"):
        copy = Path(shutil.copytree(package, tmp_path / Path(name).name / package.name))
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content.replace(b'"id": "', b'"id": "0') if name == "package.json" else b"")
        with pytest.raises(BuiltPackageError):
            BuiltPackage.load(copy)


def add_twin(devnet: Devnet, folder: Path, package: Path, model_id: bytes) -> None:
    """A circuit that claims the verifying key of the first one, and has other code."""
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    entry = devnet.chain.read(registry.functions.getCircuit(model_id, 0))._asdict()
    code = devnet.chain.w3.eth.get_code(entry["verifier"])
    twin = Web3.to_checksum_address("0x" + "77" * 20)
    devnet.chain.w3.provider.make_request("anvil_setCode", [twin, Web3.to_hex(code + b"\0")])
    circuit = prepare_circuit(ModelPackage.load(package), folder / "cache", print)
    made = prove(circuit, (1.0, 2.0, 3.0, 0.5), 120.0)
    add = registry.functions.addCircuit(model_id, entry | {"verifier": twin}, made.proof, made.instances)
    devnet.chain.send(add, devnet.accounts.prover)


def test_registered_model_is_shown_verified_and_reproduced(
    devnet: Devnet, folder: Path, package: Path, on_chain: list[str | Path], owner: list[str | Path]
) -> None:
    registered = run("register", package, *on_chain, *owner)
    assert registered.exit_code == 0, registered.exception
    wanted = model_id(devnet, package)
    circuits = json.loads(run("show", wanted, *on_chain).output)["circuits"]
    assert [circuit["batchSize"] for circuit in circuits] == [1, 4]
    assert {circuit["ezklVersion"] for circuit in circuits} == {"23.0.5"}
    assert all(int(circuit["accumulator"]["accumulator"], 16) for circuit in circuits)
    archive = folder / f"{package.name}.tar"
    write_archive(package, archive)
    verified = run("verify", wanted, archive, *on_chain)
    assert verified.exit_code == 0
    assert verified.output.count("code of the verifier") == 2
    assert verified.output.count("code of the accumulator") == 2
    files = [str(path) for path in (folder / "cache" / "srs-development").glob("*.srs")]
    options = [option for path in files for option in ("--srs", path)]
    reproduced = run("reproduce", wanted, package, *options, *on_chain)
    assert reproduced.exit_code == 0, reproduced.exception
    assert "MISMATCH" not in reproduced.output
    missing = run("reproduce", wanted, package, *options[:2], *on_chain).exception
    assert isinstance(missing, WrongSrsError)
    again = run("register", archive, *on_chain, *owner)
    assert again.exit_code == 0, again.exception
    assert "proving" not in again.output
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    add_twin(devnet, folder, package, bytes.fromhex(wanted[2:]))
    twin = run("verify", wanted, package, *on_chain).exception
    assert isinstance(twin, ModelMismatchError)
    assert "circuit 2: code of the verifier" in str(twin)
    devnet.chain.send(registry.functions.stopCircuit(wanted, 2), devnet.accounts.prover)
    assert run("verify", wanted, package, *on_chain).exit_code == 0
    addresses = {
        "verifier": circuits[1]["verifier"],
        "accumulator": circuits[1]["accumulator"]["accumulator"],
    }
    for what, address in addresses.items():
        code = devnet.chain.w3.eth.get_code(address)
        devnet.chain.w3.provider.make_request("anvil_setCode", [address, Web3.to_hex(code[:-1])])
        changed = run("verify", wanted, package, *on_chain).exception
        assert isinstance(changed, ModelMismatchError)
        assert f"circuit 1: code of the {what}" in str(changed)


def test_package_of_another_srs_is_not_registered(
    devnet: Devnet, tmp_path: Path, package: Path, on_chain: list[str | Path], owner: list[str | Path]
) -> None:
    error = run("register", package, *on_chain, *owner[:2], "--cache", tmp_path).exception
    assert isinstance(error, BuiltPackageError)
    assert f"it was built with another SRS than that in {tmp_path}" in str(error)
    assert isinstance(run("show", model_id(devnet, package), *on_chain).exception, UnknownModelError)


@pytest.mark.parametrize("sizes", ["4,16", "1,x", "1,4,4", "1,257", "0,1", ""])
def test_batch_sizes_that_are_none_are_refused(tmp_path: Path, sizes: str) -> None:
    result = build(IRIS, tmp_path, "--batch-sizes", sizes)
    assert result.exit_code == 2
    assert "such as 1,4,16" in " ".join(result.output.replace("│", " ").split())


def test_archive_that_is_none_is_refused(tmp_path: Path, on_chain: list[str | Path]) -> None:
    path = tmp_path / "package.tar"
    path.write_bytes(b"no archive")
    for command in (("verify", "0x" + "00" * 32, path), ("reproduce", "0x" + "00" * 32, path, "--srs", path)):
        error = run(*command, *on_chain).exception
        assert isinstance(error, BuiltPackageError)
        assert "cannot be unpacked" in str(error)


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
