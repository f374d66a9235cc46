"""Real signatures for what the reference ledger is only told, and the calldata that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak

from tests.reference.statements import NOBODY, Channel, Exact, Receipt, Terms, Upto, Voucher
from veritally.devnet.usdc import DOMAIN_SEPARATOR as USDC_DOMAIN
from veritally.receipts import RECEIPT_TYPE, SettlementDomain, eip712_digest, eip712_domain_separator
from veritally.x402.addresses import CHANNELS_ADDRESS, COLLECTOR_ADDRESS, UPTO_PROXY_ADDRESS

WITHDRAW_DELAY_S = 86_400

_TOKEN_PERMISSIONS = "TokenPermissions(address token,uint256 amount)"
_WITNESS = "Witness(address to,address facilitator,uint256 validAfter)"
_PERMIT = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
    f"Witness witness){_TOKEN_PERMISSIONS}{_WITNESS}"
)
_TRANSFER = (
    "{}WithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    "bytes32 nonce)"
)
_CHANNEL = (
    "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,"
    "address token,uint40 withdrawDelay,bytes32 salt)"
)
_VOUCHER = "Voucher(bytes32 channelId,uint128 maxClaimableAmount)"


def struct_hash(type_: str, *values: Any) -> bytes:
    """EIP-712 hash of a struct; a member that is a struct itself comes as its hash."""
    members = type_[type_.index("(") + 1 : type_.index(")")].split(",")
    types = [member.split()[0] for member in members]
    words = [word if word[0].islower() else "bytes32" for word in types]
    return bytes(keccak(keccak(text=type_) + encode(words, values)))


def sign(account: LocalAccount, digest: bytes) -> bytes:
    return bytes(account.unsafe_sign_hash(Hash32(digest)).signature)


@dataclass(frozen=True)
class Signing:
    """The signing domains of one chain."""

    domain: SettlementDomain
    token: bytes
    permit2_domain: bytes

    @property
    def settlement(self) -> bytes:
        return bytes.fromhex(self.domain.settlement[2:])

    @property
    def channels_domain(self) -> bytes:
        return eip712_domain_separator("x402 Batch Settlement", "1", self.domain.chain_id, CHANNELS_ADDRESS)

    def receipt_hash(self, model_id: bytes, prover: bytes, receipt: Receipt) -> bytes:
        """Also of receipts that the SDK refuses to make."""
        hashes = (receipt.request_hash, receipt.response_hash)
        values = (model_id, prover, self.token, *hashes, receipt.payer, terms_word(receipt))
        return eip712_digest(self.domain.separator, struct_hash(RECEIPT_TYPE, *values))

    def channel(self, payer: bytes, receiver: bytes) -> Channel:
        config = channel_config(Channel(b"", payer, receiver, self.settlement, self.token))
        id_ = eip712_digest(self.channels_domain, struct_hash(_CHANNEL, *config))
        return Channel(id_, payer, receiver, self.settlement, self.token)

    def deposit(self, account: LocalAccount, channel: Channel, amount: int, salt: int) -> tuple[Any, ...]:
        """Arguments of the channel contract's `deposit`."""
        nonce = keccak(encode(("bytes32", "uint256"), (channel.id, salt)))
        signed = (channel.payer, COLLECTOR_ADDRESS, amount, 0, 2**48, nonce)
        signature = sign(
            account, eip712_digest(USDC_DOMAIN, struct_hash(_TRANSFER.format("Receive"), *signed))
        )
        data = encode(("uint256", "uint256", "uint256", "bytes"), (0, 2**48, salt, signature))
        return (channel_config(channel), amount, COLLECTOR_ADDRESS, data)

    def payment_data(self, account: LocalAccount, terms: Terms) -> bytes:
        """What Settlement is given to collect by, with the signature of `account` over the terms."""
        if isinstance(terms, Upto):
            return self._upto(account, terms)
        if isinstance(terms, Voucher):
            return self._voucher(account, terms)
        return self._exact(account, terms)

    def _upto(self, account: LocalAccount, terms: Upto) -> bytes:
        permitted = struct_hash(_TOKEN_PERMISSIONS, self.token, terms.max_base_units)
        witness = struct_hash(_WITNESS, terms.to, self.settlement, terms.valid_after_s)
        values = (permitted, UPTO_PROXY_ADDRESS, terms.nonce, terms.deadline_s, witness)
        signature = sign(account, eip712_digest(self.permit2_domain, struct_hash(_PERMIT, *values)))
        numbers = (terms.max_base_units, terms.nonce, terms.deadline_s, terms.valid_after_s)
        return encode(("(uint256,uint256,uint256,uint256,bytes)",), ((*numbers, signature),))

    def _voucher(self, account: LocalAccount, terms: Voucher) -> bytes:
        voucher = struct_hash(_VOUCHER, terms.channel.id, terms.max_base_units)
        signature = sign(account, eip712_digest(self.channels_domain, voucher))
        types = ("((address,address,address,address,address,uint40,bytes32),uint128,bytes)",)
        return encode(types, ((channel_config(terms.channel), terms.max_base_units, signature),))

    def _exact(self, account: LocalAccount, terms: Exact) -> bytes:
        window = (terms.valid_after_s, terms.valid_before_s, terms.nonce)
        hash_ = struct_hash(
            _TRANSFER.format("Transfer"), terms.signer, terms.to, terms.value_base_units, *window
        )
        signature = sign(account, eip712_digest(USDC_DOMAIN, hash_))
        return encode(("(uint256,uint256,bytes32,bytes)",), ((*window, signature),))


def terms_word(receipt: Receipt) -> int:
    small = receipt.served_at_s << 32 | receipt.floor << 24 | receipt.flags
    return receipt.nonce << 192 | receipt.amount_base_units << 96 | small


def channel_config(channel: Channel) -> tuple[Any, ...]:
    parties = (channel.payer, NOBODY, channel.receiver, channel.authorizer, channel.token)
    return (*parties, WITHDRAW_DELAY_S, bytes(32))


def receipt_argument(receipt: Receipt) -> Sequence[Any]:
    return (receipt.request_hash, receipt.response_hash, receipt.payer, terms_word(receipt))
