"""Receipts and the EIP-712 digests that provers, enclaves and the contract agree on.

The types are those of `contracts/types/Group.sol`, `contracts/types/Terms.sol` and
`contracts/libraries/ReceiptHash.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from eth_abi.abi import encode
from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from veritally.deployment import Deployment
from veritally.errors import InvalidReceiptError
from veritally.merkle import merkle_root
from veritally.tiers import SETTLED_TIERS, Tier

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"

RECEIPT_TYPE = (
    "Receipt(bytes32 modelId,address prover,address asset,bytes32 requestHash,bytes32 responseHash,"
    "address payer,uint256 terms)"
)
GROUP_TYPE = "Group(bytes32 root,bytes4 route)"
AUTHORIZATION_TYPE = "Authorization(bytes32 root,bytes4 route,bytes32 paymentsHash)"

_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_RECEIPT_TYPEHASH = keccak(text=RECEIPT_TYPE)
_GROUP_TYPEHASH = keccak(text=GROUP_TYPE)
_AUTHORIZATION_TYPEHASH = keccak(text=AUTHORIZATION_TYPE)
_RECEIPT_FIELDS = RECEIPT_TYPE.removeprefix("Receipt(").removesuffix(")").split(",")
_RECEIPT_WORDS = ("bytes32", *(field.split(" ")[0] for field in _RECEIPT_FIELDS))


@cache
def eip712_domain_separator(name: str, version: str, chain_id: int, contract: str) -> bytes:
    """EIP-712 domain separator of one of our contracts."""
    types = ("bytes32", "bytes32", "bytes32", "uint256", "address")
    values = (keccak(text=_DOMAIN_TYPE), keccak(text=name), keccak(text=version), chain_id, contract)
    return bytes(keccak(encode(types, values)))


def eip712_digest(domain_separator: bytes, struct_hash: bytes) -> bytes:
    """EIP-712 digest of a struct hash: what is signed."""
    return bytes(keccak(b"\x19\x01" + domain_separator + struct_hash))


@dataclass(frozen=True)
class GroupTerms:
    """What all receipts of a group share.

    Raises:
        InvalidReceiptError: a field is out of its range.
    """

    model_id: bytes
    prover: str
    """Address of the prover; stored with checksum."""
    asset: str
    """ERC-20 token in which the receipts are charged; stored with checksum."""

    def __post_init__(self) -> None:
        _require_hash("model_id", self.model_id)
        object.__setattr__(self, "prover", _checked_address("prover", self.prover))
        object.__setattr__(self, "asset", _checked_address("asset", self.asset))


@dataclass(frozen=True)
class Receipt:
    """The claim about one inference.

    Raises:
        InvalidReceiptError: a field is out of its range.
    """

    request_hash: bytes
    response_hash: bytes
    payer: str
    """Who pays; stored with checksum. `ZERO_ADDRESS` exactly when the amount is zero."""
    amount_base_units: int
    """Charged amount in base units of the group's asset."""
    served_at_s: int
    """Unix time in seconds."""
    nonce: int
    """The prover's own number for this receipt: unordered, used once."""
    floor: Tier
    """Lowest tier that the payer accepts."""

    def __post_init__(self) -> None:
        _require_hash("request_hash", self.request_hash)
        _require_hash("response_hash", self.response_hash)
        object.__setattr__(self, "payer", _checked_address("payer", self.payer))
        require_uint("amount_base_units", self.amount_base_units, bits=96)
        require_uint("served_at_s", self.served_at_s, bits=64)
        require_uint("nonce", self.nonce, bits=64)
        object.__setattr__(self, "floor", _checked_floor(self.floor))
        if (self.payer == ZERO_ADDRESS) != (self.amount_base_units == 0):
            raise InvalidReceiptError("payer", self.payer, "must be zero exactly when the amount is zero")

    @property
    def terms(self) -> int:
        """Nonce (64 bits), amount (96), servedAt (64), floor (8) and 24 zero bits, in one word."""
        small = self.served_at_s << 32 | int(self.floor) << 24
        return self.nonce << 192 | self.amount_base_units << 96 | small


@dataclass(frozen=True)
class SettlementDomain:
    """The EIP-712 domain of one Settlement contract."""

    chain_id: int
    settlement: str
    """Address of the Settlement contract."""

    @classmethod
    def of(cls, deployment: Deployment) -> SettlementDomain:
        """Domain of a deployment."""
        return cls(deployment.chain_id, deployment.settlement)

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        return eip712_domain_separator("Veritally", "1", self.chain_id, self.settlement)

    def receipt_hash(self, terms: GroupTerms, receipt: Receipt) -> bytes:
        """EIP-712 digest of a receipt: a leaf of its group's Merkle tree."""
        values = (
            _RECEIPT_TYPEHASH,
            terms.model_id,
            terms.prover,
            terms.asset,
            receipt.request_hash,
            receipt.response_hash,
            receipt.payer,
            receipt.terms,
        )
        return eip712_digest(self.separator, keccak(encode(_RECEIPT_WORDS, values)))

    def receipts_root(self, terms: GroupTerms, receipts: Sequence[Receipt]) -> bytes:
        """Merkle root over the hashes of `receipts`, in their order.

        Raises:
            InvalidMerkleInputError: there are no receipts.
        """
        return merkle_root([self.receipt_hash(terms, receipt) for receipt in receipts])

    def group_digest(self, root: bytes, route: bytes) -> bytes:
        """EIP-712 digest of a group with this root and 4-byte route: what provers and enclaves sign."""
        struct_hash = keccak(encode(("bytes32", "bytes32", "bytes4"), (_GROUP_TYPEHASH, root, route)))
        return eip712_digest(self.separator, struct_hash)

    def authorization_digest(self, root: bytes, route: bytes, payments_hash: bytes) -> bytes:
        """EIP-712 digest of a prover's leave for anybody to submit the group with these payments.

        `payments_hash` is that of `veritally.payments`.
        """
        types, words = ("bytes32", "bytes32", "bytes4", "bytes32"), (root, route, payments_hash)
        return eip712_digest(self.separator, keccak(encode(types, (_AUTHORIZATION_TYPEHASH, *words))))


def require_uint(field: str, value: object, *, bits: int) -> None:
    """Checks that `value` fits a `uint<bits>`.

    Raises:
        InvalidReceiptError: it does not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
        raise InvalidReceiptError(field, value, f"must be an integer from 0 to 2^{bits}-1")


def _require_hash(field: str, value: object) -> None:
    if not isinstance(value, bytes) or len(value) != 32:
        raise InvalidReceiptError(field, value, "must be 32 bytes")


def _checked_address(field: str, value: object) -> str:
    checked = _checksummed(value) if isinstance(value, str) else None
    if checked is None:
        raise InvalidReceiptError(field, value, "must be a hex address; mixed case must be its checksum")
    return checked


@lru_cache(maxsize=10_000)
def _checksummed(value: str) -> str | None:
    """The address with its checksum, which takes a hash; None when it is none."""
    if not is_hex_address(value) or not _may_be_checksummed(value):
        return None
    return str(to_checksum_address(value))


def _may_be_checksummed(address: str) -> bool:
    digits = address.removeprefix("0x")
    return digits in (digits.lower(), digits.upper()) or is_checksum_address(address)


def _checked_floor(value: object) -> Tier:
    for tier in SETTLED_TIERS:
        if value == tier and not isinstance(value, bool):
            return tier
    raise InvalidReceiptError("floor", value, "must be one of the tiers 1 (signed), 2 (tee), 3 (zkml)")
