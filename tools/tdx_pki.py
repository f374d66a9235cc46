"""Keys, certificates and revocation lists in the form of Intel's, below a root of our own.

DEVELOPMENT ONLY - NOT A TEE: every key is derived from a public word, so that each run makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha512

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS
from nitro_encoding import (
    BIT_STRING,
    BOOLEAN,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    bit_string,
    constraints,
    extension,
    integer,
    name,
    time,
    tlv,
    usage,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NOW_S = 1_800_000_000
"""When the quotes are judged, in Unix seconds."""
DAY_S = 86_400
ENUMERATED = 0x0A
ALGORITHM = bytes.fromhex("300a06082a8648ce3d040302")
"""ECDSA with SHA-256."""
KEY_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
"""A key on P-256."""
VERSION_3 = bytes.fromhex("a003020102")
SGX = bytes.fromhex("2a864886f84d010d01")
"""Intel's extension, 1.2.840.113741.1.13.1; what is in it starts with the same numbers."""
CRL_NUMBER, REASON = bytes.fromhex("551d14"), bytes.fromhex("551d15")
CA_FLAG = bytes.fromhex("0101ff")


def key_of(label: str) -> ECC.EccKey:
    """The key that belongs to a label."""
    number = int.from_bytes(sha512(b"veritally tdx vectors " + label.encode()).digest(), "big")
    return ECC.construct(curve="P-256", d=number % (ORDER - 1) + 1)


def public_bytes(label: str) -> bytes:
    """x and y of a label's public key."""
    point = key_of(label).pointQ
    return int(point.x).to_bytes(32, "big") + int(point.y).to_bytes(32, "big")


def sign(label: str, message: bytes) -> bytes:
    """r and s of the label's signature over SHA-256 of the message (RFC 6979)."""
    return DSS.new(key_of(label), "deterministic-rfc6979").sign(SHA256.new(message))


def sign_der(label: str, message: bytes) -> bytes:
    """The same as a SEQUENCE."""
    raw = sign(label, message)
    return tlv(SEQUENCE, *(integer(int.from_bytes(half, "big")) for half in (raw[:32], raw[32:])))


def entry(suffix: str, value: bytes) -> bytes:
    """A pair in Intel's extension."""
    return tlv(SEQUENCE, tlv(OBJECT_IDENTIFIER, SGX + bytes.fromhex(suffix)), value)


def octets(value: bytes) -> bytes:
    """A DER OCTET STRING."""
    return tlv(OCTET_STRING, value)


@dataclass(frozen=True)
class Machine:
    """What Intel's extension says about a machine, each part as the bytes that it gets."""

    components: tuple[int, ...] = (2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    pce_svn: bytes = integer(11)
    cpu_svn: bytes = octets(bytes((2, 2, 2, 2, 3, 1, 0, 5)) + bytes(8))
    pce_id: bytes = octets(bytes(2))
    fmspc: bytes = octets(bytes.fromhex("50806f000000"))
    edit: Callable[[list[bytes]], list[bytes]] = field(default=lambda entries: entries)
    """Changes the list of entries."""

    def svns(self) -> bytes:
        """The entry with the versions of the machine's parts."""
        numbered = [
            entry(f"02{index + 1:02x}", integer(component)) for index, component in enumerate(self.components)
        ]
        return entry("02", tlv(SEQUENCE, *numbered, entry("0211", self.pce_svn), entry("0212", self.cpu_svn)))

    def extension(self) -> bytes:
        """The extension."""
        flags = [entry(f"07{index:02x}", tlv(BOOLEAN, b"\xff")) for index in (1, 2, 3)]
        entries = [
            entry("01", octets(b"\x11" * 16)),
            self.svns(),
            entry("03", self.pce_id),
            entry("04", self.fmspc),
            entry("05", tlv(ENUMERATED, b"\x01")),
            entry("06", octets(b"\x22" * 16)),
            entry("07", tlv(SEQUENCE, *flags)),
        ]
        return extension(SGX, tlv(SEQUENCE, *self.edit(entries)), critical=b"")


@dataclass(frozen=True)
class Cert:
    """A certificate, each part as the bytes that it gets."""

    label: str
    """Names its key and its subject."""
    issuer: str
    version: bytes = VERSION_3
    serial: bytes = integer(0x1234)
    algorithm: bytes = ALGORITHM
    not_before: bytes = time(NOW_S - DAY_S)
    not_after: bytes = time(NOW_S + 700 * DAY_S)
    key_algorithm: bytes = KEY_ALGORITHM
    extensions: tuple[bytes, ...] = (usage("0106"), constraints(CA_FLAG, integer(0)))
    issuer_name: str | None = None
    """The issuer's when none is named."""
    subject: bytes | None = None
    """The label's name when there is none."""
    signer: str | None = None
    """Whose key signs; the issuer's when none is named."""
    outer_algorithm: bytes = ALGORITHM
    unused_bits: bytes = b"\0"
    """What the signature's BIT STRING says first."""
    tail: bytes = b""

    def signed_part(self) -> bytes:
        """The part that is signed."""
        return tlv(
            SEQUENCE,
            self.version,
            self.serial,
            self.algorithm,
            name(self.issuer_name or self.issuer),
            tlv(SEQUENCE, self.not_before, self.not_after),
            self.subject or name(self.label),
            tlv(SEQUENCE, self.key_algorithm, bit_string(b"\x04" + public_bytes(self.label))),
            tlv(0xA3, tlv(SEQUENCE, *self.extensions)),
        )


@cache
def encode(certificate: Cert) -> bytes:
    """The certificate as bytes."""
    signed = certificate.signed_part()
    numbers = sign_der(certificate.signer or certificate.issuer, signed)
    signature = tlv(BIT_STRING, certificate.unused_bits, numbers)
    return tlv(SEQUENCE, signed, certificate.outer_algorithm, signature) + certificate.tail


@dataclass(frozen=True)
class Crl:
    """A revocation list, each part as the bytes that it gets."""

    issuer: str
    version: bytes = integer(1)
    algorithm: bytes = ALGORITHM
    this_update: bytes = time(NOW_S - DAY_S)
    next_update: bytes = time(NOW_S + 29 * DAY_S)
    serials: tuple[int, ...] = ()
    entry_extensions: bytes = tlv(SEQUENCE, extension(REASON, tlv(ENUMERATED, b"\x01"), critical=b""))
    extensions: bytes = tlv(0xA0, tlv(SEQUENCE, extension(CRL_NUMBER, integer(1), critical=b"")))
    issuer_name: str | None = None
    signer: str | None = None
    """Whose key signs; the issuer's when none is named."""
    outer_algorithm: bytes = ALGORITHM
    tail: bytes = b""

    def encode(self) -> bytes:
        """The list as bytes."""
        revoked = [
            tlv(SEQUENCE, integer(serial), time(NOW_S - 2 * DAY_S), self.entry_extensions)
            for serial in self.serials
        ]
        signed = tlv(
            SEQUENCE,
            self.version,
            self.algorithm,
            name(self.issuer_name or self.issuer),
            self.this_update,
            self.next_update,
            tlv(SEQUENCE, *revoked) if revoked else b"",
            self.extensions,
        )
        signature = bit_string(sign_der(self.signer or self.issuer, signed))
        return tlv(SEQUENCE, signed, self.outer_algorithm, signature) + self.tail


ROOT_LABEL, CA_LABEL, LEAF_LABEL, SIGNER_LABEL = "Root CA", "PCK Platform CA", "PCK", "Intel SGX TCB Signing"
ROOT = Cert(
    ROOT_LABEL,
    ROOT_LABEL,
    not_after=time(NOW_S + 9_000 * DAY_S),
    extensions=(usage("0106"), constraints(CA_FLAG, integer(2))),
)
CA = Cert(CA_LABEL, ROOT_LABEL, serial=integer(0x4321))
LEAF = Cert(
    LEAF_LABEL,
    CA_LABEL,
    serial=integer(0x77),
    not_after=time(NOW_S + 60 * DAY_S),
    extensions=(usage("06c0"), constraints(), Machine().extension()),
)
SIGNER = Cert(SIGNER_LABEL, ROOT_LABEL, serial=integer(0x99), extensions=(usage("06c0"), constraints()))
ROOT_CRL = Crl(ROOT_LABEL, next_update=time(NOW_S + 300 * DAY_S))
CA_CRL = Crl(CA_LABEL, serials=(0x5001, 0x5002, 0xE0083B70B784C89706E956617541349D014E8FDE))
