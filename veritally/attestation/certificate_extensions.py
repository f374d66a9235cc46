"""Extensions of certificates, read as strictly as `contracts/attestation/X509Extensions.sol` does.

basicConstraints and keyUsage must be there, in any order and once each. Others may be there unless they are
critical.
"""

from __future__ import annotations

from dataclasses import dataclass

from veritally.attestation.der import BIT_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, DerReader
from veritally.attestation.errors import CertificateRefusedError, EncodingRefusedError

_EXTENSIONS_TAG = 0xA3
_BASIC_CONSTRAINTS = bytes.fromhex("551d13")
_KEY_USAGE = bytes.fromhex("551d0f")
_MOST_EXTENSIONS = 16
_DIGITAL_SIGNATURE = 0x80
_KEY_CERT_SIGN = 0x04


@dataclass(frozen=True)
class Extensions:
    """What a certificate's key may do."""

    is_ca: bool
    path_length: int | None
    """How many certificates of authorities may follow; None: no limit."""


def read_extensions(reader: DerReader) -> Extensions:
    """Reads the extensions, which end a certificate.

    Raises:
        EncodingRefusedError: they are not strict DER.
        CertificateRefusedError: one is missing, repeated, or critical and unknown, or the key may not do
            its job.
    """
    rest = DerReader(DerReader(reader.read_last(_EXTENSIONS_TAG)).read_last(SEQUENCE))
    seen: set[bytes] = set()
    constraints, usage = None, None
    while rest.rest:
        identifier, critical, value = _read_extension(DerReader(rest.read(SEQUENCE)), seen)
        if identifier == _BASIC_CONSTRAINTS:
            constraints = _read_constraints(value)
        elif identifier == _KEY_USAGE:
            usage = _read_usage(value)
        elif critical:
            raise CertificateRefusedError("UnknownCriticalExtension", objectIdentifier=identifier)
    if constraints is None:
        raise CertificateRefusedError("ExtensionMissing", objectIdentifier=_BASIC_CONSTRAINTS)
    if usage is None:
        raise CertificateRefusedError("ExtensionMissing", objectIdentifier=_KEY_USAGE)
    needed = _KEY_CERT_SIGN if constraints.is_ca else _DIGITAL_SIGNATURE
    if not usage & needed:
        raise CertificateRefusedError("KeyUsageMissing", usage=usage, needed=needed)
    return constraints


def _read_extension(reader: DerReader, seen: set[bytes]) -> tuple[bytes, bool, bytes]:
    identifier = reader.read(OBJECT_IDENTIFIER)
    if identifier in seen:
        raise CertificateRefusedError("ExtensionRepeated", objectIdentifier=identifier)
    if len(seen) == _MOST_EXTENSIONS:
        raise CertificateRefusedError("TooManyExtensions", max=_MOST_EXTENSIONS)
    seen.add(identifier)
    return identifier, reader.read_flag(), reader.read_last(OCTET_STRING)


def _read_constraints(value: bytes) -> Extensions:
    rest = DerReader(DerReader(value).read_last(SEQUENCE))
    is_ca = rest.read_flag()
    if not rest.rest:
        return Extensions(is_ca, None)
    path_length = rest.read_integer(1)
    rest.finish()
    if not is_ca:
        raise CertificateRefusedError("PathLengthWithoutAuthority", pathLength=path_length)
    return Extensions(is_ca, path_length)


def _read_usage(value: bytes) -> int:
    """First byte of the named bits: the last used bit is one and the unused ones are zero."""
    bits = DerReader(value).read_last(BIT_STRING)
    if len(bits) not in (2, 3) or bits[0] > 7 or bits[-1] & ((2 << bits[0]) - 1) != 1 << bits[0]:
        raise EncodingRefusedError("DerBadBitString", value=bits)
    return bits[1]
