"""Where our contracts are on a chain: the deployment file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from eth_utils.address import is_checksum_address
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from veritally.contract_table import CONSTRUCTORS
from veritally.errors import DeploymentFileError

DEPLOYMENTS_FOLDER = Path(__file__).parent / "deployments"
"""Holds `<chain id>.json` for each chain with a deployment."""


def _require_checksum(address: str) -> str:
    if not is_checksum_address(address):
        raise ValueError("is no checksummed address")
    return address


Address = Annotated[str, AfterValidator(_require_checksum)]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Hex = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]
Status = Literal["pending", "active", "stopped"]


@dataclass(frozen=True)
class DeployedContract:
    """One contract."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    address: Address
    block: Annotated[int, Field(ge=0)]
    """Number of the block that created it."""
    salt: Hash
    constructor_arguments: Hex
    """ABI-encoded."""
    creation_code_hash: Hash
    """keccak256 of the creation code with the constructor arguments."""
    runtime_hash: Hash
    """keccak256 of the code at the address."""
    status: Status
    """A verifier has that of its route: `pending` until it is activated. The others are `active`."""


@dataclass(frozen=True)
class DeployedRoute:
    """A tier's route as its owner adds it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^0x[0-9a-f]{8}$")]
    verifier: str
    """Name of the contract."""
    group_gas: int
    """Gas that a verification may use for a group."""
    receipt_gas: int
    """Gas that is added for each receipt."""
    deterministic: bool
    """Two accepted responses to one request stop the circuits that backed them."""


@dataclass(frozen=True)
class Deployment:
    """One deployment of all our contracts; addresses are checksummed."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    chain_id: int
    owner: Address
    """Owner of the router."""
    guardian: Address
    """May stop routes besides the owner."""
    route_delay_s: int
    """Seconds between adding a route and its activation."""
    measurement_delay_s: int
    """Seconds between accepting an enclave measurement and its use."""
    pay_address_implementation: Address
    """Created by the pay address factory."""
    contracts: dict[str, DeployedContract]
    """By name."""
    routes: dict[str, DeployedRoute]
    """By label of the tier."""

    @property
    def first_block(self) -> int:
        """Number of the block that created the first of the contracts: no event is older."""
        return min(contract.block for contract in self.contracts.values())

    @property
    def settlement(self) -> str:
        """Address of `Settlement`."""
        return self.address_of("Settlement")

    @property
    def router(self) -> str:
        """Address of `VerifierRouter`."""
        return self.address_of("VerifierRouter")

    @property
    def model_registry(self) -> str:
        """Address of `ModelRegistry`."""
        return self.address_of("ModelRegistry")

    @property
    def enclave_registry(self) -> str:
        """Address of `EnclaveRegistry`."""
        return self.address_of("EnclaveRegistry")

    @property
    def pay_address_factory(self) -> str:
        """Address of `PayAddressFactory`."""
        return self.address_of("PayAddressFactory")

    @property
    def signed_verifier(self) -> str:
        """Address of `SignedVerifier`."""
        return self.address_of("SignedVerifier")

    @property
    def tee_verifier(self) -> str:
        """Address of `TeeVerifier`."""
        return self.address_of("TeeVerifier")

    @property
    def zkml_verifier(self) -> str:
        """Address of `ZkmlVerifier`."""
        return self.address_of("ZkmlVerifier")

    def address_of(self, name: str) -> str:
        """Address of the contract `name`, which is one of `CONSTRUCTORS`."""
        return self.contracts[name].address

    def save(self, path: Path) -> None:
        """Writes the deployment as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Reads what `save` wrote.

        Raises:
            DeploymentFileError: the file cannot be read, is no JSON, lacks or adds fields or contracts, or a
                value is malformed.
        """
        try:
            deployment = _FILE.validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DeploymentFileError(str(path), "does not exist") from None
        except OSError as error:
            raise DeploymentFileError(str(path), f"cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise DeploymentFileError(str(path), "is not text") from None
        except ValidationError as error:
            raise DeploymentFileError(str(path), _first_problem(error)) from None
        if problem := _inconsistency(deployment):
            raise DeploymentFileError(str(path), problem)
        return deployment


_FILE = TypeAdapter(Deployment)


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole file"
    return f"is not a deployment ({place}: {first['msg']})"


def _inconsistency(deployment: Deployment) -> str | None:
    if missing := [name for name in CONSTRUCTORS if name not in deployment.contracts]:
        return f"lacks the contract {missing[0]}"
    if unknown := [name for name in deployment.contracts if name not in CONSTRUCTORS]:
        return f"names the unknown contract {unknown[0]}"
    for tier, route in deployment.routes.items():
        if route.verifier not in deployment.contracts:
            return f"sends the route {tier} to {route.verifier}, which it does not list"
    return None
