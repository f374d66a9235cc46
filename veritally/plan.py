"""The addresses of a deployment, computed from the table of contracts before anything is sent.

Every contract is created by the public CREATE2 deployer with a fixed salt. Its address therefore depends on
its creation code and its constructor arguments alone, and is the same on every chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.abi import get_abi_input_types
from eth_utils.address import is_checksum_address, to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from veritally.abi import load_artifact
from veritally.contract_table import CONSTRUCTORS, DEVELOPMENT_CHAIN_IDS
from veritally.errors import DeploymentSettingsError

CREATE2_DEPLOYER: ChecksumAddress = to_checksum_address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""Takes salt and creation code as calldata and creates the contract. It stands on nearly every EVM chain."""

SALT = keccak(text="veritally.v1")

LONGEST_DELAY_S = 2**40 - 1


@dataclass(frozen=True)
class DeploymentSettings:
    """What the deployer decides.

    Raises:
        DeploymentSettingsError: an address is not checksummed or zero, or the delay is out of range.
    """

    owner: str
    """Owns the router: adds routes. Meant to be a timelock."""
    guardian: str
    """May stop a route besides the owner."""
    route_delay_s: int
    """Seconds between adding a route and its first use; 0 opens the routes at once."""
    development_root: str | None = None
    """Address whose signature admits enclave keys, on development chains only."""

    def __post_init__(self) -> None:
        for field in ("owner", "guardian", "development_root"):
            address = getattr(self, field)
            if field == "development_root" and address is None:
                continue
            if not is_checksum_address(address) or int(address, 16) == 0:
                raise DeploymentSettingsError(field, address, "give a checksummed address that is not zero")
        if not 0 <= self.route_delay_s <= LONGEST_DELAY_S:
            raise DeploymentSettingsError(
                "route_delay_s", self.route_delay_s, f"give 0 to {LONGEST_DELAY_S} seconds"
            )


@dataclass(frozen=True)
class PlannedContract:
    """A contract and the address that it will have."""

    name: str
    address: ChecksumAddress
    salt: bytes
    constructor_arguments: bytes
    """ABI-encoded."""

    @property
    def creation_code(self) -> bytes:
        """Creation code with the constructor arguments."""
        return creation_code(self.name, self.constructor_arguments)


@dataclass(frozen=True)
class Plan:
    """The contracts of one deployment."""

    contracts: dict[str, PlannedContract]
    """By name, in the order of deployment."""
    left_out: dict[str, str]
    """Name of a contract that this chain does not get, and why."""


def make_plan(settings: DeploymentSettings, chain_id: int) -> Plan:
    """The contracts and addresses of a deployment. Asks no chain."""
    known: dict[str, object] = {name: value for name, value in vars(settings).items() if value is not None}
    if chain_id not in DEVELOPMENT_CHAIN_IDS:
        known.pop("development_root", None)
    contracts: dict[str, PlannedContract] = {}
    left_out: dict[str, str] = {}
    for name, arguments in CONSTRUCTORS.items():
        missing = [argument for argument in arguments if argument not in known]
        if missing:
            left_out[name] = _why_missing(missing[0], chain_id)
            continue
        contracts[name] = _planned(name, [known[argument] for argument in arguments])
        known[name] = contracts[name].address
    return Plan(contracts, left_out)


def create2_address(salt: bytes, creation_code_hash: bytes) -> ChecksumAddress:
    """Address of what the CREATE2 deployer creates."""
    deployer = to_canonical_address(CREATE2_DEPLOYER)
    return to_checksum_address(keccak(b"\xff" + deployer + salt + creation_code_hash)[12:])


def creation_code(name: str, constructor_arguments: bytes) -> bytes:
    """Creation code of our contract `name` with ABI-encoded arguments.

    Raises:
        ArtifactMissingError: none of our contracts has this name.
    """
    return bytes.fromhex(load_artifact(name).bytecode[2:]) + constructor_arguments


def _planned(name: str, values: list[object]) -> PlannedContract:
    constructors = [entry for entry in load_artifact(name).abi if entry["type"] == "constructor"]
    types = get_abi_input_types(constructors[0]) if constructors else []  # type: ignore[arg-type]
    arguments = encode(types, values)
    address = create2_address(SALT, keccak(creation_code(name, arguments)))
    return PlannedContract(name, address, SALT, arguments)


def _why_missing(argument: str, chain_id: int) -> str:
    if argument != "development_root":
        return f"needs {argument}"
    if chain_id in DEVELOPMENT_CHAIN_IDS:
        return "no development root was given"
    return f"chain {chain_id} is no development chain and refuses development roots"
