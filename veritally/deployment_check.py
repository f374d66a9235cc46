"""Compares a chain with a deployment file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_utils.crypto import keccak

from veritally.chain import Chain
from veritally.contract_table import ROUTES
from veritally.create2 import as_hex, code_hash
from veritally.deploy import router_at
from veritally.deployment import DeployedContract, DeployedRoute, Deployment
from veritally.plan import create2_address, creation_code
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier


@dataclass(frozen=True)
class Check:
    """One comparison."""

    subject: str
    """Contract or route."""
    what: str
    expected: str
    found: str

    @property
    def ok(self) -> bool:
        """Whether both are the same."""
        return self.expected == self.found


def check_deployment(chain: Chain, deployment: Deployment) -> list[Check]:
    """Every comparison of the chain with the file; stops at the chain id when that differs.

    A contract with a wrong code is asked nothing: what it says would mean nothing.

    Raises:
        ChainUnreachableError: the node does not answer any more.
    """
    checks = [Check("chain", "chain id", str(deployment.chain_id), str(chain.chain_id))]
    if not checks[0].ok:
        return checks
    with chain.reading():
        for name, contract in deployment.contracts.items():
            checks += _check_contract(chain, name, contract)
        untrue = {check.subject for check in checks if not check.ok}
        if "VerifierRouter" not in untrue:
            checks += _check_roles(chain, deployment)
            for tier in ROUTES:
                checks += _check_route(chain, deployment, tier)
        if "Settlement" not in untrue:
            checks += _check_settlement(chain, deployment)
        if "PayAddressFactory" not in untrue:
            checks.append(_check_factory(chain, deployment))
    return checks


def _check_contract(chain: Chain, name: str, contract: DeployedContract) -> Iterator[Check]:
    """This package's creation code has the file's hash, the address follows from it, the code is there."""
    arguments, salt = bytes.fromhex(contract.constructor_arguments[2:]), bytes.fromhex(contract.salt[2:])
    creation_hash = keccak(creation_code(name, arguments))
    yield Check(name, "creation code", as_hex(creation_hash), contract.creation_code_hash)
    yield Check(
        name,
        "address",
        create2_address(salt, bytes.fromhex(contract.creation_code_hash[2:])),
        contract.address,
    )
    yield Check(name, "code", contract.runtime_hash, code_hash(chain, contract.address))


def _check_roles(chain: Chain, deployment: Deployment) -> Iterator[Check]:
    router = router_at(chain, deployment.router).functions
    yield Check("VerifierRouter", "owner", deployment.owner, router.owner().call())
    yield Check("VerifierRouter", "guardian", deployment.guardian, router.guardian().call())
    yield Check("VerifierRouter", "delay_s", str(deployment.route_delay_s), str(router.DELAY().call()))


def _check_route(chain: Chain, deployment: Deployment, tier: Tier) -> Iterator[Check]:
    route = deployment.routes.get(tier.label)
    subject = f"route {tier.label}"
    route_id = bytes.fromhex(route.id[2:]) if route else ROUTE_OF[tier]
    entry = router_at(chain, deployment.router).functions.getRoute(route_id).call()
    if route is None or not entry.activeFrom:
        yield Check(subject, "added", _yes(route is not None), _yes(entry.activeFrom != 0))
        return
    yield Check(subject, "id", as_hex(ROUTE_OF[tier]), route.id)
    yield Check(subject, "verifier", deployment.address_of(route.verifier), entry.verifier)
    yield Check(subject, "tier", tier.label, Tier(entry.tier).label)
    yield Check(subject, "gas", _gas(route), f"{entry.groupGas} + {entry.receiptGas} per receipt")
    is_stopped = deployment.contracts[route.verifier].status == "stopped"
    yield Check(subject, "stopped", _yes(is_stopped), _yes(entry.stopped))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _gas(route: DeployedRoute) -> str:
    return f"{route.group_gas} + {route.receipt_gas} per receipt"


def _check_settlement(chain: Chain, deployment: Deployment) -> Iterator[Check]:
    settlement = chain.contract("Settlement", deployment.settlement).functions
    _, name, version, chain_id, verifying, _, _ = settlement.eip712Domain().call()
    signed = f"Veritally 1, chain {deployment.chain_id}, {deployment.settlement}"
    yield Check("Settlement", "router", deployment.router, settlement.ROUTER().call())
    yield Check(
        "Settlement", "pay addresses", deployment.pay_address_factory, settlement.PAY_ADDRESSES().call()
    )
    yield Check("Settlement", "signing domain", signed, f"{name} {version}, chain {chain_id}, {verifying}")


def _check_factory(chain: Chain, deployment: Deployment) -> Check:
    factory = chain.contract("PayAddressFactory", deployment.pay_address_factory).functions
    found = factory.IMPLEMENTATION().call()
    return Check("PayAddressFactory", "implementation", deployment.pay_address_implementation, found)
