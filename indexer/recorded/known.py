"""What is known of foreign networks, as data, each with where it was published. Nothing of it is trusted."""

from __future__ import annotations

from dataclasses import dataclass

OPENGRADIENT_CHAIN_ID = 10740
"""OG EVM devnet, as OpenGradient's published code has it. A README of theirs says 10744."""


@dataclass(frozen=True)
class Relay:
    """A contract that OpenGradient's facilitator settles through."""

    chain_id: int
    address: str
    version: str
    published: str
    """Where the address stands."""


OPENGRADIENT_RELAYS = (
    Relay(
        OPENGRADIENT_CHAIN_ID,
        "0xAa3bB22c5Ef24fe3837134A25A4D801308E2516d",
        "V1",
        "OpenGradient/block-explorer-frontend 8c6636f42",
    ),
    Relay(
        OPENGRADIENT_CHAIN_ID,
        "0xf1dc0d5Dcf2A01924faC78185B9227CF3EC839A5",
        "V2",
        "OpenGradient/block-explorer-frontend 8c6636f42",
    ),
)

BATCH = "BatchSettlement(bytes32,uint256,bytes)"
"""og-evm 113ae07, InferenceSettlementRelay; root indexed."""
INDIVIDUAL = "IndividualSettlement(bytes32,address,bytes32,bytes32,uint256,bytes,bytes)"
"""og-evm 113ae07, InferenceSettlementRelay; tee id and address indexed."""
BATCH_V1 = "BatchSettlement(bytes32,uint256)"
"""inference-facilitator 75573156, contracts/settlement.sol; root indexed."""
SINGLE_V1 = "Settlement(bytes32,bytes32)"
"""inference-facilitator 75573156, contracts/settlement.sol; both hashes indexed."""
METADATA_V1 = "SettlementWithMetadata(bytes32,bytes32,string,bytes,bytes)"
"""inference-facilitator 75573156, contracts/settlement.sol; both hashes indexed."""

TRANSFER = "Transfer(address,address,uint256)"
"""ERC-20; sender and recipient indexed."""
AUTHORIZATION_USED = "AuthorizationUsed(address,bytes32)"
"""EIP-3009; both indexed. Tokens emit it right before the transfer."""
PROXY_SETTLED = "Settled()"
"""x402's Permit2 proxies, coinbase/x402 dd927a26. They emit it right after the transfer."""
PROXY_SETTLED_WITH_PERMIT = "SettledWithPermit()"
"""The same, when the allowance came with the payment."""
