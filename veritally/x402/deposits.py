"""Payment channels of the scheme `batch-settlement`: what identifies them, and how money gets into them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.payments import ChannelConfig
from veritally.receipts import eip712_digest, eip712_domain_separator
from veritally.x402.addresses import CHANNELS_ADDRESS, COLLECTOR_ADDRESS

_CONFIG_WORDS = ("address", "address", "address", "address", "address", "uint40", "bytes32")
_CONFIG_TYPEHASH = keccak(
    text="ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,"
    "address token,uint40 withdrawDelay,bytes32 salt)"
)
_CONFIG = f"({','.join(_CONFIG_WORDS)})"
_DEPOSIT = (_CONFIG, "uint128", "address", "bytes")
_DEPOSIT_SELECTOR = keccak(text=f"deposit({','.join(_DEPOSIT)})")[:4]


@lru_cache(maxsize=4096)
def channel_id(channel: ChannelConfig, chain_id: int) -> bytes:
    """EIP-712 digest of a channel on a chain: what its vouchers name."""
    domain = eip712_domain_separator("x402 Batch Settlement", "1", chain_id, CHANNELS_ADDRESS)
    words = encode(("bytes32", *_CONFIG_WORDS), (_CONFIG_TYPEHASH, *channel.as_tuple()))
    return eip712_digest(domain, keccak(words))


@dataclass(frozen=True)
class ChannelDeposit:
    """Money that x402's collector may take into a channel, by EIP-3009. Anybody may bring it there."""

    channel: ChannelConfig
    amount_base_units: int
    valid_after_s: int
    valid_before_s: int
    salt: int
    """Makes the authorisation's nonce, together with the channel."""
    signature: bytes
    """The payer's, over its EIP-3009 authorisation."""

    def calldata(self) -> bytes:
        """Calldata for x402's channels, at `CHANNELS_ADDRESS`."""
        window = (self.valid_after_s, self.valid_before_s, self.salt, self.signature)
        data = encode(("uint256", "uint256", "uint256", "bytes"), window)
        arguments = (self.channel.as_tuple(), self.amount_base_units, COLLECTOR_ADDRESS, data)
        return bytes(_DEPOSIT_SELECTOR) + encode(_DEPOSIT, arguments)
