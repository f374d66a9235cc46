"""The addresses of a deployment, computed from the table of contracts before anything is sent.

Every contract is created by the public CREATE2 deployer with a fixed salt. Its address therefore depends on
its creation code and its constructor arguments alone, and is the same on every chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.abi import get_abi_input_types
from eth_utils.address import is_checksum_address, to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from veritally.abi import load_artifact
from veritally.attestation.claims import Platform
from veritally.contract_table import (
    AWS_NITRO_ROOT,
    CONSTRUCTORS,
    DEVELOPMENT_CHAIN_IDS,
    INTEL_SGX_ROOT,
    Argument,
)
from veritally.errors import DeploymentSettingsError

CREATE2_DEPLOYER: ChecksumAddress = to_checksum_address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""Takes salt and creation code as calldata and creates the contract. It stands on nearly every EVM chain."""

SALT = keccak(text="veritally.v1")

LONGEST_DELAY_S = 2**40 - 1

_TDX_SETTINGS = {"intel_root": bytes.fromhex(INTEL_SGX_ROOT[2:]), "tdx_platform": int(Platform.TDX)}
"""Intel's quotes are verified on every chain, below Intel's root."""

_FINGERPRINT = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True)
class DeploymentSettings:
    """What the deployer decides.

    Raises:
        DeploymentSettingsError: an address is not checksummed or zero, a delay is out of range, or the
            development root is no fingerprint.
    """

    owner: str
    """Owns the router and may revoke certificates of attestation. Meant to be a timelock."""
    guardian: str
    """May stop a route besides the owner."""
    route_delay_s: int
    """Seconds between adding a route and its activation; outside development chains three days or more."""
    measurement_delay_s: int
    """Seconds between accepting a measurement and its use; outside development chains two days or more."""
    development_root: str | None = None
    """SHA-256 of a software root's certificate, in hex: its documents are taken in place of AWS's. On
    development chains only."""

    def __post_init__(self) -> None:
        for field in ("owner", "guardian"):
            address = getattr(self, field)
            if not is_checksum_address(address) or int(address, 16) == 0:
                raise DeploymentSettingsError(field, address, "give a checksummed address that is not zero")
        for field in ("route_delay_s", "measurement_delay_s"):
            delay_s = getattr(self, field)
            if not 0 <= delay_s <= LONGEST_DELAY_S:
                raise DeploymentSettingsError(field, delay_s, f"give 0 to {LONGEST_DELAY_S} seconds")
        root = self.development_root
        if root is not None and not _FINGERPRINT.fullmatch(root):
            raise DeploymentSettingsError("development_root", root, "give 0x and 64 lower-case hex digits")


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


def make_plan(settings: DeploymentSettings, chain_id: int) -> dict[str, PlannedContract]:
    """The contracts of a deployment by name, in the order of deployment. Asks no chain.

    Raises:
        DeploymentSettingsError: a development root is given for a chain that is none for development.
    """
    known: dict[str, object] = {**vars(settings), **_nitro_settings(settings, chain_id), **_TDX_SETTINGS}
    contracts: dict[str, PlannedContract] = {}
    for name, arguments in CONSTRUCTORS.items():
        contracts[name] = _planned(name, [_value(argument, known) for argument in arguments])
        known[name] = contracts[name].address
    return contracts


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


def _nitro_settings(settings: DeploymentSettings, chain_id: int) -> dict[str, object]:
    """Whose documents are verified: AWS's, or those of the development root."""
    root, platform = settings.development_root, Platform.DEVELOPMENT
    if root is None:
        root, platform = AWS_NITRO_ROOT, Platform.NITRO
    elif chain_id not in DEVELOPMENT_CHAIN_IDS:
        fix = f"leave it out: chain {chain_id} is no development chain"
        raise DeploymentSettingsError("development_root", root, fix)
    return {"nitro_root": bytes.fromhex(root[2:]), "nitro_platform": int(platform)}


def _value(argument: Argument, known: Mapping[str, object]) -> object:
    return known[argument] if isinstance(argument, str) else [known[name] for name in argument]
