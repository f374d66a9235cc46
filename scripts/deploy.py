"""Deploys the contracts with Ape: `ape run deploy --network ethereum:local:foundry`.

It deploys what `veritally deploy` deploys, by the same table and at the same addresses; only the
transactions are Ape's. Ape's own build of the contracts runs the same code but carries a metadata trailer,
which Ape cannot switch off; the functional tests compare the two.
"""

from __future__ import annotations

from pathlib import Path

import click
from ape import accounts, networks
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option
from ape.exceptions import ApeException
from ethpm_types import ContractType

from veritally.abi import load_artifact
from veritally.chain import Chain
from veritally.contract_table import DEVELOPMENT_CHAIN_IDS, DEVELOPMENT_ROOT
from veritally.deploy import deploy_contracts
from veritally.deployment import DEPLOYMENTS_FOLDER, Deployment
from veritally.errors import TransactionFailedError, VeritallyError
from veritally.plan import DeploymentSettings
from veritally.route_setup import missing_routes


def contract_type(name: str) -> ContractType:
    """Ape's description of one of our contracts, with the committed bytecode."""
    artifact = load_artifact(name)
    return ContractType.model_validate(
        {"contractName": name, "abi": artifact.abi, "deploymentBytecode": {"bytecode": artifact.bytecode}}
    )


class ApeSender:
    """Signs with an account of Ape's."""

    def __init__(self, account: AccountAPI) -> None:
        self._account = account

    @property
    def address(self) -> str:
        """Checksummed address of the account."""
        return str(self._account.address)

    def send(self, what: str, to: str, data: bytes) -> int:
        """Sends calldata, waits until it is mined and returns the block number.

        Raises:
            TransactionFailedError: it reverts, or Ape cannot send it.
        """
        try:
            return int(self._account.transfer(to, 0, data=data).block_number)
        except ApeException as error:
            raise TransactionFailedError(what, str(error)) from None


def connected_chain() -> Chain:
    """The chain that Ape is connected to."""
    return Chain(w3=networks.provider.web3, chain_id=networks.provider.chain_id)


def deploy(account: AccountAPI, settings: DeploymentSettings) -> Deployment:
    """Deploys our contracts and, when `account` is the owner, adds the routes. See `deploy_contracts`."""
    return deploy_contracts(connected_chain(), ApeSender(account), settings, click.echo)


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)  # type: ignore[untyped-decorator]  # Ape is not in the environment of mypy
@click.option("--owner", help="Owner of the router; the deployer when not given.")
@click.option("--guardian", help="May stop routes besides the owner; the deployer when not given.")
@click.option("--development-root", help="SHA-256 of a software root, on development chains; the public one.")
@click.option(
    "--route-delay-s", default=0, show_default=True, help="Seconds before an added route may be activated."
)
@click.option(
    "--measurement-delay-s",
    default=0,
    show_default=True,
    help="Seconds before an accepted measurement counts.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; veritally/deployments/<chain id>.json when not given.",
)
def cli(
    account: AccountAPI | None,
    owner: str | None,
    guardian: str | None,
    development_root: str | None,
    route_delay_s: int,
    measurement_delay_s: int,
    output: Path | None,
) -> None:
    """Deploys all contracts and writes their addresses to a deployment file."""
    deployer = account or _test_account()
    anybody = str(deployer.address)
    try:
        settings = DeploymentSettings(
            owner or anybody,
            guardian or anybody,
            route_delay_s,
            measurement_delay_s,
            development_root or _public_root(),
        )
        deployment = deploy(deployer, settings)
    except VeritallyError as error:
        raise click.ClickException(str(error)) from None
    path = output or DEPLOYMENTS_FOLDER / f"{deployment.chain_id}.json"
    deployment.save(path)
    click.echo(f"written to {path}")
    for route in missing_routes(connected_chain(), deployment):
        click.echo(f"route {route.tier.label} is missing: {deployment.owner} must add it")


def _public_root() -> str | None:
    """The software root whose keys everybody knows, on development chains only."""
    return DEVELOPMENT_ROOT if networks.provider.chain_id in DEVELOPMENT_CHAIN_IDS else None


def _test_account() -> AccountAPI:
    """The first test account, on a development network only."""
    if not networks.provider.network.is_dev:
        raise click.UsageError("name the account that pays: --account ALIAS (`ape accounts list` shows them)")
    return accounts.test_accounts[0]
