"""The check of a deployment sees each way in which a chain and its file can differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from deploying import ACCOUNTS, SETTINGS, Node, run_node, undone
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.attestation.claims import Platform
from veritally.create2 import as_hex, code_hash
from veritally.deploy import deploy_contracts
from veritally.deployment import Deployment
from veritally.deployment_check import check_deployment
from veritally.devnet.anvil import set_code
from veritally.errors import ChainUnreachableError
from veritally.plan import CREATE2_DEPLOYER, SALT, create2_address, creation_code, make_plan
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

ANY_HASH = "0x" + "22" * 32
STRANGER = ACCOUNTS.relayer.address


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Node, Deployment]]:
    with run_node(31337) as node:
        yield node, deploy_contracts(node.chain, node.sender, SETTINGS)


@pytest.fixture
def node(deployed: tuple[Node, Deployment]) -> Iterator[Node]:
    with undone(deployed[0]) as node:
        yield node


@pytest.fixture
def deployment(deployed: tuple[Node, Deployment]) -> Deployment:
    return deployed[1]


def wrong(node: Node, deployment: Deployment) -> list[str]:
    return [f"{c.subject}: {c.what}" for c in check_deployment(node.chain, deployment) if not c.ok]


def with_contract(deployment: Deployment, name: str, **changes: Any) -> Deployment:
    contract = replace(deployment.contracts[name], **changes)
    return replace(deployment, contracts=deployment.contracts | {name: contract})


def with_route(deployment: Deployment, label: str, **changes: Any) -> Deployment:
    route = replace(deployment.routes[label], **changes)
    return replace(deployment, routes=deployment.routes | {label: route})


def deployed_anew(node: Node, deployment: Deployment, name: str, arguments: bytes) -> Deployment:
    """A deployment with a contract that got other arguments; its file says so."""
    code = creation_code(name, arguments)
    node.sender.send(name, CREATE2_DEPLOYER, SALT + code)
    address = create2_address(SALT, keccak(code))
    return with_contract(
        deployment,
        name,
        address=address,
        constructor_arguments=as_hex(arguments),
        creation_code_hash=as_hex(keccak(code)),
        runtime_hash=code_hash(node.chain, address),
    )


def test_right_file_passes_every_check(node: Node, deployment: Deployment) -> None:
    checks = check_deployment(node.chain, deployment)
    assert all(check.ok for check in checks)
    assert len(checks) == 1 + 14 * 3 + 3 + 3 * 6 + 11 + 3 + 3 + 2 + 3


def test_other_chain_is_the_only_finding(node: Node, deployment: Deployment) -> None:
    checks = check_deployment(node.chain, replace(deployment, chain_id=8453))
    assert [(c.what, c.expected, c.found) for c in checks] == [("chain id", "8453", "31337")]


FILES: dict[str, tuple[Callable[[Deployment], Deployment], list[str]]] = {
    "creation code": (
        lambda d: with_contract(d, "ModelRegistry", creation_code_hash=ANY_HASH),
        ["ModelRegistry: creation code", "ModelRegistry: address"],
    ),
    "arguments": (
        lambda d: with_contract(d, "ZkmlVerifier", constructor_arguments="0x" + "00" * 32),
        ["ZkmlVerifier: creation code"],
    ),
    "salt": (lambda d: with_contract(d, "Settlement", salt=ANY_HASH), ["Settlement: address"]),
    "address": (
        lambda d: with_contract(d, "SignedVerifier", address=d.zkml_verifier),
        ["SignedVerifier: address", "SignedVerifier: code", "route signed: verifier"],
    ),
    "runtime hash": (lambda d: with_contract(d, "Settlement", runtime_hash=ANY_HASH), ["Settlement: code"]),
    "status": (lambda d: with_contract(d, "ZkmlVerifier", status="stopped"), ["route zkml: status"]),
    "owner": (lambda d: replace(d, owner=STRANGER), ["VerifierRouter: owner", "NitroAttestation: owner"]),
    "guardian": (lambda d: replace(d, guardian=STRANGER), ["VerifierRouter: guardian"]),
    "route delay": (lambda d: replace(d, route_delay_s=5), ["VerifierRouter: delay_s"]),
    "measurement delay": (lambda d: replace(d, measurement_delay_s=5), ["ModelRegistry: delay_s"]),
    "implementation": (
        lambda d: replace(d, pay_address_implementation=STRANGER),
        ["PayAddressFactory: implementation"],
    ),
    "route's verifier": (
        lambda d: with_route(d, "zkml", verifier="SignedVerifier"),
        ["route zkml: verifier"],
    ),
    "route's gas per group": (lambda d: with_route(d, "tee", group_gas=1), ["route tee: gas"]),
    "route's gas per receipt": (lambda d: with_route(d, "tee", receipt_gas=1), ["route tee: gas"]),
    "route's kind": (
        lambda d: with_route(d, "zkml", deterministic=False),
        ["route zkml: deterministic"],
    ),
    "route's id": (lambda d: with_route(d, "tee", id="0x01020304"), ["route tee: added"]),
    "route of another tier": (
        lambda d: replace(d, routes=d.routes | {"tee": d.routes["signed"]}),
        ["route tee: id", "route tee: tier"],
    ),
    "route that is not in the file": (
        lambda d: replace(d, routes={k: v for k, v in d.routes.items() if k != "tee"}),
        ["route tee: added"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_wrong_file_is_seen(node: Node, deployment: Deployment, case: str) -> None:
    change, findings = FILES[case]
    assert wrong(node, change(deployment)) == findings


@pytest.mark.parametrize("code", ["0x", "0xfe", "0x60016000f3"])
@pytest.mark.parametrize("name", list(make_plan(SETTINGS, 31337)))
def test_wrong_code_is_seen_and_asked_nothing(
    node: Node, deployment: Deployment, name: str, code: str
) -> None:
    set_code(node.chain, deployment.address_of(name), code)
    assert wrong(node, deployment) == [f"{name}: code"]


def test_new_guardian_is_seen(node: Node, deployment: Deployment) -> None:
    router = node.chain.contract("VerifierRouter", deployment.router).functions
    node.chain.send(router.setGuardian(STRANGER), ACCOUNTS.deployer)
    assert wrong(node, deployment) == ["VerifierRouter: guardian"]


def test_new_owner_is_seen_when_it_has_accepted(node: Node, deployment: Deployment) -> None:
    router = node.chain.contract("VerifierRouter", deployment.router).functions
    node.chain.send(router.transferOwnership(STRANGER), ACCOUNTS.deployer)
    assert wrong(node, deployment) == []
    node.chain.send(router.acceptOwnership(), ACCOUNTS.relayer)
    assert wrong(node, deployment) == ["VerifierRouter: owner"]


def test_stopped_route_is_seen(node: Node, deployment: Deployment) -> None:
    router = node.chain.contract("VerifierRouter", deployment.router).functions
    node.chain.send(router.stop(ROUTE_OF[Tier.SIGNED]), ACCOUNTS.guardian)
    assert wrong(node, deployment) == ["route signed: status"]


def test_settlement_of_another_router_is_seen(node: Node, deployment: Deployment) -> None:
    """Every contract of this file is right by itself, but they do not belong together."""
    other = deploy_contracts(node.chain, node.sender, replace(SETTINGS, route_delay_s=7))
    mixed = replace(
        deployment, contracts=deployment.contracts | {"Settlement": other.contracts["Settlement"]}
    )
    assert wrong(node, mixed) == ["Settlement: ROUTER", "EnclaveRegistry: SETTLEMENT"]


def test_attestation_below_another_root_is_seen(node: Node, deployment: Deployment) -> None:
    settings = replace(SETTINGS, development_root=None, route_delay_s=7)  # behind a router of its own
    other = deploy_contracts(node.chain, node.sender, settings)
    contracts = {"NitroAttestation": other.contracts["NitroAttestation"]}
    mixed = replace(deployment, contracts=deployment.contracts | contracts)
    assert wrong(node, mixed) == ["EnclaveRegistry: nitro verifier", "EnclaveRegistry: development verifier"]


def test_a_verifier_too_many_is_seen(node: Node, deployment: Deployment) -> None:
    """The registry believes those of this deployment, and one more."""
    settings = replace(SETTINGS, development_root=None, route_delay_s=7)  # behind a router of its own
    other = deploy_contracts(node.chain, node.sender, settings)
    names = ("NitroAttestation", "TdxAttestation")
    verifiers = [*map(deployment.address_of, names), other.address_of("NitroAttestation")]
    arguments = encode(
        ("address", "address", "address[]"),
        (deployment.model_registry, deployment.settlement, verifiers),
    )
    mixed = deployed_anew(node, deployment, "EnclaveRegistry", arguments)
    assert wrong(node, mixed) == ["TeeVerifier: ENCLAVES", "EnclaveRegistry: nitro verifier"]


def test_quotes_below_another_root_are_seen(node: Node, deployment: Deployment) -> None:
    """Each contract is what its own arguments make it, but they are for a root of somebody's own."""
    arguments = encode(("bytes32", "uint8"), (b"\x11" * 32, int(Platform.DEVELOPMENT)))
    mixed = deployed_anew(node, deployment, "IntelCertificates", arguments)
    found = ["TdxCollateral: CERTIFICATES", "IntelCertificates: platform", "IntelCertificates: root"]
    assert wrong(node, mixed) == found

    arguments = encode(("address",), (mixed.address_of("IntelCertificates"),))
    mixed = deployed_anew(node, mixed, "TdxCollateral", arguments)
    assert wrong(node, mixed) == ["TdxAttestation: COLLATERAL", *found[1:]]

    arguments = encode(("address",), (mixed.address_of("TdxCollateral"),))
    mixed = deployed_anew(node, mixed, "TdxAttestation", arguments)
    verifiers = ["EnclaveRegistry: tdx verifier", "EnclaveRegistry: development verifier"]
    assert wrong(node, mixed) == [*found[1:], *verifiers]


def test_new_owner_of_attestation_is_seen(node: Node, deployment: Deployment) -> None:
    address = deployment.address_of("NitroAttestation")
    attestation = node.chain.contract("NitroAttestation", address).functions
    node.chain.send(attestation.transferOwnership(STRANGER), ACCOUNTS.deployer)
    node.chain.send(attestation.acceptOwnership(), ACCOUNTS.relayer)
    assert wrong(node, deployment) == ["NitroAttestation: owner"]


def test_settlement_of_another_factory_is_seen(node: Node, deployment: Deployment) -> None:
    """The other factory is the same code at the address of another salt."""
    planned = make_plan(SETTINGS, 31337)["PayAddressFactory"]
    salt = b"\x22" * 32
    node.sender.send("another factory", CREATE2_DEPLOYER, salt + planned.creation_code)
    address = create2_address(salt, keccak(planned.creation_code))
    changes = {"address": address, "salt": ANY_HASH, "runtime_hash": code_hash(node.chain, address)}
    mixed = with_contract(deployment, "PayAddressFactory", **changes)
    assert wrong(node, mixed) == ["Settlement: PAY_ADDRESSES", "PayAddressFactory: implementation"]


def test_other_signing_domain_is_seen(node: Node, deployment: Deployment) -> None:
    """Whoever changed the code has put its hash into the file."""
    settlement = node.chain.contract("Settlement", deployment.settlement).address
    code = node.chain.w3.eth.get_code(settlement)
    name = b"Veritally".ljust(31, b"\0") + b"\x09"
    assert name in code
    set_code(node.chain, settlement, "0x" + code.replace(name, b"Verifalse".ljust(31, b"\0") + b"\x09").hex())
    changed = with_contract(deployment, "Settlement", runtime_hash=code_hash(node.chain, settlement))
    assert wrong(node, changed) == ["Settlement: signing domain"]


def test_node_that_goes_away_is_named(deployment: Deployment) -> None:
    with run_node(31337) as short_lived:
        chain = short_lived.chain
    with pytest.raises(ChainUnreachableError):
        check_deployment(chain, deployment)
