"""Deploying to bare nodes: same addresses everywhere, finished when run again, stopped by what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from deploying import (
    ACCOUNTS,
    MAINNET,
    MAINNET_SETTINGS,
    SETTINGS,
    TRANSACTIONS,
    Node,
    run_node,
    sender_of,
    undone,
)

from veritally import plan as plan_module
from veritally.contract_table import AWS_NITRO_ROOT, CONSTRUCTORS, DEVELOPMENT_ROOT, INTEL_SGX_ROOT
from veritally.create2 import AccountSender
from veritally.deploy import deploy_contracts, predict
from veritally.deployment import Deployment
from veritally.deployment_check import check_deployment
from veritally.devnet.anvil import call_node, set_code
from veritally.errors import (
    ChainUnreachableError,
    DeployerMissingError,
    RouteTakenError,
    TransactionFailedError,
    UnknownBlockError,
    WrongCodeError,
)
from veritally.plan import CREATE2_DEPLOYER, DeploymentSettings, make_plan
from veritally.route_setup import missing_routes
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

OTHER_CODE = "0x60016000f3"


class InterruptionError(Exception):
    """The deployment ends here."""


@dataclass
class BreakingSender:
    """A real sender that ends after some transactions, as a killed process does."""

    sender: AccountSender
    left: int
    sent: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.sender.address

    def send(self, what: str, to: str, data: bytes) -> int:
        if len(self.sent) == self.left:
            raise InterruptionError
        self.sent.append(what)
        return self.sender.send(what, to, data)


@pytest.fixture(scope="module")
def bare() -> Iterator[Node]:
    with run_node(31337) as node:
        yield node


@pytest.fixture
def node(bare: Node) -> Iterator[Node]:
    with undone(bare):
        yield bare


@pytest.fixture(scope="module")
def bare_mainnet() -> Iterator[Node]:
    with run_node(MAINNET) as node:
        yield node


@pytest.fixture
def mainnet(bare_mainnet: Node) -> Iterator[Node]:
    with undone(bare_mainnet):
        yield bare_mainnet


def deploy(node: Node, settings: DeploymentSettings = SETTINGS) -> Deployment:
    return deploy_contracts(node.chain, node.sender, settings)


def statuses(deployment: Deployment) -> dict[str, str]:
    return {name: item.status for name, item in deployment.contracts.items() if item.status != "active"}


def addresses(deployment: Deployment) -> dict[str, str]:
    return {name: contract.address for name, contract in deployment.contracts.items()}


def interrupt_after(node: Node, transactions: int) -> None:
    with pytest.raises(InterruptionError):
        deploy_contracts(node.chain, BreakingSender(node.sender, transactions), SETTINGS)
    assert node.sent == transactions


def wrong(node: Node, deployment: Deployment) -> list[tuple[str, str]]:
    return [(c.subject, c.what) for c in check_deployment(node.chain, deployment) if not c.ok]


def test_two_chains_have_the_same_addresses(node: Node) -> None:
    one = deploy(node)
    with run_node(1337) as other_node:
        other = deploy(other_node)

    assert (one.chain_id, other.chain_id) == (31337, 1337)
    assert addresses(one) == addresses(other)
    assert one.pay_address_implementation == other.pay_address_implementation
    assert one.contracts["Settlement"].runtime_hash != other.contracts["Settlement"].runtime_hash
    assert one.contracts["SignedVerifier"] == other.contracts["SignedVerifier"]


def test_predicted_addresses_come_true(node: Node) -> None:
    before = predict(node.chain, SETTINGS)
    assert node.sent == 0

    deployment = deploy(node)

    assert before == {name: (address, False) for name, address in addresses(deployment).items()}
    assert predict(node.chain, SETTINGS) == {name: (address, True) for name, (address, _) in before.items()}
    assert node.sent == TRANSACTIONS
    assert wrong(node, deployment) == []


def test_without_a_development_root_every_chain_takes_documents_of_aws(mainnet: Node, node: Node) -> None:
    deployment = deploy(mainnet, MAINNET_SETTINGS)

    assert addresses(deployment) == addresses(deploy(node, MAINNET_SETTINGS))
    assert set(deployment.routes) == {"signed", "tee", "zkml"}
    assert wrong(mainnet, deployment) == []
    found = {(c.subject, c.what): c.found for c in check_deployment(mainnet.chain, deployment)}
    assert found["NitroAttestation", "platform"] == "nitro"
    assert found["NitroAttestation", "root"] == AWS_NITRO_ROOT
    assert found["IntelCertificates", "platform"] == "tdx"
    assert found["IntelCertificates", "root"] == INTEL_SGX_ROOT


def test_second_run_sends_nothing_and_finds_the_same(node: Node) -> None:
    call_node(node.chain, "anvil_mine", 5)
    first = deploy(node)
    call_node(node.chain, "anvil_mine", 37)
    lines: list[str] = []

    second = deploy_contracts(node.chain, node.sender, SETTINGS, lines.append)

    assert second == first
    assert first.first_block == first.contracts["PayAddressFactory"].block > 5
    assert node.sent == TRANSACTIONS
    assert len(lines) == len(CONSTRUCTORS)
    assert all("is there since block" in line for line in lines)


def test_routes_are_activated_once_their_delay_is_over(mainnet: Node) -> None:
    pending = dict.fromkeys(("SignedVerifier", "TeeVerifier", "ZkmlVerifier"), "pending")
    first = deploy(mainnet, MAINNET_SETTINGS)
    assert statuses(first) == pending
    assert statuses(deploy(mainnet, MAINNET_SETTINGS)) == pending
    assert mainnet.sent == len(CONSTRUCTORS) + 3

    call_node(mainnet.chain, "evm_increaseTime", MAINNET_SETTINGS.route_delay_s)
    call_node(mainnet.chain, "anvil_mine", 1)
    stranger = sender_of(mainnet.chain, ACCOUNTS.relayer)
    last = deploy_contracts(mainnet.chain, stranger, MAINNET_SETTINGS)  # anybody may

    assert statuses(last) == {}
    assert wrong(mainnet, last) == []
    assert wrong(mainnet, first) == [(f"route {tier}", "status") for tier in ("signed", "tee", "zkml")]


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"route_delay_s": 3 * 24 * 3600 - 1}, r"VerifierRouter: DelayTooShort\(259199, 259200\)"),
        ({"measurement_delay_s": 0}, r"ModelRegistry: MeasurementDelayTooShort\(0, 172800\)"),
    ],
)
def test_short_delays_are_refused_outside_development_chains(
    mainnet: Node, setting: dict[str, int], reason: str
) -> None:
    with pytest.raises(TransactionFailedError, match=reason):
        deploy(mainnet, replace(MAINNET_SETTINGS, **setting))  # type: ignore[arg-type]


@pytest.mark.parametrize("transactions", [0, 1, 6, 9, 14, 16, 18])
def test_interrupted_deployment_is_finished(node: Node, transactions: int) -> None:
    interrupt_after(node, transactions)

    deployment = deploy(node)

    assert node.sent == TRANSACTIONS
    assert wrong(node, deployment) == []
    assert deploy(node) == deployment


@pytest.mark.parametrize("name", ["PayAddressFactory", "Settlement"])
def test_other_code_at_an_address_stops_before_anything_is_sent(node: Node, name: str) -> None:
    address = make_plan(SETTINGS, 31337)[name].address
    set_code(node.chain, address, OTHER_CODE)

    with pytest.raises(WrongCodeError, match=rf"^{name}: the code at {address} has the hash"):
        deploy(node)

    assert node.sent == 0


def test_code_with_other_immutables_is_other_code(node: Node) -> None:
    settlement = deploy(node).settlement
    code = node.chain.w3.eth.get_code(node.chain.contract("Settlement", settlement).address)
    chain_id = (31337).to_bytes(32, "big")
    assert code.count(chain_id) == 1
    set_code(node.chain, settlement, "0x" + code.replace(chain_id, (1).to_bytes(32, "big")).hex())

    with pytest.raises(WrongCodeError, match=r"^Settlement: "):
        deploy(node)


@pytest.mark.parametrize("code", ["0x", OTHER_CODE])
def test_chain_without_the_deployer_is_refused(node: Node, code: str) -> None:
    set_code(node.chain, CREATE2_DEPLOYER, code)

    with pytest.raises(
        DeployerMissingError, match=f"chain 31337 has no CREATE2 deployer at {CREATE2_DEPLOYER}"
    ):
        deploy(node)


def test_constructor_that_reverts_is_not_sent_and_tells_why(
    mainnet: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "DEVELOPMENT_CHAIN_IDS", {MAINNET})
    reason = r"^constructor of NitroAttestation: DevelopmentRootRefused\(8453\)$"

    with pytest.raises(TransactionFailedError, match=reason):
        deploy(mainnet, replace(MAINNET_SETTINGS, development_root=DEVELOPMENT_ROOT))

    assert mainnet.sent == list(CONSTRUCTORS).index("NitroAttestation")


def test_route_that_leads_elsewhere_stops_before_anything_is_sent(node: Node) -> None:
    interrupt_after(node, len(CONSTRUCTORS))
    plan = make_plan(SETTINGS, 31337)
    router = node.chain.contract("VerifierRouter", plan["VerifierRouter"].address)
    add = router.functions.add(ROUTE_OF[Tier.ZKML], plan["SignedVerifier"].address, 1, 2, False)
    node.chain.send(add, ACCOUNTS.deployer)

    signed, zkml = plan["SignedVerifier"].address, plan["ZkmlVerifier"].address
    taken = f"is {signed} with 1 gas and 2 more per receipt, not deterministic, not {zkml} with 1300000"
    with pytest.raises(RouteTakenError, match=taken):
        deploy(node)

    assert node.sent == len(CONSTRUCTORS) + 1


def test_routes_of_another_owner_are_left_to_it(node: Node) -> None:
    owner = ACCOUNTS.relayer
    settings = replace(SETTINGS, owner=owner.address)
    deployment = deploy_contracts(node.chain, node.sender, settings)
    assert node.sent == len(CONSTRUCTORS)
    routes = [(f"route {label}", "added") for label in ("signed", "tee", "zkml")]
    assert wrong(node, deployment) == routes

    missing = missing_routes(node.chain, deployment)
    assert [route.tier.label for route in missing] == ["signed", "tee", "zkml"]
    for route in missing:
        sender_of(node.chain, owner).send("route", route.router, route.data)

    assert missing_routes(node.chain, deployment) == []
    last = deploy_contracts(node.chain, node.sender, settings)
    assert statuses(last) == {}
    assert wrong(node, last) == []


def test_stopped_route_is_in_the_file(node: Node) -> None:
    first = deploy(node)
    router = node.chain.contract("VerifierRouter", first.router)
    node.chain.send(router.functions.stop(ROUTE_OF[Tier.TEE]), ACCOUNTS.guardian)
    assert wrong(node, first) == [("route tee", "status")]

    second = deploy(node)

    assert statuses(second) == {"TeeVerifier": "stopped"}
    assert wrong(node, second) == []


def test_node_that_forgot_the_past_is_named(node: Node) -> None:
    deploy(node)
    call_node(node.chain, "anvil_mine", 40)
    state = call_node(node.chain, "anvil_dumpState")
    with run_node(31337) as young:
        call_node(young.chain, "anvil_loadState", state)
        with pytest.raises(UnknownBlockError, match="is there already, but the node does not know the state"):
            deploy(young)


def test_node_that_goes_away_is_named() -> None:
    with run_node(31337) as short_lived:
        chain, sender = short_lived.chain, short_lived.sender
    with pytest.raises(ChainUnreachableError, match="no EVM node answers at"):
        deploy_contracts(chain, sender, SETTINGS)
