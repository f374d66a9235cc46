"""A software root that makes attestation documents in Nitro's format, right ones and wrong ones.

DEVELOPMENT ONLY - NOT A TEE: every key is derived from a public word, so that each run makes
the same documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256, sha384, sha512

from Crypto.Hash import SHA384
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS
from eth_utils.crypto import keccak
from nitro_encoding import (
    ALGORITHM,
    KEY_ALGORITHM,
    NULL,
    SEQUENCE,
    array,
    bit_string,
    byte_string,
    constraints,
    entries,
    head,
    integer,
    name,
    signature_bits,
    text,
    time,
    tlv,
    usage,
)

from veritally.attestation.p384 import make_hint

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
NOW_S = 1_800_000_000
"""When the documents are made, in Unix seconds."""
CONSTRAINTS_OF_CA = bytes.fromhex("0101ff")
VERSION_3 = bytes.fromhex("a003020102")
PROTECTED_HEADER = bytes.fromhex("a1013822")

Signer = Callable[[int, int], bytes]


def key_of(label: str) -> ECC.EccKey:
    """The key that belongs to a label."""
    number = int.from_bytes(sha512(b"veritally nitro vectors " + label.encode()).digest(), "big")
    return ECC.construct(curve="P-384", d=number % (ORDER - 1) + 1)


def public_bytes(label: str) -> bytes:
    """x and y of a label's public key."""
    point = key_of(label).pointQ
    return int(point.x).to_bytes(48, "big") + int(point.y).to_bytes(48, "big")


def sign(label: str, message: bytes) -> tuple[int, int]:
    """r and s of the label's signature over SHA-384 of the message (RFC 6979)."""
    raw = DSS.new(key_of(label), "deterministic-rfc6979").sign(SHA384.new(message))
    return int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")


def hint_of(label: str, message: bytes, r: int, s: int) -> bytes:
    """The hint for a signature of the label's key."""
    return make_hint(sha384(message).digest(), r, s, public_bytes(label))


@dataclass(frozen=True)
class Cert:
    """A certificate, each part as the bytes that it gets."""

    label: str
    """Names its key and its subject."""
    issuer: str
    version: bytes = VERSION_3
    serial: bytes = integer(0x1234)
    algorithm: bytes = ALGORITHM
    issuer_name: bytes | None = None
    not_before: bytes = time(NOW_S - 300)
    not_after: bytes = time(NOW_S + 86_400)
    validity_tail: bytes = b""
    key_info: bytes | None = None
    extensions: tuple[bytes, ...] = (constraints(CONSTRAINTS_OF_CA), usage("0204"))
    extensions_tail: bytes = b""
    before_extensions: bytes = b""
    outer_algorithm: bytes = ALGORITHM
    signer: str | None = None
    """Whose key signs; the issuer's when none is named."""
    numbers: Callable[[int, int], tuple[int, int]] = field(default=lambda r, s: (r, s))
    """Makes another signature of r and s."""
    signature: Signer = signature_bits
    tail: bytes = b""
    edit: Callable[[bytes], bytes] = field(default=lambda der: der)
    """Changes the finished bytes."""

    def signed_part(self) -> bytes:
        """The part that is signed."""
        issuer = name(self.issuer) if self.issuer_name is None else self.issuer_name
        key_info = self.key_info or tlv(
            SEQUENCE, KEY_ALGORITHM, bit_string(b"\x04" + public_bytes(self.label))
        )
        validity = tlv(SEQUENCE, self.not_before, self.not_after, self.validity_tail)
        extensions = tlv(0xA3, tlv(SEQUENCE, *self.extensions), self.extensions_tail)
        return tlv(
            SEQUENCE,
            self.version,
            self.serial,
            self.algorithm,
            issuer,
            validity,
            name(self.label),
            key_info,
            self.before_extensions,
            extensions if self.extensions else b"",
        )


@cache
def encode(certificate: Cert) -> tuple[bytes, bytes]:
    """The certificate as bytes, and the hint for its signature."""
    signed = certificate.signed_part()
    signer = certificate.signer or certificate.issuer
    r, s = certificate.numbers(*sign(signer, signed))
    der = tlv(SEQUENCE, signed, certificate.outer_algorithm, certificate.signature(r, s)) + certificate.tail
    return certificate.edit(der), hint_of(signer, signed, r, s)


def raw_signature(r: int, s: int) -> bytes:
    """A signature as documents hold it."""
    return byte_string(r.to_bytes(48, "big") + s.to_bytes(48, "big"))


ROOT = Cert("root", "root", not_after=time(NOW_S + 3650 * 86_400))
INSTANCE = Cert(
    "instance",
    "root",
    extensions=(constraints(CONSTRAINTS_OF_CA, integer(0)), usage("0204")),
    serial=integer(1),
)
LEAF = Cert(
    "enclave",
    "instance",
    not_after=time(NOW_S + 10_800),
    extensions=(constraints(), usage("0780")),
    serial=integer(0xE0083B70B784C89706E956617541349D014E8FDE),
)
CHAIN = (ROOT, INSTANCE, LEAF)


def pcr(index: int, value: bytes | None = None) -> tuple[bytes, bytes]:
    """The entry of a register in the map of registers."""
    return head(0, index), byte_string(bytes([0x10 + index]) * 48 if value is None else value)


def fields(chain: tuple[bytes, ...]) -> dict[str, bytes]:
    """The payload's keys and encoded values for an encoded chain."""
    return {
        "module_id": text("i-development-enc0"),
        "digest": text("SHA384"),
        "timestamp": head(0, NOW_S * 1_000),
        "pcrs": entries(*(pcr(index) for index in range(5))),
        "certificate": byte_string(chain[-1]),
        "cabundle": array(*(byte_string(certificate) for certificate in chain[:-1])),
        "public_key": byte_string(b"public key"),
        "user_data": byte_string(b"user data"),
        "nonce": NULL,
    }


@dataclass(frozen=True)
class Made:
    """A document as bytes, and what it was made of."""

    document: bytes
    hints: tuple[bytes, ...]
    chain: tuple[bytes, ...]
    payload: bytes

    def identifiers(self, count: int) -> tuple[bytes]:
        """The id under which the certificate is cached that is `count` down from the top."""
        identifier = bytes(32)
        for certificate in self.chain[:count]:
            identifier = keccak(identifier + keccak(certificate))
        return (identifier,)

    def fingerprints(self) -> tuple[bytes, bytes]:
        """SHA-256 of the first certificate and of the pinned root."""
        return sha256(self.chain[0]).digest(), sha256(encode(ROOT)[0]).digest()


@dataclass(frozen=True)
class Document:
    """A document, each part as the bytes that it gets."""

    chain: tuple[Cert, ...] = CHAIN
    values: Mapping[str, bytes] = field(default_factory=dict)
    """Encoded values that replace the right ones."""
    without: tuple[str, ...] = ()
    payload: Callable[[dict[str, bytes]], bytes] = field(
        default=lambda values: entries(*((text(key), value) for key, value in values.items()))
    )
    prefix: bytes = b""
    parts_head: bytes = b"\x84"
    protected: bytes = byte_string(PROTECTED_HEADER)
    unprotected: bytes = b"\xa0"
    payload_item: Callable[[bytes], bytes] = byte_string
    signer: str | None = None
    """Whose key signs; the last certificate's when none is named."""
    signature: Signer = raw_signature
    tail: bytes = b""

    def make(self) -> Made:
        """Signs and encodes everything."""
        encoded = [encode(certificate) for certificate in self.chain]
        chain = tuple(der for der, _ in encoded)
        values = fields(chain) | dict(self.values)
        payload = self.payload({key: value for key, value in values.items() if key not in self.without})
        message = (
            b"\x84" + text("Signature1") + self.protected + byte_string(b"") + self.payload_item(payload)
        )
        signer = self.signer or self.chain[-1].label
        r, s = sign(signer, message)
        document = b"".join(
            (
                self.prefix,
                self.parts_head,
                self.protected,
                self.unprotected,
                self.payload_item(payload),
                self.signature(r, s),
                self.tail,
            )
        )
        hints = (*(hint for _, hint in encoded[1:]), hint_of(signer, message, r, s))
        return Made(document, hints, chain, payload)


def with_leaf(**changes: object) -> Document:
    """A document whose last certificate is changed."""
    return Document(chain=(ROOT, INSTANCE, replace(LEAF, **changes)))  # type: ignore[arg-type]


def with_instance(**changes: object) -> Document:
    """A document whose last authority is changed."""
    return Document(chain=(ROOT, replace(INSTANCE, **changes), LEAF))  # type: ignore[arg-type]
