"""What proving must refuse, and what it must not lose: real ezkl, real limits, real damage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from web3.exceptions import ContractLogicError

from prover.errors import CorruptSrsError, EzklFailedError
from prover.settings import MODELS_DIRECTORY
from prover.zkml import ezkl_process
from prover.zkml import prove as proving
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.errors import DamagedCircuitError, DiskFullError, EzklMemoryError, SrsFileError
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.package import ModelPackage
from prover.zkml.prove import prove
from prover.zkml.srs import open_srs
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import find_anvil, run_anvil

PACKAGE = ModelPackage.load(MODELS_DIRECTORY / "iris")
SETOSA_CM = (5.1, 3.5, 1.4, 0.2)
TIMEOUT_S = 120.0
ALL_STEPS = ["network", "settings", "compiled model", "proving key", "verifier source", "verifier bytecode"]
MADE_BY = {
    "network.onnx": ["network"],
    "settings.json": ["settings"],
    "model.compiled": ["compiled model"],
    "vk.key": ["proving key"],
    "pk.key": ["proving key"],
    "verifier.sol": ["verifier source"],
    "verifier.json": ["verifier bytecode"],
}
TAMPERING_CHILD = """
import json, sys
from pathlib import Path
import ezkl
honest = ezkl.gen_witness
def tampered(data, model, output, **more):
    made = honest(data, model, output, **more)
    witness = json.loads(Path(output).read_text())
    witness["outputs"][0][0] = (5).to_bytes(32, "little").hex()
    Path(output).write_text(json.dumps(witness))
    return made
ezkl.gen_witness = tampered
from prover.zkml.ezkl_child import main
main()
"""
VERIFY = """
import os, sys, ezkl
proof, settings, key, srs = sys.argv[1:]
print(ezkl.verify(proof, settings, key, srs_path=srs, reduced_srs=False), end="", flush=True)
os._exit(0)
"""


def prepare(package: ModelPackage, folder: Path) -> tuple[Circuit, list[str]]:
    """The circuit, and the steps that were done for it."""
    told: list[str] = []
    circuit = prepare_circuit(package, folder, told.append)
    return circuit, [line.removeprefix("circuit iris: ").split(" … ")[0] for line in told]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the circuit."""
    folder = tmp_path_factory.mktemp("cache")
    prepare(PACKAGE, folder)
    return folder


@pytest.fixture
def cache_dir(made: Path, tmp_path: Path) -> Path:
    """A cache with the circuit, to be damaged."""
    return shutil.copytree(made, tmp_path / "cache")


@pytest.fixture
def circuit(cache_dir: Path) -> Circuit:
    return prepare(PACKAGE, cache_dir)[0]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file that this process and its children write may become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_proof_of_a_tampered_output_is_never_returned(
    circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ezkl proves the tampered witness without a word."""
    (tmp_path / "tampering_child.py").write_text(TAMPERING_CHILD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(ezkl_process, "CHILD_MODULE", "tampering_child")
    with pytest.raises(EzklFailedError, match=r"'prove' failed after .* Failed to run verify"):
        prove(circuit, SETOSA_CM, TIMEOUT_S)


def test_proof_with_too_little_memory_is_told(circuit: Circuit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "ADDRESS_SPACE_BYTES", 2**27)
    poor = dataclasses.replace(circuit, estimated_prove_memory_bytes=1)
    with pytest.raises(EzklMemoryError, match=r"'prove' needs more than 128 MB; free memory"):
        prove(poor, SETOSA_CM, TIMEOUT_S)


def test_too_few_rows_are_told(tmp_path: Path) -> None:
    """A small circuit for a network that needs far more rows."""
    network = Path(__file__).parents[1] / "vectors" / "zkml" / "networks" / "mlp10k.onnx"
    names = ("settings.json", "model", "srs", "vk", "pk")
    settings, model, srs, vk, pk = (str(tmp_path / name) for name in names)
    knobs = {**msgspec.to_builtins(PACKAGE.knobs), "logrows": 6, "decomp_base": 16, "decomp_legs": 6}
    run_ezkl(Stage.SETTINGS, {"network": str(network), "output": settings, "knobs": knobs}, TIMEOUT_S)
    run_ezkl(Stage.COMPILE, {"network": str(network), "settings": settings, "output": model}, TIMEOUT_S)
    run_ezkl(Stage.DEVELOPMENT_SRS, {"output": srs, "logrows": 6}, TIMEOUT_S)
    arguments = {"compiled": model, "srs": srs, "verifying_key": vk, "proving_key": pk}
    with pytest.raises(EzklFailedError, match="k = 6 is too small for the given circuit"):
        run_ezkl(Stage.SETUP, arguments, TIMEOUT_S)
    assert not Path(pk).exists()


@pytest.mark.parametrize(
    ("size", "first"),
    [(500, "development SRS"), (2**17, "development SRS"), (2**18 + 2**16 + 300, "proving key")],
)
def test_full_disk_is_told_and_nothing_is_lost(tmp_path: Path, size: int, first: str) -> None:
    with (
        file_size_limit(size),
        pytest.raises(DiskFullError, match="the disk is full; free some room and run the command again"),
    ):
        prepare(PACKAGE, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.name.startswith("making-")] == []
    assert list(tmp_path.rglob("pk.key")) == []
    done = prepare(PACKAGE, tmp_path)[1]
    assert done == ["development SRS", *ALL_STEPS][["development SRS", *ALL_STEPS].index(first) :]


@pytest.mark.parametrize("size", [100, 2_000, len(PACKAGE.network)])
def test_full_disk_in_the_middle_of_a_build(made: Path, tmp_path: Path, size: int) -> None:
    """The SRS is there; network or settings find no room. ezkl writes half of these without a word."""
    shutil.copytree(made / "srs-development", tmp_path / "srs-development")
    with file_size_limit(size), pytest.raises(DiskFullError):
        prepare(PACKAGE, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.name.startswith("making-")] == []
    assert prepare(PACKAGE, tmp_path)[1] == ALL_STEPS[0 if size < len(PACKAGE.network) else 1 :]


def test_full_disk_while_proving_is_told(
    circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with file_size_limit(300), pytest.raises(DiskFullError, match="'prove': the disk is full"):
        prove(circuit, SETOSA_CM, TIMEOUT_S)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    prove(circuit, SETOSA_CM, TIMEOUT_S)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1], lambda content: b"", lambda content: content + b"x"]
)
@pytest.mark.parametrize("file", MADE_BY)
def test_damaged_file_is_made_again_and_no_other(
    cache_dir: Path, circuit: Circuit, file: str, damage: Callable[[bytes], bytes]
) -> None:
    path = circuit.paths.settings.parent / file
    path.write_bytes(damage(path.read_bytes()))
    proving_key_made_at = circuit.paths.proving_key.stat().st_mtime_ns
    again, steps = prepare(PACKAGE, cache_dir)
    assert steps == MADE_BY[file] or (file == "model.compiled" and steps == ALL_STEPS[2:4])
    assert again == circuit
    if "proving key" not in steps:
        assert circuit.paths.proving_key.stat().st_mtime_ns == proving_key_made_at


@pytest.mark.parametrize("name", ["settings", "compiled", "verifying_key", "proving_key"])
@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b""])
def test_file_that_was_damaged_after_the_start_is_named(
    circuit: Circuit, name: str, damage: Callable[[bytes], bytes]
) -> None:
    path: Path = getattr(circuit.paths, name)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        DamagedCircuitError, match=rf"damaged on disk \(.*{path.name}\); start the program again"
    ):
        prove(circuit, SETOSA_CM, TIMEOUT_S)


def test_srs_that_was_damaged_after_the_start_is_named(circuit: Circuit) -> None:
    content = circuit.paths.srs.read_bytes()
    middle = len(content) // 2
    for damaged in (
        content[:middle],
        content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    ):
        circuit.paths.srs.write_bytes(damaged)
        with pytest.raises(CorruptSrsError, match="has changed; restore it"):
            prove(circuit, SETOSA_CM, TIMEOUT_S)


def test_truncated_srs_of_somebody_else_is_refused(circuit: Circuit, tmp_path: Path) -> None:
    cut = tmp_path / "cut.srs"
    cut.write_bytes(circuit.paths.srs.read_bytes()[:-1])
    with pytest.raises(SrsFileError, match="bytes are no SRS; fetch the file again"):
        open_srs(cut, circuit.logrows)


def test_keys_are_kept_by_content(
    cache_dir: Path, circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same network and SRS in other places are the same circuit."""
    moved = tmp_path / "moved.onnx"
    moved.write_bytes(PACKAGE.network)
    srs = tmp_path / "moved.srs"
    shutil.copy(circuit.paths.srs, srs)
    monkeypatch.setattr(sys, "executable", "no such program")  # no child can start
    package = dataclasses.replace(PACKAGE, onnx=moved)
    again = prepare_circuit(package, cache_dir, print, open_srs(srs, circuit.logrows))
    assert again.paths.proving_key == circuit.paths.proving_key
    assert again.vk_sha256 == circuit.vk_sha256


@pytest.fixture(scope="module")
def circuits(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Circuit]:
    """The circuit, one with another SRS, and one with another weight. All have as many instances."""
    own, _ = prepare(PACKAGE, made)
    other = tmp_path_factory.mktemp("srs") / "other.srs"
    run_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(other), "logrows": own.logrows}, TIMEOUT_S)
    of_srs = prepare_circuit(PACKAGE, made, print, open_srs(other, own.logrows))
    of_network, steps = prepare(other_weights(other.parent), made)
    assert steps == ALL_STEPS
    return {"own": own, "another SRS": of_srs, "another model": of_network}


def test_another_srs_or_network_has_other_keys(circuits: dict[str, Circuit]) -> None:
    assert len({item.paths.proving_key for item in circuits.values()}) == 3
    assert len({item.vk_sha256 for item in circuits.values()}) == 3


@pytest.mark.parametrize("foreign", ["another SRS", "another model"])
def test_proof_of_another_circuit_is_refused_by_verify(
    circuits: dict[str, Circuit], foreign: str, tmp_path: Path
) -> None:
    for maker, accepted in (("own", True), (foreign, False)):
        made = prove(circuits[maker], SETOSA_CM, TIMEOUT_S)
        file = tmp_path / "proof.json"
        words = [word.to_bytes(32, "little").hex() for word in made.instances]
        content = {"protocol": None, "instances": [words], "proof": list(made.proof), "hex_proof": None}
        file.write_text(json.dumps(content | {"split": None, "timestamp": None, "version": None}))
        paths = circuits["own"].paths
        arguments = [file, paths.settings, paths.verifying_key, paths.srs]
        ended = subprocess.run(
            [sys.executable, "-c", VERIFY, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert ended.stdout == ("True" if accepted else "")
        assert accepted or "Failed to run verify" in ended.stderr


@pytest.mark.parametrize("foreign", ["another SRS", "another model"])
def test_proof_of_another_circuit_is_refused_on_chain(
    circuits: dict[str, Circuit], foreign: str, chain: Chain
) -> None:
    artifact = Artifact(
        "verifier", circuits["own"].verifier_abi, f"0x{circuits['own'].verifier_bytecode.hex()}"
    )
    address = chain.deploy(artifact, account=Accounts.derive().deployer)
    verifier = chain.w3.eth.contract(address=address, abi=circuits["own"].verifier_abi)
    own, other = (prove(circuits[maker], SETOSA_CM, TIMEOUT_S) for maker in ("own", foreign))
    assert verifier.functions.verifyProof(own.proof, list(own.instances)).call()
    with pytest.raises(ContractLogicError):
        verifier.functions.verifyProof(other.proof, list(other.instances)).call()


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with run_anvil(find_anvil(Path(__file__).resolve().parents[2])) as node:
        yield Chain.connect(node.rpc_url)


def other_weights(folder: Path) -> ModelPackage:
    """The package with one weight changed."""
    weight = bytes.fromhex("c71d0fc1")
    assert PACKAGE.network.count(weight) == 1
    network = PACKAGE.network.replace(weight, bytes.fromhex("c71d1fc1"))
    onnx = folder / "other.onnx"
    onnx.write_bytes(network)
    return dataclasses.replace(
        PACKAGE, onnx=onnx, network=network, weights_hash=hashlib.sha256(network).digest()
    )
