"""The deploy script deploys what the SDK deploys, and Ape's own build is the same code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ape import Contract
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ape.managers.project import LocalProject

from scripts.deploy import connected_chain, contract_type, deploy
from veritally.abi import load_artifact
from veritally.contract_table import CONTRACTS, ROUTES
from veritally.deployment import Deployment
from veritally.deployment_check import check_deployment
from veritally.plan import DeploymentSettings, make_plan
from veritally.routes import ROUTE_OF
from veritally.tiers import SETTLED_TIERS, Tier

ROOT = Path(__file__).resolve().parents[2]


def without_trailer(runtime: bytes) -> bytes:
    """Cuts what Ape cannot ask solc to leave out: INVALID, the CBOR metadata and its 2-byte length."""
    trailer_bytes = int.from_bytes(runtime[-2:]) + 2 + len(b"\xfe")
    return runtime[:-trailer_bytes]


def canonical(abi: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in abi)


@pytest.fixture(scope="module")
def built(project: LocalProject) -> dict[str, Any]:
    """Everything that Ape compiles now, as JSON; its own cache might be older than the contracts."""
    contracts = project.load_contracts(use_cache=False)
    return {name: contract.contract_type.model_dump(mode="json") for name, contract in contracts.items()}


@pytest.mark.parametrize("name", CONTRACTS)
def test_build_is_the_committed_one(built: dict[str, Any], name: str) -> None:
    committed = load_artifact(name)

    runtime = without_trailer(bytes.fromhex(built[name]["runtimeBytecode"]["bytecode"][2:]))
    abi = built[name]["abi"]

    assert runtime in bytes.fromhex(committed.bytecode[2:])
    assert canonical(abi) == canonical(committed.abi)


@pytest.mark.parametrize("tier", SETTLED_TIERS)
def test_deploy_opens_route(deployment: Deployment, tier: Tier) -> None:
    router: ContractInstance = Contract(deployment.router, contract_type=contract_type("VerifierRouter"))

    verifier, route_tier, gas_limit = router.resolve(ROUTE_OF[tier], 2)

    terms = ROUTES[tier]
    assert verifier == getattr(deployment, f"{tier.label}_verifier")
    assert route_tier == tier
    assert gas_limit == terms.group_gas + 2 * terms.receipt_gas


def test_addresses_are_those_of_the_sdk(deployment: Deployment, settings: DeploymentSettings) -> None:
    plan = make_plan(settings, deployment.chain_id)

    assert {name: planned.address for name, planned in plan.items()} == {
        name: contract.address for name, contract in deployment.contracts.items()
    }


def test_file_passes_the_check(deployment: Deployment, tmp_path: Path) -> None:
    deployment.save(tmp_path / "deployment.json")

    loaded = Deployment.load(tmp_path / "deployment.json")

    assert loaded == deployment
    assert [check for check in check_deployment(connected_chain(), loaded) if not check.ok] == []


def test_command_writes_the_file(tmp_path: Path) -> None:
    """Ape loads scripts in a way of its own, so the command runs as an operator runs it."""
    ape, output = Path(sys.executable).with_name("ape"), tmp_path / "deployment.json"
    command = [str(ape), "run", "deploy", "--network", "ethereum:local:foundry", "--output", str(output)]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert f"written to {output}" in run.stdout, run.stdout + run.stderr
    assert set(Deployment.load(output).routes) == {tier.label for tier in SETTLED_TIERS}


def test_second_run_changes_nothing(
    deployment: Deployment, deployer: AccountAPI, settings: DeploymentSettings
) -> None:
    nonce = deployer.nonce

    assert deploy(deployer, settings) == deployment

    assert deployer.nonce == nonce
