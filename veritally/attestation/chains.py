"""Chains of certificates from a pinned root, judged as `contracts/attestation/CertificateCache.sol` does.

Revoked certificates are known to the contract alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from eth_utils.crypto import keccak

from veritally.attestation.certificates import Certificate, CertificateProfile, parse_certificate
from veritally.attestation.errors import CertificateRefusedError


@dataclass(frozen=True)
class ChainEnd:
    """The last certificate of a chain that holds."""

    public_key: bytes
    """x || y."""
    is_ca: bool
    not_after_s: int
    """Unix seconds until which every certificate of the chain is valid, inclusive."""


def verify_chain(chain: Sequence[bytes], root: bytes, at_s: int, profile: CertificateProfile) -> ChainEnd:
    """Judges certificates in DER, root first, at a time in Unix seconds.

    Raises:
        RefusedError: the first one is not the root with SHA-256 `root`, or a later one does not hold.
    """
    parent = _judge_root(chain[0], root, profile)
    _require_valid(parent, at_s)
    allowed, not_after_s = parent.path_length, parent.not_after_s
    for encoded in chain[1:]:
        child = _judge(encoded, parent, profile)
        _require_valid(child, at_s)
        allowed = _descend(parent, child, allowed)
        parent, not_after_s = child, min(not_after_s, child.not_after_s)
    return ChainEnd(parent.public_key, parent.is_ca, not_after_s)


def _judge_root(encoded: bytes, root: bytes, profile: CertificateProfile) -> Certificate:
    found = sha256(encoded).digest()
    if found != root:
        raise CertificateRefusedError("WrongRoot", found=found, expected=root)
    return parse_certificate(encoded, profile)


def _judge(encoded: bytes, parent: Certificate, profile: CertificateProfile) -> Certificate:
    certificate = parse_certificate(encoded, profile)
    if certificate.issuer != parent.subject:
        raise CertificateRefusedError(
            "WrongIssuer",
            issuer=bytes(keccak(certificate.issuer)),
            parentSubject=bytes(keccak(parent.subject)),
        )
    if not profile.scheme.verify(certificate.signed_part, certificate.signature, parent.public_key):
        raise CertificateRefusedError("CertificateSignatureInvalid", serialNumber=certificate.serial_number)
    return certificate


def _require_valid(certificate: Certificate, at_s: int) -> None:
    if at_s < certificate.not_before_s:
        raise CertificateRefusedError(
            "CertificateNotYetValid", notBefore=certificate.not_before_s, timestamp=at_s
        )
    if at_s > certificate.not_after_s:
        raise CertificateRefusedError("CertificateExpired", notAfter=certificate.not_after_s, timestamp=at_s)


def _descend(parent: Certificate, child: Certificate, allowed: int | None) -> int | None:
    """How many certificates of authorities may follow the child, when `allowed` may follow its parent."""
    if not parent.is_ca:
        raise CertificateRefusedError("ParentIsNoAuthority", serialNumber=parent.serial_number)
    if not child.is_ca or allowed is None:
        return child.path_length
    if allowed == 0:
        raise CertificateRefusedError("PathTooLong", serialNumber=parent.serial_number)
    return allowed - 1 if child.path_length is None else min(allowed - 1, child.path_length)
