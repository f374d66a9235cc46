"""Opens the routes of a deployment: the router's owner adds them, anybody activates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3.contract import Contract
from web3.types import TxParams

from veritally.chain import Chain
from veritally.contract_table import ROUTES, RouteTerms
from veritally.create2 import Sender, as_hex
from veritally.deployment import Deployment, Status
from veritally.errors import RouteTakenError
from veritally.plan import PlannedContract
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

Progress = Callable[[str], None]


class RouteStatus(IntEnum):
    """`IVerifierRouter.RouteStatus`."""

    NONE = 0
    PENDING = 1
    ACTIVE = 2
    STOPPED = 3


_STATUS_WORDS: dict[RouteStatus, Status] = {
    RouteStatus.NONE: "pending",
    RouteStatus.PENDING: "pending",
    RouteStatus.ACTIVE: "active",
    RouteStatus.STOPPED: "stopped",
}


@dataclass(frozen=True)
class MissingRoute:
    """A route that the router's owner has yet to add, and the calldata that adds it."""

    tier: Tier
    router: str
    data: bytes


def route_entry(router: Contract, route_id: bytes) -> Any:
    """`IVerifierRouter.Route` of a route; zeroes when it was never added."""
    return router.functions.getRoute(route_id).call()


def status_word(entry: Any) -> Status:
    """The word for a route's status in a deployment file; one that is missing is pending, too."""
    return _STATUS_WORDS[RouteStatus(entry.status)]


def require_right_routes(chain: Chain, plan: Mapping[str, PlannedContract]) -> None:
    """Raises RouteTakenError when a route that is there leads elsewhere."""
    router = chain.contract("VerifierRouter", plan["VerifierRouter"].address)
    for tier, terms in ROUTES.items():
        entry = route_entry(router, ROUTE_OF[tier])
        if entry.status == RouteStatus.NONE:
            continue
        wanted = (plan[terms.verifier].address, *_numbers(terms))
        found = (entry.verifier, entry.groupGas, entry.receiptGas, entry.deterministic)
        if wanted != found:
            raise RouteTakenError(as_hex(ROUTE_OF[tier]), _describe(wanted), _describe(found))


def missing_routes(chain: Chain, deployment: Deployment) -> list[MissingRoute]:
    """The routes of the deployment that nobody has added yet."""
    router = chain.contract("VerifierRouter", deployment.router)
    missing = []
    for tier, terms in ROUTES.items():
        if route_entry(router, ROUTE_OF[tier]).status == RouteStatus.NONE:
            arguments = (ROUTE_OF[tier], deployment.address_of(terms.verifier), *_numbers(terms))
            data = bytes(HexBytes(router.encode_abi("add", arguments)))
            missing.append(MissingRoute(tier, router.address, data))
    return missing


def open_routes(chain: Chain, sender: Sender, deployment: Deployment, progress: Progress) -> None:
    """Adds the missing routes when `sender` owns the router, and activates those whose delay is over."""
    router = chain.contract("VerifierRouter", deployment.router)
    if router.functions.owner().call() == sender.address:
        for route in missing_routes(chain, deployment):
            _send(chain, sender, router, f"adding the route {route.tier.label}", route.data)
            progress(f"route {route.tier.label} added")
    for tier, _ in ROUTES.items():
        entry = route_entry(router, ROUTE_OF[tier])
        if entry.status != RouteStatus.PENDING:
            continue
        if entry.activeFrom > chain.w3.eth.get_block("latest")["timestamp"]:
            progress(f"route {tier.label} can be activated from unix time {entry.activeFrom} on")
            continue
        data = bytes(HexBytes(router.encode_abi("activate", (ROUTE_OF[tier],))))
        _send(chain, sender, router, f"activating the route {tier.label}", data)
        progress(f"route {tier.label} activated")


def verifier_statuses(chain: Chain, deployment: Deployment) -> dict[str, Status]:
    """Status of each verifier's route, by the verifier's name."""
    router = chain.contract("VerifierRouter", deployment.router)
    return {
        terms.verifier: status_word(route_entry(router, ROUTE_OF[tier])) for tier, terms in ROUTES.items()
    }


def _numbers(terms: RouteTerms) -> tuple[int, int, bool]:
    return terms.group_gas, terms.receipt_gas, terms.deterministic


def _send(chain: Chain, sender: Sender, router: Contract, what: str, data: bytes) -> None:
    with chain.explained(what, router.abi):  # tried first: tells the reason when it would revert
        call: TxParams = {
            "from": cast(ChecksumAddress, sender.address),
            "to": router.address,
            "data": HexBytes(data),
        }
        chain.w3.eth.call(call)
    sender.send(what, router.address, data)


def _describe(terms: tuple[str, int, int, bool]) -> str:
    verifier, group_gas, receipt_gas, deterministic = terms
    kind = "deterministic" if deterministic else "not deterministic"
    return f"{verifier} with {group_gas} gas and {receipt_gas} more per receipt, {kind}"
