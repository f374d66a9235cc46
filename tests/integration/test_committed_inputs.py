"""A served model whose circuit commits to its inputs: paid, settled, and checked by the client."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from prover_service import RunningService, run_service
from restoring import restored
from typer.testing import CliRunner
from web3 import Web3

from prover.catalogue import ServedModel
from prover.errors import EzklError, EzklFailedError, UnexpectedCommitmentError
from prover.zkml.commitment import as_felts, commit_words
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.prove import read_proof
from veritally.cli import app
from veritally.commitments import quantise
from veritally.devnet import Devnet
from veritally.errors import CommitmentUnavailableError, PackageMismatchError, ReceiptMismatchError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tests" / "vectors" / "zkml" / "committed"
INPUT = [round(random.Random(3).uniform(-1, 1), 3) for _ in range(64)]
TRANSACTION_GAS, ZERO_BYTE_GAS, BYTE_GAS = 21_000, 4, 16
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def service(devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with (
        restored(devnet),
        run_service(devnet, tmp_path_factory.mktemp("prover"), models=(PACKAGE,)) as running,
    ):
        yield running


@pytest.fixture
async def answer(service: RunningService, devnet: Devnet) -> dict[str, Any]:
    async with service.paying(devnet.accounts.payers[0]) as http:
        response = await http.post(service.infer_url("zkml", "committed"), json={"input": INPUT})
    content: dict[str, Any] = response.json()
    return content


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installed prover brings; the tests run from the source tree."""
    site = tmp_path / "site"
    info = site / "brings_commitments-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brings-commitments\nVersion: 1.0\n")
    entry = "[veritally.commitments]\npolycommit = prover.zkml.commitment:commit_words\n"
    (info / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(str(site))


def served(service: RunningService) -> ServedModel:
    return service.parts.catalogue.models["committed"]


def files_of(service: RunningService, folder: Path) -> list[str]:
    """A package as a client has it, with no proving key."""
    paths = served(service).circuit.paths
    package = folder / "package"
    (package / "circuits" / "1").mkdir(parents=True, exist_ok=True)
    for path in (paths.verifying_key, paths.settings):
        shutil.copy(path, package / "circuits" / "1")
    return ["--package", str(package), "--srs", str(paths.srs)]


def check(devnet: Devnet, folder: Path, answer: Any, *options: str, inputs: Any = INPUT) -> Any:
    """The error that `veritally receipt check` ends with."""
    devnet.deployment.save(folder / "deployment.json")
    (folder / "answer.json").write_text(json.dumps(answer))
    (folder / "request.json").write_text(json.dumps({"input": inputs}))
    arguments = ["receipt", "check", str(folder / "answer.json"), "--request", str(folder / "request.json")]
    arguments += ["--rpc-url", devnet.rpc_url, "--deployment", str(folder / "deployment.json"), *options]
    arguments += ["--model", answer["receipt"]["model_id"]]
    return CliRunner().invoke(app, arguments).exception


def change_commitment(answer: dict[str, Any]) -> None:
    proof = answer["evidence"]["proof"]
    answer["evidence"]["proof"] = proof[:2] + "00" * 64 + proof[130:]


def change_output(answer: dict[str, Any]) -> None:
    answer["evidence"]["instances"][0] = f"0x{1:064x}"


def cut_proof(answer: dict[str, Any]) -> None:
    answer["evidence"]["proof"] = "0x"


def change_request_hash(answer: dict[str, Any]) -> None:
    answer["receipt"]["request_hash"] = "0x" + "11" * 32


CHANGES: list[tuple[Change, str]] = [
    (change_commitment, "input commitment"),
    (cut_proof, "input commitment"),
    (change_output, "response hash"),
    (change_request_hash, "request hash"),
]


async def test_request_hash_is_of_the_proofs_commitment(
    service: RunningService, devnet: Devnet, answer: dict[str, Any]
) -> None:
    proof = bytes.fromhex(answer["evidence"]["proof"][2:])
    assert answer["receipt"]["request_hash"] == "0x" + keccak(proof[:64]).hex()
    assert len(answer["evidence"]["instances"]) == served(service).circuit.outputs == 3
    async with service.paying(devnet.accounts.payers[0]) as http:
        (model,) = (await http.get(f"{service.url}/v1/models")).json()["models"]
    assert model["circuit"]["request_hash"] == "input-commitment"
    assert model["circuit"]["input_words"] == 64


async def test_circuit_on_the_chain_says_that_it_commits(service: RunningService, devnet: Devnet) -> None:
    model = served(service)
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    entry = devnet.chain.read(registry.functions.getCircuit(model.model_id, model.registered.index))
    assert (entry.inputsCommitted, entry.batchSize, entry.inputs, entry.outputs) == (True, 1, 64, 3)


@pytest.mark.usefixtures("plugin")
async def test_answer_is_checked(
    service: RunningService, devnet: Devnet, tmp_path: Path, answer: dict[str, Any]
) -> None:
    files = files_of(service, tmp_path)
    assert check(devnet, tmp_path, answer, *files) is None
    for index in (0, 63):
        other = [*INPUT[:index], INPUT[index] + 0.01, *INPUT[index + 1 :]]
        error = check(devnet, tmp_path, answer, *files, inputs=other)
        assert isinstance(error, ReceiptMismatchError)
        assert "input commitment" in str(error)
        assert "request hash" in str(error)
    for change, problem in CHANGES:
        changed = json.loads(json.dumps(answer))
        change(changed)
        error = check(devnet, tmp_path, changed, *files)
        assert isinstance(error, ReceiptMismatchError)
        assert problem in str(error)


@pytest.mark.usefixtures("plugin")
async def test_files_of_another_circuit_are_not_trusted(
    service: RunningService, devnet: Devnet, tmp_path: Path, answer: dict[str, Any]
) -> None:
    files = files_of(service, tmp_path)
    srs = Path(files[3])
    broken = tmp_path / "broken.srs"
    broken.write_bytes(srs.read_bytes()[:-1])
    assert isinstance(check(devnet, tmp_path, answer, *files[:3], str(broken)), EzklError)
    key = tmp_path / "package" / "circuits" / "1" / "vk.key"
    content = key.read_bytes()
    key.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert isinstance(check(devnet, tmp_path, answer, *files), PackageMismatchError)
    key.unlink()
    error = check(devnet, tmp_path, answer, *files)
    assert isinstance(error, CommitmentUnavailableError)
    assert "vk.key cannot be read" in str(error)


async def test_what_is_missing_is_told(
    service: RunningService, devnet: Devnet, tmp_path: Path, answer: dict[str, Any]
) -> None:
    files = files_of(service, tmp_path)
    for options, problem in (([], "neither"), (files[:2], "only one"), (files[2:], "only one")):
        error = check(devnet, tmp_path, answer, *options)
        assert isinstance(error, CommitmentUnavailableError)
        assert problem in str(error)
        assert "give --package with the model's package" in str(error)


def test_proof_about_other_inputs_is_refused(service: RunningService, tmp_path: Path) -> None:
    circuit = served(service).circuit
    asked = [*INPUT[:-1], -INPUT[-1]]
    arguments = {name: str(path) for name, path in asdict(circuit.paths).items()} | {
        "inputs": INPUT,
        "folder": str(tmp_path),
        "committed_words": as_felts(quantise(asked, circuit.input_scale)),
    }
    result = run_ezkl(Stage.PROVE, arguments, 120.0)
    with pytest.raises(UnexpectedCommitmentError):
        read_proof(circuit, [asked], 1, result)


def test_inputs_that_do_not_fit_one_column_are_refused(service: RunningService) -> None:
    paths = served(service).circuit.paths
    with pytest.raises(EzklFailedError, match="5000 inputs need 2 commitments"):
        commit_words(paths.settings.parent, paths.srs, [0] * 5000)


async def test_gas_is_as_predicted(service: RunningService, devnet: Devnet, answer: dict[str, Any]) -> None:
    model = served(service)
    contract = devnet.chain.w3.eth.contract(
        address=Web3.to_checksum_address(model.registered.verifier), abi=model.circuit.verifier_abi
    )
    instances = [int(word, 16) for word in answer["evidence"]["instances"]]
    call = contract.functions.verifyProof(answer["evidence"]["proof"], instances)
    receipt = devnet.chain.send(call, devnet.accounts.deployer, gas=3_000_000)
    data = Web3.to_bytes(hexstr=call._encode_transaction_data())
    calldata_gas = sum(BYTE_GAS if byte else ZERO_BYTE_GAS for byte in data)
    used = receipt["gasUsed"] - TRANSACTION_GAS - calldata_gas
    assert used == pytest.approx(model.circuit.predicted_verify_gas, rel=0.03)
