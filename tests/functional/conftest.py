"""One deployment on Ape's local chain, made by the deploy script."""

from __future__ import annotations

import pytest
from ape import Contract
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ape.managers.accounts import TestAccountManager

from scripts.deploy import contract_type, deploy
from veritally.contract_table import DEVELOPMENT_ROOT
from veritally.deployment import Deployment
from veritally.plan import DeploymentSettings


@pytest.fixture(scope="session")
def deployer(accounts: TestAccountManager) -> AccountAPI:
    return accounts[0]


@pytest.fixture(scope="session")
def prover(accounts: TestAccountManager) -> AccountAPI:
    return accounts[1]


@pytest.fixture(scope="session")
def settings(deployer: AccountAPI) -> DeploymentSettings:
    """All roles are the deployer's, and routes open at once."""
    return DeploymentSettings(deployer.address, deployer.address, 0, 0, DEVELOPMENT_ROOT)


@pytest.fixture(scope="module")
def deployment(deployer: AccountAPI, settings: DeploymentSettings) -> Deployment:
    return deploy(deployer, settings)


@pytest.fixture(scope="module")
def settlement(deployment: Deployment) -> ContractInstance:
    return Contract(deployment.settlement, contract_type=contract_type("Settlement"))
