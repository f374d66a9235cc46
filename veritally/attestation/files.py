"""Attestation documents in files: which platform made one, and what it says before and after verification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509

from veritally.attestation import nitro, tdx
from veritally.attestation.certificates import (
    INTEL_PROFILE,
    NITRO_PROFILE,
    Certificate,
    CertificateProfile,
    parse_certificate,
)
from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.errors import UnusableFileError

LONGEST_FILE_BYTES = 65_536

_COSE_STARTS = (b"\x84", b"\xd2")
"""An array of four, or the tag of COSE_Sign1 before it."""
_QUOTE_STARTS = tuple(version.to_bytes(2, "little") for version in (3, 4, 5))
_ROOT_NAMES = {nitro.AWS_ROOT: "AWS Nitro Enclaves", tdx.INTEL_ROOT: "Intel SGX/TDX"}


@dataclass(frozen=True)
class AttestationFile:
    """A file that starts as a platform's document does."""

    content: bytes
    platform: Platform

    @classmethod
    def load(cls, path: Path) -> AttestationFile:
        """Reads a file.

        Raises:
            UnusableFileError: it cannot be read, or starts as no document does.
        """
        try:
            with path.open("rb") as file:
                content = file.read(LONGEST_FILE_BYTES + 1)
        except OSError as error:
            raise UnusableFileError(str(path), f"cannot be read ({error.strerror})") from None
        if len(content) > LONGEST_FILE_BYTES:
            raise UnusableFileError(str(path), f"is longer than {LONGEST_FILE_BYTES} bytes")
        if content[:1] in _COSE_STARTS:
            return cls(content, Platform.NITRO)
        if content[:2] in _QUOTE_STARTS:
            return cls(content, Platform.TDX)
        raise UnusableFileError(str(path), "starts as no document that is known")

    def verify(self, at_s: int, development_root: bytes | None = None) -> AttestationClaims:
        """Claims of the document, below the platform's own root or the development root that is given.

        Raises:
            RefusedError: the document is not accepted.
        """
        if self.platform is Platform.TDX:
            return tdx.verify(self.content, tdx.INTEL_ROOT, at_s)
        return nitro.verify(self.content, development_root or nitro.AWS_ROOT, at_s)

    def describe(self) -> dict[str, object]:
        """What the document says; nothing of it is verified.

        Raises:
            RefusedError: it cannot be read to its end.
        """
        return (
            _describe_quote(self.content) if self.platform is Platform.TDX else _describe_nitro(self.content)
        )


def _describe_nitro(content: bytes) -> dict[str, object]:
    document = nitro.parse(content)
    platform = Platform.NITRO if _root(document.certificates) == nitro.AWS_ROOT else Platform.DEVELOPMENT
    return {
        "platform": platform.label,
        "debug": document.debug,
        "measurement": _hex(nitro.measurement(platform, document.pcrs)),
        "module_id": document.module_id.decode("ascii", "replace"),
        "timestamp_ms": document.timestamp_ms,
        "user_data": _hex(document.user_data),
        "nonce": _hex(document.nonce),
        "public_key": _hex(document.public_key),
        "pcrs": {str(index): _hex(value) for index, value in document.pcrs.items() if any(value)},
    } | _describe_chain(document.certificates, NITRO_PROFILE)


def _describe_quote(content: bytes) -> dict[str, object]:
    quote = tdx.parse(content)
    body = quote.body
    return {
        "platform": Platform.TDX.label,
        "debug": body.debug,
        "measurement": _hex(body.measurement),
        "user_data": _hex(body.report_data),
        "mr_td": _hex(body.mr_td),
        "rtmrs": [_hex(register) for register in body.rtmrs],
        "mr_config_id": _hex(body.mr_config_id),
        "xfam": _hex(body.xfam),
        "td_attributes": _hex(body.td_attributes),
        "tcb_svn": _hex(body.tcb_svn),
    } | _describe_chain(quote.certificates, INTEL_PROFILE)


def _describe_chain(encoded: Sequence[bytes], profile: CertificateProfile) -> dict[str, object]:
    chain = [parse_certificate(one, profile) for one in encoded]
    root = _root(encoded)
    return {
        "root": _hex(root),
        "root_of": _ROOT_NAMES.get(root, "nobody that is known"),
        "valid_from_s": max((one.not_before_s for one in chain), default=0),
        "valid_until_s": min((one.not_after_s for one in chain), default=0),
        "certificates": [
            _describe_certificate(certificate, der) for certificate, der in zip(chain, encoded, strict=True)
        ],
    }


def _describe_certificate(certificate: Certificate, encoded: bytes) -> dict[str, object]:
    return {
        "subject": _subject(encoded),
        "serial_number": hex(certificate.serial_number),
        "is_ca": certificate.is_ca,
        "valid_from_s": certificate.not_before_s,
        "valid_until_s": certificate.not_after_s,
    }


def _subject(encoded: bytes) -> str:
    try:
        return x509.load_der_x509_certificate(encoded).subject.rfc4514_string()
    except ValueError:
        return "a name that cannot be read"


def _root(encoded: Sequence[bytes]) -> bytes:
    return sha256(encoded[0]).digest() if encoded else b""


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
