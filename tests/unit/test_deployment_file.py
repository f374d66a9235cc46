from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from deployments import ANYBODY, contract_at, make_deployment

from veritally.contract_table import CONSTRUCTORS
from veritally.deployment import DeployedContract, DeployedRoute, Deployment
from veritally.errors import DeploymentFileError

ROUTES = {"signed": DeployedRoute("0x01020304", "SignedVerifier", 200_000, 0, False)}
DEPLOYMENT = replace(make_deployment(), routes=ROUTES)

Content = dict[str, Any]


def written(path: Path, change: Callable[[Content], object]) -> Path:
    """A file that is right but for one change."""
    DEPLOYMENT.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    DEPLOYMENT.save(tmp_path / "deployment.json")
    assert Deployment.load(tmp_path / "deployment.json") == DEPLOYMENT


def test_first_block_is_the_lowest() -> None:
    blocks = {"Settlement": contract_at(ANYBODY, 9), "ModelRegistry": contract_at(ANYBODY, 7)}
    assert replace(DEPLOYMENT, contracts=blocks).first_block == 7


def test_named_addresses_are_those_of_their_contracts() -> None:
    each = {name: "0x" + f"{number:02x}" * 20 for number, name in enumerate(CONSTRUCTORS, 0x11)}
    deployment = make_deployment(**each)
    named = {
        "Settlement": deployment.settlement,
        "VerifierRouter": deployment.router,
        "ModelRegistry": deployment.model_registry,
        "EnclaveRegistry": deployment.enclave_registry,
        "PayAddressFactory": deployment.pay_address_factory,
        "SignedVerifier": deployment.signed_verifier,
        "TeeVerifier": deployment.tee_verifier,
        "ZkmlVerifier": deployment.zkml_verifier,
    }
    assert {name: address.lower() for name, address in named.items()} == {name: each[name] for name in named}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.pop("chain_id"), r"chain_id: Field required"),
        (lambda c: c.update(chain_id="1"), r"chain_id: Input should be a valid integer"),
        (lambda c: c.update(notes="x"), r"notes: Unexpected"),
        (
            lambda c: c["contracts"]["Settlement"].pop("block"),
            r"contracts\.Settlement\.block: Field required",
        ),
        (lambda c: c["contracts"]["Settlement"].update(block=-1), r"Settlement\.block: .*greater than"),
        (lambda c: c["contracts"]["Settlement"].update(extra=1), r"Settlement\.extra: Unexpected"),
        (
            lambda c: c["contracts"]["Settlement"].update(address="0x12"),
            r"Settlement\.address: .*no checksummed",
        ),
        (lambda c: c["contracts"]["Settlement"].update(runtime_hash="0x12"), r"runtime_hash: .*pattern"),
        (lambda c: c["contracts"]["Settlement"].update(salt="0x12"), r"salt: .*pattern"),
        (lambda c: c["contracts"]["Settlement"].update(status="fine"), r"status: .*'active' or 'stopped'"),
        (lambda c: c["contracts"]["Settlement"].update(constructor_arguments="zz"), r"arguments: .*pattern"),
        (lambda c: c["routes"]["signed"].update(id="0x12"), r"routes\.signed\.id: .*pattern"),
        (
            lambda c: c["routes"]["signed"].update(verifier="Nobody"),
            r"route signed to Nobody, which it does not",
        ),
        (lambda c: c["contracts"].pop("Settlement"), r"lacks the contract Settlement"),
        (
            lambda c: c["contracts"].update(Settlemint=c["contracts"]["Settlement"]),
            r"unknown contract Settlemint",
        ),
    ],
)
def test_wrong_file_says_where(tmp_path: Path, change: Callable[[Content], object], problem: str) -> None:
    path = written(tmp_path / "deployment.json", change)
    with pytest.raises(DeploymentFileError, match=problem):
        Deployment.load(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"[]", "the whole file"),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_no_deployment_at_all_is_a_clear_error(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "deployment.json"
    path.write_bytes(content)
    with pytest.raises(DeploymentFileError, match=problem):
        Deployment.load(path)


def test_missing_file_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(DeploymentFileError, match="does not exist; `veritally deploy`"):
        Deployment.load(tmp_path / "deployment.json")


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DeploymentFileError, match="cannot be read"):
        Deployment.load(tmp_path)


def test_every_field_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", text.split("## The file")[1]))
    for described in (Deployment, DeployedContract, DeployedRoute):
        assert {field.name for field in fields(described)} <= documented
