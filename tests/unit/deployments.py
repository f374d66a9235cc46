"""Deployments for tests that have no chain."""

from __future__ import annotations

from eth_utils.address import to_checksum_address

from veritally.contract_table import CONSTRUCTORS
from veritally.deployment import DeployedContract, Deployment

ANYBODY = to_checksum_address("0x" + "11" * 20)
ANY_HASH = "0x" + "22" * 32


def contract_at(address: str, block: int = 1) -> DeployedContract:
    return DeployedContract(to_checksum_address(address), block, ANY_HASH, "0x", ANY_HASH, ANY_HASH, "active")


def make_deployment(
    chain_id: int = 84532, block: int = 1, implementation: str = ANYBODY, **addresses: str
) -> Deployment:
    """A deployment with all contracts; `addresses` are by contract name, the others are `ANYBODY`."""
    return Deployment(
        chain_id=chain_id,
        owner=ANYBODY,
        guardian=ANYBODY,
        route_delay_s=0,
        measurement_delay_s=0,
        pay_address_implementation=to_checksum_address(implementation),
        contracts={name: contract_at(addresses.get(name, ANYBODY), block) for name in CONSTRUCTORS},
        routes={},
    )
