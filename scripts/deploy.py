"""Deploys the contracts with Ape: `ape run deploy --network ethereum:local:foundry`.

What is deployed is the committed bytecode of `veritally/abi`, the same that the SDK deploys. Ape's own build
of the contracts runs the same code but carries a metadata trailer, which Ape cannot switch off; the
functional tests compare the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape import accounts, chain, networks
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option
from ape.contracts import ContractContainer, ContractInstance
from ethpm_types import ContractType

from veritally.abi import load_artifact
from veritally.deploy import ROUTE_GAS
from veritally.deployment import Deployment
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

DEPLOYMENTS = Path(__file__).resolve().parent.parent / "deployments"


def contract_type(name: str) -> ContractType:
    """Ape's description of one of our contracts, with the committed bytecode."""
    artifact = load_artifact(name)
    return ContractType.model_validate(
        {"contractName": name, "abi": artifact.abi, "deploymentBytecode": {"bytecode": artifact.bytecode}}
    )


def deploy(account: AccountAPI, *, development_root: str, guardian: str, route_delay_s: int) -> Deployment:
    """Deploys our contracts from `account`, which becomes the router's owner, and adds a route for each tier.

    Args:
        account: Pays for and signs every transaction.
        development_root: Address whose signature admits enclave keys.
        guardian: Address that may stop a route besides the owner.
        route_delay_s: Seconds between adding a route and its first use; 0 opens the routes at once.

    Raises:
        ape.exceptions.ContractLogicError: a constructor or a call reverts, for example on a chain that is no
            development chain.
    """

    def new(name: str, *args: Any) -> ContractInstance:
        return account.deploy(ContractContainer(contract_type(name)), *args)

    first_block = chain.blocks.head.number + 1
    factory = new("PayAddressFactory")
    router = new("VerifierRouter", account, guardian, route_delay_s)
    models = new("ModelRegistry")
    enclaves = new("EnclaveRegistry", development_root)
    verifiers = {
        Tier.SIGNED: new("SignedVerifier"),
        Tier.TEE: new("TeeVerifier", enclaves),
        Tier.ZKML: new("ZkmlVerifier", models),
    }
    settlement = new("Settlement", router, factory)
    for tier, verifier in verifiers.items():
        router.add(ROUTE_OF[tier], verifier, *ROUTE_GAS[tier], sender=account)
    return Deployment(
        chain_id=chain.chain_id,
        first_block=first_block,
        settlement=settlement.address,
        router=router.address,
        model_registry=models.address,
        enclave_registry=enclaves.address,
        pay_address_factory=factory.address,
        pay_address_implementation=factory.IMPLEMENTATION(),
        signed_verifier=verifiers[Tier.SIGNED].address,
        tee_verifier=verifiers[Tier.TEE].address,
        zkml_verifier=verifiers[Tier.ZKML].address,
    )


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)  # type: ignore[untyped-decorator]  # Ape is not in the environment of mypy
@click.option("--development-root", help="Address that admits enclave keys; the deployer when not given.")
@click.option(
    "--guardian", help="Address that may stop routes besides the owner; the deployer when not given."
)
@click.option(
    "--route-delay-s", default=0, show_default=True, help="Seconds before an added route may be used."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; deployments/<chain id>.json when not given.",
)
def cli(
    account: AccountAPI | None,
    development_root: str | None,
    guardian: str | None,
    route_delay_s: int,
    output: Path | None,
) -> None:
    """Deploys all contracts and writes their addresses to a deployment file."""
    deployer = account or _test_account()
    deployment = deploy(
        deployer,
        development_root=development_root or deployer.address,
        guardian=guardian or deployer.address,
        route_delay_s=route_delay_s,
    )
    path = output or DEPLOYMENTS / f"{deployment.chain_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    deployment.save(path)
    click.echo(f"Settlement {deployment.settlement} on chain {deployment.chain_id}; written to {path}")


def _test_account() -> AccountAPI:
    """The first test account, on a development network only."""
    if not networks.provider.network.is_dev:
        raise click.UsageError("name the account that pays: --account ALIAS (`ape accounts list` shows them)")
    return accounts.test_accounts[0]
