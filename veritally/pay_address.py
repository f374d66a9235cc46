"""Pay addresses: the address that a payer signs for commits to the prover and to the floor.

It is the CREATE2 address of a minimal clone with immutable arguments: it needs no code before a withdrawal.
"""

from __future__ import annotations

from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from veritally.deployment import Deployment
from veritally.tiers import Tier

_SALT = bytes(32)
_PROXY_CODE_BYTES = 45
"""Length of an EIP-1167 proxy; the arguments follow it in the clone's code."""


def pay_address(factory: str, implementation: str, prover: str, floor: Tier) -> str:
    """Checksummed pay address of `prover` for payers who accept `floor` and above."""
    code_hash = keccak(_clone_init_code(implementation, to_canonical_address(prover) + bytes([floor])))
    return str(to_checksum_address(keccak(b"\xff" + to_canonical_address(factory) + _SALT + code_hash)[12:]))


def pay_address_of(deployment: Deployment, prover: str, floor: Tier) -> str:
    """`pay_address` with the factory of a deployment."""
    return pay_address(deployment.pay_address_factory, deployment.pay_address_implementation, prover, floor)


def _clone_init_code(implementation: str, arguments: bytes) -> bytes:
    """Init code of a minimal proxy with immutable arguments: loader, EIP-1167 proxy, arguments."""
    code_bytes = _PROXY_CODE_BYTES + len(arguments)
    return (
        b"\x61"
        + code_bytes.to_bytes(2, "big")
        + bytes.fromhex("3d81600a3d39f3363d3d373d3d3d363d73")
        + to_canonical_address(implementation)
        + bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
        + arguments
    )
