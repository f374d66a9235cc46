"""Deploys our contracts and adds the routes. Running it again finishes what is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import Contract
from web3.types import TxParams

from veritally.abi import load_artifact
from veritally.chain import Chain
from veritally.contract_table import ROUTES
from veritally.create2 import Sender, as_hex, block_of, code_hash, create, is_present, require_deployer
from veritally.deployment import DeployedContract, DeployedRoute, Deployment, Status
from veritally.errors import RouteTakenError
from veritally.plan import DeploymentSettings, Plan, PlannedContract, make_plan
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier


@dataclass(frozen=True)
class MissingRoute:
    """A route that the router's owner has yet to add, and the calldata that adds it."""

    tier: Tier
    router: str
    data: bytes


def _silent(_line: str) -> None:
    """The default for `progress`: says nothing."""


def deploy_contracts(
    chain: Chain,
    sender: Sender,
    settings: DeploymentSettings,
    progress: Callable[[str], None] = _silent,
) -> Deployment:
    """Deploys what is missing of our contracts, and adds the missing routes when `sender` owns the router.

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
        present = {name: is_present(chain, planned) for name, planned in plan.contracts.items()}
        stopped = _check_routes(chain, plan) if present["VerifierRouter"] else set()
        contracts = {}
        for name, planned in plan.contracts.items():
            block = block_of(chain, planned) if present[name] else create(chain, sender, planned)
            was_done = "is there since" if present[name] else "created in"
            progress(f"{name} {planned.address} {was_done} block {block}")
            status: Status = "stopped" if name in stopped else "active"
            contracts[name] = _record(chain, planned, block, status)
        deployment = _describe(chain, settings, plan, contracts)
        _add_routes(chain, sender, deployment, progress)
    return deployment


def predict(chain: Chain, settings: DeploymentSettings) -> dict[str, tuple[ChecksumAddress, bool]]:
    """Address of each contract, and whether it is there already. Sends nothing; see `deploy_contracts`."""
    plan = make_plan(settings, chain.chain_id)
    with chain.explained("predicting"):
        require_deployer(chain)
        return {name: (item.address, is_present(chain, item)) for name, item in plan.contracts.items()}


def missing_routes(chain: Chain, deployment: Deployment) -> list[MissingRoute]:
    """The routes of the deployment that nobody has added yet."""
    router = router_at(chain, deployment.router)
    missing = []
    for tier, terms in ROUTES.items():
        if terms.verifier not in deployment.contracts or _route_entry(router, tier).activeFrom:
            continue
        verifier = deployment.address_of(terms.verifier)
        arguments = (ROUTE_OF[tier], verifier, terms.group_gas, terms.receipt_gas)
        missing.append(
            MissingRoute(tier, router.address, bytes(HexBytes(router.encode_abi("add", arguments))))
        )
    return missing


def router_at(chain: Chain, address: str) -> Contract:
    """The router, whose structs are decoded to named tuples."""
    abi = load_artifact("VerifierRouter").abi
    return chain.w3.eth.contract(address=cast(ChecksumAddress, address), abi=abi, decode_tuples=True)


def _check_routes(chain: Chain, plan: Plan) -> set[str]:
    """Requires that the routes there are lead where they should; names the verifiers of stopped ones."""
    router, stopped = router_at(chain, plan.contracts["VerifierRouter"].address), set()
    for tier, terms in ROUTES.items():
        entry = _route_entry(router, tier)
        if entry.activeFrom == 0 or terms.verifier not in plan.contracts:
            continue
        wanted = (plan.contracts[terms.verifier].address, terms.group_gas, terms.receipt_gas)
        found = (entry.verifier, entry.groupGas, entry.receiptGas)
        if wanted != found:
            raise RouteTakenError(as_hex(ROUTE_OF[tier]), _terms(wanted), _terms(found))
        if entry.stopped:
            stopped.add(terms.verifier)
    return stopped


def _add_routes(
    chain: Chain, sender: Sender, deployment: Deployment, progress: Callable[[str], None]
) -> None:
    router = router_at(chain, deployment.router)
    if router.functions.owner().call() != sender.address:
        return
    for route in missing_routes(chain, deployment):
        what = f"adding the route {route.tier.label}"
        with chain.explained(what, router.abi):  # tried first: tells the reason when it would revert
            call: TxParams = {
                "from": cast(ChecksumAddress, sender.address),
                "to": router.address,
                "data": HexBytes(route.data),
            }
            chain.w3.eth.call(call)
        sender.send(what, router.address, route.data)
        progress(f"route {route.tier.label} added, usable after {deployment.route_delay_s} s")


def _route_entry(router: Contract, tier: Tier) -> Any:
    return router.functions.getRoute(ROUTE_OF[tier]).call()


def _record(chain: Chain, planned: PlannedContract, block: int, status: Status) -> DeployedContract:
    return DeployedContract(
        address=planned.address,
        block=block,
        salt=as_hex(planned.salt),
        constructor_arguments=as_hex(planned.constructor_arguments),
        creation_code_hash=as_hex(keccak(planned.creation_code)),
        runtime_hash=code_hash(chain, planned.address),
        status=status,
    )


def _describe(
    chain: Chain, settings: DeploymentSettings, plan: Plan, contracts: Mapping[str, DeployedContract]
) -> Deployment:
    factory = chain.contract("PayAddressFactory", contracts["PayAddressFactory"].address)
    routes = {
        tier.label: DeployedRoute(as_hex(ROUTE_OF[tier]), terms.verifier, terms.group_gas, terms.receipt_gas)
        for tier, terms in ROUTES.items()
        if terms.verifier in contracts
    }
    return Deployment(
        chain_id=chain.chain_id,
        owner=settings.owner,
        guardian=settings.guardian,
        route_delay_s=settings.route_delay_s,
        pay_address_implementation=factory.functions.IMPLEMENTATION().call(),
        contracts=dict(contracts),
        routes=routes,
        left_out=plan.left_out,
    )


def _terms(terms: tuple[str, int, int]) -> str:
    verifier, group_gas, receipt_gas = terms
    return f"{verifier} with {group_gas} gas and {receipt_gas} more per receipt"
