"""What the chain says about payers, payments and channels."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from prover.door.errors import NodeUnavailableError
from prover.door.node_reads import NodeReads
from prover.door.signatures import recover_signer
from veritally.x402.addresses import CHANNELS_ADDRESS, PERMIT2_ADDRESS

_BALANCE_OF = keccak(text="balanceOf(address)")[:4]
_ALLOWANCE = keccak(text="allowance(address,address)")[:4]
_NONCE_BITMAP = keccak(text="nonceBitmap(address,uint256)")[:4]
_AUTHORIZATION_STATE = keccak(text="authorizationState(address,bytes32)")[:4]
_CHANNELS = keccak(text="channels(bytes32)")[:4]
_WITHDRAWALS = keccak(text="pendingWithdrawals(bytes32)")[:4]
_REFUND_NONCE = keccak(text="refundNonce(bytes32)")[:4]
_IS_VALID_SIGNATURE = keccak(text="isValidSignature(bytes32,bytes)")[:4]


@dataclass(frozen=True)
class ChannelOnChain:
    """A channel as x402's contract has it."""

    balance_base_units: int
    claimed_base_units: int
    withdraw_requested_at_s: int
    """Unix time; 0 when its payer did not ask for its money back."""
    refund_nonce: int


class ChainState:
    """Typed reads. Each method raises NodeUnavailableError when no node answers, or nonsense."""

    def __init__(self, reads: NodeReads) -> None:
        self.reads = reads

    async def balance_base_units(self, token: str, account: str) -> int:
        """What an account holds."""
        return await self._uint(token, _BALANCE_OF, ("address",), account)

    async def permit2_allowance_base_units(self, token: str, account: str) -> int:
        """What Permit2 may take from an account."""
        return await self._uint(token, _ALLOWANCE, ("address", "address"), account, PERMIT2_ADDRESS)

    async def is_permit2_nonce_used(self, account: str, nonce: int) -> bool:
        """Whether Permit2 took a payment with this nonce, or its payer gave it up."""
        bits = await self._uint(PERMIT2_ADDRESS, _NONCE_BITMAP, ("address", "uint256"), account, nonce >> 8)
        return bool(bits >> (nonce & 0xFF) & 1)

    async def is_authorization_used(self, token: str, account: str, nonce: bytes) -> bool:
        """Whether the token took an EIP-3009 authorisation, or its payer cancelled it."""
        words = ("address", "bytes32")
        return bool(await self._uint(token, _AUTHORIZATION_STATE, words, account, nonce))

    async def channel(self, channel_id: bytes, oldest_s: float | None = None) -> ChannelOnChain:
        """A channel as it was `oldest_s` seconds ago at most; all zero when it was never opened."""
        money, withdrawal, refunds = await asyncio.gather(
            self._words(_CHANNELS, ("uint128", "uint128"), channel_id, oldest_s),
            self._words(_WITHDRAWALS, ("uint128", "uint40"), channel_id, oldest_s),
            self._words(_REFUND_NONCE, ("uint256",), channel_id, oldest_s),
        )
        return ChannelOnChain(money[0], money[1], withdrawal[1], refunds[0])

    async def is_signed_by(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Whether a plain key signed, or the contract at its address says so (ERC-1271)."""
        if not await self.reads.code(account):
            return recover_signer(digest, signature) == account
        arguments = encode(("bytes32", "bytes"), (digest, signature))
        returned = await self.reads.call(account, _IS_VALID_SIGNATURE + arguments)
        return returned is not None and len(returned) == 32 and returned[:4] == _IS_VALID_SIGNATURE

    async def _words(
        self, selector: bytes, types: tuple[str, ...], channel_id: bytes, oldest_s: float | None
    ) -> tuple[int, ...]:
        returned = await self.reads.call(CHANNELS_ADDRESS, selector + channel_id, oldest_s)
        if returned is None or len(returned) != 32 * len(types):
            raise NodeUnavailableError("the node", f"there is no contract of x402 at {CHANNELS_ADDRESS}")
        return tuple(decode(types, returned))

    async def _uint(self, to: str, selector: bytes, types: tuple[str, ...], *arguments: object) -> int:
        returned = await self.reads.call(to, selector + encode(types, arguments))
        if returned is None or len(returned) < 32:
            raise NodeUnavailableError("the node", f"nothing answers at {to}")
        return int.from_bytes(returned[:32])
