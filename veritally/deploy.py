"""Deploys our contracts and opens the routes. Running it again finishes what is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from veritally.chain import Chain
from veritally.contract_table import ROUTES
from veritally.create2 import Sender, as_hex, block_of, code_hash, create, is_present, require_deployer
from veritally.deployment import DeployedContract, DeployedRoute, Deployment, Status
from veritally.plan import DeploymentSettings, PlannedContract, make_plan
from veritally.route_setup import open_routes, require_right_routes, verifier_statuses
from veritally.routes import ROUTE_OF


def _silent(_line: str) -> None:
    """The default for `progress`: says nothing."""


def deploy_contracts(
    chain: Chain,
    sender: Sender,
    settings: DeploymentSettings,
    progress: Callable[[str], None] = _silent,
) -> Deployment:
    """Deploys what is missing of our contracts and opens the routes, as far as `sender` may and time allows.

    Everything that is on the chain already is checked before the first transaction is sent.

    Args:
        chain: Where to deploy.
        sender: Pays for and signs every transaction.
        settings: What the addresses depend on besides the code.
        progress: Is called with one line for each contract and route.

    Raises:
        DeployerMissingError: the chain lacks the CREATE2 deployer.
        WrongCodeError: another code stands at the address of a contract.
        RouteTakenError: a route leads elsewhere.
        UnknownBlockError: a contract is there already and the node has forgotten since when.
        TransactionFailedError: a constructor or a call reverts, or the node refuses a request.
        ChainUnreachableError: the node does not answer any more.
    """
    plan = make_plan(settings, chain.chain_id)
    with chain.explained("deploying"):
        require_deployer(chain)
        present = {name: is_present(chain, planned) for name, planned in plan.items()}
        if present["VerifierRouter"]:
            require_right_routes(chain, plan)
        contracts = {}
        for name, planned in plan.items():
            block = block_of(chain, planned) if present[name] else create(chain, sender, planned)
            was_done = "is there since" if present[name] else "created in"
            progress(f"{name} {planned.address} {was_done} block {block}")
            contracts[name] = _record(chain, planned, block)
        deployment = _describe(chain, settings, contracts)
        open_routes(chain, sender, deployment, progress)
        return _with_statuses(deployment, verifier_statuses(chain, deployment))


def predict(chain: Chain, settings: DeploymentSettings) -> dict[str, tuple[ChecksumAddress, bool]]:
    """Address of each contract, and whether it is there already. Sends nothing; see `deploy_contracts`."""
    plan = make_plan(settings, chain.chain_id)
    with chain.explained("predicting"):
        require_deployer(chain)
        return {name: (item.address, is_present(chain, item)) for name, item in plan.items()}


def _record(chain: Chain, planned: PlannedContract, block: int) -> DeployedContract:
    return DeployedContract(
        address=planned.address,
        block=block,
        salt=as_hex(planned.salt),
        constructor_arguments=as_hex(planned.constructor_arguments),
        creation_code_hash=as_hex(keccak(planned.creation_code)),
        runtime_hash=code_hash(chain, planned.address),
        status="active",
    )


def _describe(
    chain: Chain, settings: DeploymentSettings, contracts: Mapping[str, DeployedContract]
) -> Deployment:
    factory = chain.contract("PayAddressFactory", contracts["PayAddressFactory"].address)
    routes = {
        tier.label: DeployedRoute(
            as_hex(ROUTE_OF[tier]), terms.verifier, terms.group_gas, terms.receipt_gas, terms.deterministic
        )
        for tier, terms in ROUTES.items()
    }
    return Deployment(
        chain_id=chain.chain_id,
        owner=settings.owner,
        guardian=settings.guardian,
        route_delay_s=settings.route_delay_s,
        measurement_delay_s=settings.measurement_delay_s,
        pay_address_implementation=factory.functions.IMPLEMENTATION().call(),
        contracts=dict(contracts),
        routes=routes,
    )


def _with_statuses(deployment: Deployment, statuses: Mapping[str, Status]) -> Deployment:
    changed = {name: replace(deployment.contracts[name], status=word) for name, word in statuses.items()}
    return replace(deployment, contracts={**deployment.contracts, **changed})
