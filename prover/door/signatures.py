"""What payers sign on each route, and who signed it: local arithmetic only."""

from __future__ import annotations

from functools import lru_cache

from coincurve import PublicKey
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from veritally.payments import ExactPayment, UptoPayment
from veritally.receipts import eip712_digest, eip712_domain_separator
from veritally.x402 import ChannelDeposit, PaymentOffer
from veritally.x402.addresses import (
    CHANNELS_ADDRESS,
    COLLECTOR_ADDRESS,
    PERMIT2_ADDRESS,
    UPTO_PROXY_ADDRESS,
)
from veritally.x402.deposits import channel_id

_PERMIT2_DOMAIN_TYPEHASH = keccak(text="EIP712Domain(string name,uint256 chainId,address verifyingContract)")
_PERMITTED = "TokenPermissions(address token,uint256 amount)"
_WITNESS = "Witness(address to,address facilitator,uint256 validAfter)"
_PERMITTED_TYPEHASH = keccak(text=_PERMITTED)
_WITNESS_TYPEHASH = keccak(text=_WITNESS)
_UPTO_TYPEHASH = keccak(
    text="PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
    f"uint256 deadline,Witness witness){_PERMITTED}{_WITNESS}"
)
_AUTHORIZATION_FIELDS = (
    "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
)
_TRANSFER_TYPEHASH = keccak(text=f"TransferWithAuthorization({_AUTHORIZATION_FIELDS})")
_RECEIVE_TYPEHASH = keccak(text=f"ReceiveWithAuthorization({_AUTHORIZATION_FIELDS})")
_VOUCHER_TYPEHASH = keccak(text="Voucher(bytes32 channelId,uint128 maxClaimableAmount)")
_AUTHORIZATION = ("bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def upto_digest(payment: UptoPayment, offer: PaymentOffer) -> bytes:
    """EIP-712 digest that a payer signs for Permit2 on the route `upto`."""
    permitted = _struct(
        (_PERMITTED_TYPEHASH, offer.asset, payment.max_amount_base_units),
        ("bytes32", "address", "uint256"),
    )
    facilitator = offer.extra["facilitatorAddress"]
    witness = _struct(
        (_WITNESS_TYPEHASH, offer.pay_to, facilitator, payment.valid_after_s),
        ("bytes32", "address", "address", "uint256"),
    )
    signed = _struct(
        (_UPTO_TYPEHASH, permitted, UPTO_PROXY_ADDRESS, payment.nonce, payment.deadline_s, witness),
        ("bytes32", "bytes32", "address", "uint256", "uint256", "bytes32"),
    )
    return eip712_digest(_permit2_domain(offer.chain_id), signed)


def exact_digest(payment: ExactPayment, payer: str, offer: PaymentOffer) -> bytes:
    """EIP-712 digest that a payer signs for the token on the route `exact`."""
    window = (payment.valid_after_s, payment.valid_before_s)
    words = (_TRANSFER_TYPEHASH, payer, offer.pay_to, offer.amount_base_units, *window, payment.nonce)
    return eip712_digest(_token_domain(offer), _struct(words, _AUTHORIZATION))


def voucher_digest(channel: bytes, max_claimable_base_units: int, chain_id: int) -> bytes:
    """EIP-712 digest that a payer signs for x402's channels."""
    domain = eip712_domain_separator("x402 Batch Settlement", "1", chain_id, CHANNELS_ADDRESS)
    words = (_VOUCHER_TYPEHASH, channel, max_claimable_base_units)
    return eip712_digest(domain, _struct(words, ("bytes32", "bytes32", "uint128")))


def deposit_digest(deposit: ChannelDeposit, offer: PaymentOffer) -> bytes:
    """EIP-712 digest that a payer signs for the token to bring money into a channel."""
    words = (
        _RECEIVE_TYPEHASH,
        deposit.channel.payer,
        COLLECTOR_ADDRESS,
        deposit.amount_base_units,
        deposit.valid_after_s,
        deposit.valid_before_s,
        deposit_nonce(deposit, offer.chain_id),
    )
    return eip712_digest(_token_domain(offer), _struct(words, _AUTHORIZATION))


def deposit_nonce(deposit: ChannelDeposit, chain_id: int) -> bytes:
    """EIP-3009 nonce of a deposit."""
    return _struct((channel_id(deposit.channel, chain_id), deposit.salt), ("bytes32", "uint256"))


def recover_signer(digest: bytes, signature: bytes) -> str | None:
    """Checksummed address of the key that made a 65-byte signature; None when it is none that tokens take."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64]) > _HALF_ORDER:
        return None
    try:
        recoverable = signature[:64] + bytes([signature[64] - 27])
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:
        return None
    return str(to_checksum_address(keccak(key.format(compressed=False)[1:])[12:]))


@lru_cache(maxsize=16)
def _permit2_domain(chain_id: int) -> bytes:
    return _struct(
        (_PERMIT2_DOMAIN_TYPEHASH, keccak(text="Permit2"), chain_id, PERMIT2_ADDRESS),
        ("bytes32", "bytes32", "uint256", "address"),
    )


def _token_domain(offer: PaymentOffer) -> bytes:
    name, version = str(offer.extra["name"]), str(offer.extra["version"])
    return eip712_domain_separator(name, version, offer.chain_id, offer.asset)


def _struct(words: tuple[object, ...], types: tuple[str, ...]) -> bytes:
    return bytes(keccak(encode(types, words)))
