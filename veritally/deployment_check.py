"""Compares a chain with a deployment file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from veritally.attestation.claims import Platform
from veritally.chain import Chain
from veritally.contract_table import INTEL_SGX_ROOT, ROUTES
from veritally.create2 import as_hex, code_hash
from veritally.deployment import DeployedContract, DeployedRoute, Deployment
from veritally.errors import DeploymentMismatchError
from veritally.plan import create2_address, creation_code
from veritally.receipts import ZERO_ADDRESS
from veritally.route_setup import RouteStatus, route_entry, status_word
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

NEIGHBOURS = {
    "ModelRegistry": {"ROUTER": "VerifierRouter"},
    "NitroAttestation": {"SHA384": "Sha384", "P384": "P384"},
    "TdxCollateral": {"CERTIFICATES": "IntelCertificates"},
    "TdxAttestation": {"COLLATERAL": "TdxCollateral"},
    "EnclaveRegistry": {"MODELS": "ModelRegistry", "SETTLEMENT": "Settlement"},
    "TeeVerifier": {"ENCLAVES": "EnclaveRegistry"},
    "ZkmlVerifier": {"MODELS": "ModelRegistry"},
    "Settlement": {"ROUTER": "VerifierRouter", "PAY_ADDRESSES": "PayAddressFactory"},
}
"""By contract: its getter, and the contract of the same deployment that it must name."""

_ATTESTATION = ("NitroAttestation", "TdxAttestation")
_NITRO_ARGUMENTS = ("address", "address", "bytes32", "uint8", "address")
"""Of the constructor: SHA-384, P-384, root, platform, owner."""


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
    checks = [_check_chain(chain, deployment)]
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
        for name in deployment.contracts:
            if name not in untrue:
                checks += _check_neighbours(chain, deployment, name)
        if "Settlement" not in untrue:
            checks.append(_check_domain(chain, deployment))
        if "ModelRegistry" not in untrue:
            checks.append(_check_measurement_delay(chain, deployment))
        if "PayAddressFactory" not in untrue:
            checks.append(_check_factory(chain, deployment))
        if "NitroAttestation" not in untrue:
            checks += _check_nitro(chain, deployment)
        if "IntelCertificates" not in untrue:
            checks += _check_intel(chain, deployment)
        if "EnclaveRegistry" not in untrue:
            checks += _check_verifiers(chain, deployment, untrue)
    return checks


def require_right(checks: Sequence[Check], path: Path) -> None:
    """Raises DeploymentMismatchError, which names the deployment file, when a check failed."""
    wrong = [check for check in checks if not check.ok]
    if wrong:
        differences = [
            f"{check.subject}: {check.what} is {check.found}, not {check.expected}" for check in wrong
        ]
        raise DeploymentMismatchError(path, differences)


def require_contracts(chain: Chain, deployment: Deployment, names: Iterable[str], path: Path) -> None:
    """Makes sure that this is the deployment's chain, and that it has these contracts.

    Raises:
        DeploymentMismatchError: it is another chain, or has other contracts.
        ChainUnreachableError: the node does not answer any more.
    """
    checks = [_check_chain(chain, deployment)]
    if checks[0].ok:
        with chain.reading():
            checks += [
                one for name in names for one in _check_contract(chain, name, deployment.contracts[name])
            ]
    require_right(checks, path)


def _check_chain(chain: Chain, deployment: Deployment) -> Check:
    return Check("chain", "chain id", str(deployment.chain_id), str(chain.chain_id))


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
    router = chain.contract("VerifierRouter", deployment.router).functions
    yield Check("VerifierRouter", "owner", deployment.owner, router.owner().call())
    yield Check("VerifierRouter", "guardian", deployment.guardian, router.guardian().call())
    yield Check("VerifierRouter", "delay_s", str(deployment.route_delay_s), str(router.DELAY().call()))


def _check_route(chain: Chain, deployment: Deployment, tier: Tier) -> Iterator[Check]:
    route = deployment.routes.get(tier.label)
    subject = f"route {tier.label}"
    route_id = bytes.fromhex(route.id[2:]) if route else ROUTE_OF[tier]
    entry = route_entry(chain.contract("VerifierRouter", deployment.router), route_id)
    is_added = entry.status != RouteStatus.NONE
    if route is None or not is_added:
        yield Check(subject, "added", _yes(route is not None), _yes(is_added))
        return
    yield Check(subject, "id", as_hex(ROUTE_OF[tier]), route.id)
    yield Check(subject, "verifier", deployment.address_of(route.verifier), entry.verifier)
    yield Check(subject, "tier", tier.label, Tier(entry.tier).label)
    yield Check(subject, "gas", _gas(route), f"{entry.groupGas} + {entry.receiptGas} per receipt")
    yield Check(subject, "deterministic", _yes(route.deterministic), _yes(entry.deterministic))
    yield Check(subject, "status", deployment.contracts[route.verifier].status, status_word(entry))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _gas(route: DeployedRoute) -> str:
    return f"{route.group_gas} + {route.receipt_gas} per receipt"


def _check_neighbours(chain: Chain, deployment: Deployment, name: str) -> Iterator[Check]:
    """The contract works with the other contracts of this deployment."""
    functions = chain.contract(name, deployment.address_of(name)).functions
    for getter, neighbour in NEIGHBOURS.get(name, {}).items():
        yield Check(name, getter, deployment.address_of(neighbour), functions[getter]().call())


def _check_domain(chain: Chain, deployment: Deployment) -> Check:
    settlement = chain.contract("Settlement", deployment.settlement).functions
    _, name, version, chain_id, verifying, _, _ = settlement.eip712Domain().call()
    signed = f"Veritally 1, chain {deployment.chain_id}, {deployment.settlement}"
    return Check("Settlement", "signing domain", signed, f"{name} {version}, chain {chain_id}, {verifying}")


def _check_measurement_delay(chain: Chain, deployment: Deployment) -> Check:
    found = chain.contract("ModelRegistry", deployment.model_registry).functions.MEASUREMENT_DELAY().call()
    return Check("ModelRegistry", "delay_s", str(deployment.measurement_delay_s), str(found))


def _check_factory(chain: Chain, deployment: Deployment) -> Check:
    factory = chain.contract("PayAddressFactory", deployment.pay_address_factory).functions
    found = factory.IMPLEMENTATION().call()
    return Check("PayAddressFactory", "implementation", deployment.pay_address_implementation, found)


def _check_nitro(chain: Chain, deployment: Deployment) -> Iterator[Check]:
    """Whose Nitro documents count: those of the root that the constructor was given, and no other."""
    contract = deployment.contracts["NitroAttestation"]
    _, _, root, number, _ = decode(_NITRO_ARGUMENTS, bytes.fromhex(contract.constructor_arguments[2:]))
    nitro = chain.contract("NitroAttestation", contract.address).functions
    found = Platform(nitro.PLATFORM().call())
    yield Check("NitroAttestation", "platform", Platform(number).label, found.label)
    yield Check("NitroAttestation", "root", as_hex(root), as_hex(nitro.ROOT().call()))
    yield Check("NitroAttestation", "owner", deployment.owner, nitro.owner().call())


def _check_intel(chain: Chain, deployment: Deployment) -> Iterator[Check]:
    """Whose TDX quotes count: Intel's, on every chain."""
    address = deployment.address_of("IntelCertificates")
    intel = chain.contract("IntelCertificates", address).functions
    yield Check("IntelCertificates", "platform", Platform.TDX.label, Platform(intel.PLATFORM().call()).label)
    yield Check("IntelCertificates", "root", INTEL_SGX_ROOT, as_hex(intel.ROOT().call()))


def _check_verifiers(chain: Chain, deployment: Deployment, untrue: set[str]) -> Iterator[Check]:
    """The registry takes documents by the verifiers of this deployment, and by no others."""
    registry = chain.contract("EnclaveRegistry", deployment.enclave_registry).functions
    trusted = [name for name in _ATTESTATION if name not in untrue]
    expected = {_platform_of(chain, deployment, name): deployment.address_of(name) for name in trusted}
    for platform in list(Platform)[1:]:  # all but NONE
        if platform in expected or len(trusted) == len(_ATTESTATION):
            found = registry.verifierOf(int(platform)).call()
            yield Check(
                "EnclaveRegistry", f"{platform.label} verifier", expected.get(platform, ZERO_ADDRESS), found
            )


def _platform_of(chain: Chain, deployment: Deployment, name: str) -> Platform:
    return Platform(chain.contract(name, deployment.address_of(name)).functions.PLATFORM().call())
