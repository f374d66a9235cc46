"""X.509 certificates of the platforms, read as strictly as `contracts/attestation/X509.sol` does."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from veritally.attestation.certificate_extensions import read_extensions
from veritally.attestation.der import SEQUENCE, DerReader
from veritally.attestation.ecdsa import P256, P384, EcdsaScheme
from veritally.attestation.errors import CertificateRefusedError

_VERSION_3 = bytes.fromhex("a003020102")
_LONGEST_SERIAL_BYTES = 20


@dataclass(frozen=True)
class CertificateProfile:
    """What all certificates of a platform have in common."""

    scheme: EcdsaScheme
    longest_bytes: int
    signature_algorithm: bytes
    """DER of the AlgorithmIdentifier."""
    key_prefix: bytes
    """DER of the public key's field up to the uncompressed point."""


NITRO_PROFILE = CertificateProfile(
    scheme=P384,
    longest_bytes=1_024,
    signature_algorithm=bytes.fromhex("300a06082a8648ce3d040303"),
    key_prefix=bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"),
)
INTEL_PROFILE = CertificateProfile(
    scheme=P256,
    longest_bytes=4_096,
    signature_algorithm=bytes.fromhex("300a06082a8648ce3d040302"),
    key_prefix=bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
)


@dataclass(frozen=True)
class Certificate:
    """What of a certificate is verified."""

    serial_number: int
    issuer: bytes
    """DER of the name."""
    subject: bytes
    """DER of the name."""
    not_before_s: int
    """Unix seconds, inclusive."""
    not_after_s: int
    """Unix seconds, inclusive."""
    public_key: bytes
    """x || y."""
    is_ca: bool
    path_length: int | None
    """How many certificates of authorities may follow; None: no limit."""
    signed_part: bytes
    """The DER that its issuer signed."""
    signature: bytes
    """r || s."""
    fingerprint: bytes
    """SHA-256 of the whole DER; only roots are known by it, since the signatures of others have twins."""


def parse_certificate(encoded: bytes, profile: CertificateProfile) -> Certificate:
    """Reads a DER certificate, which must be of the profile.

    Raises:
        EncodingRefusedError: it is not strict DER.
        CertificateRefusedError: it is not an X.509 v3 certificate of the kind that the platform issues.
    """
    if len(encoded) > profile.longest_bytes:
        raise CertificateRefusedError("CertificateTooLong", length=len(encoded), max=profile.longest_bytes)
    outer = DerReader(DerReader(encoded).read_last(SEQUENCE))
    signed_part = outer.read_whole(SEQUENCE)
    _read_fixed(outer, profile.signature_algorithm, "WrongSignatureAlgorithm")
    signature = _read_signature(outer, profile.scheme)
    body = DerReader(DerReader(signed_part).read_last(SEQUENCE))
    _read_fixed(body, _VERSION_3, "NotVersion3")
    serial_number = _read_serial_number(body)
    _read_fixed(body, profile.signature_algorithm, "WrongSignatureAlgorithm")
    issuer = body.read_whole(SEQUENCE)
    not_before_s, not_after_s = _read_validity(body)
    subject = body.read_whole(SEQUENCE)
    public_key = _read_public_key(body, profile)
    extensions = read_extensions(body)
    return Certificate(
        serial_number=serial_number,
        issuer=issuer,
        subject=subject,
        not_before_s=not_before_s,
        not_after_s=not_after_s,
        public_key=public_key,
        is_ca=extensions.is_ca,
        path_length=extensions.path_length,
        signed_part=signed_part,
        signature=signature,
        fingerprint=sha256(encoded).digest(),
    )


def _read_fixed(reader: DerReader, expected: bytes, error: str) -> None:
    """Reads bytes that are the same in every certificate."""
    found = reader.rest[: len(expected)]
    if found != expected:
        raise CertificateRefusedError(error, found=found, expected=expected)
    reader.rest = reader.rest[len(expected) :]


def _read_signature(reader: DerReader, scheme: EcdsaScheme) -> bytes:
    numbers = DerReader(DerReader(reader.read_bits()).read_last(SEQUENCE))
    r, s = (numbers.read_integer(scheme.number_bytes) for _ in range(2))
    numbers.finish()
    return r.to_bytes(scheme.number_bytes) + s.to_bytes(scheme.number_bytes)


def _read_serial_number(reader: DerReader) -> int:
    serial_number = reader.read_integer(_LONGEST_SERIAL_BYTES)
    if serial_number == 0:
        raise CertificateRefusedError("SerialNumberZero")
    return serial_number


def _read_validity(reader: DerReader) -> tuple[int, int]:
    times = DerReader(reader.read(SEQUENCE))
    not_before_s, not_after_s = times.read_time_s(), times.read_time_s()
    times.finish()
    return not_before_s, not_after_s


def _read_public_key(reader: DerReader, profile: CertificateProfile) -> bytes:
    field = DerReader(reader.read_whole(SEQUENCE))
    _read_fixed(field, profile.key_prefix, "WrongPublicKeyType")
    length = 2 * profile.scheme.number_bytes
    if len(field.rest) != length:
        raise CertificateRefusedError("WrongPublicKeyLength", length=len(field.rest), expected=length)
    return field.rest
