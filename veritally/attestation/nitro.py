"""Attestation documents of AWS Nitro Enclaves: COSE_Sign1 with ES384 over a CBOR map.

Whatever the bytes, verdict and error name are those of `contracts/attestation/NitroAttestation.sol`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_utils.crypto import keccak

from veritally.attestation.certificates import NITRO_PROFILE
from veritally.attestation.chains import verify_chain
from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.cose import read_sign1
from veritally.attestation.ecdsa import P384
from veritally.attestation.errors import DocumentRefusedError
from veritally.attestation.nitro_payload import CODE_PCRS, read_payload
from veritally.contract_table import AWS_NITRO_ROOT

AWS_ROOT = bytes.fromhex(AWS_NITRO_ROOT.removeprefix("0x"))
"""SHA-256 of the root certificate `aws.nitro-enclaves`."""

_SIGNER_PCR = 8


@dataclass(frozen=True)
class NitroDocument:
    """A document as it is written; nothing of it is verified yet."""

    module_id: bytes
    timestamp_ms: int
    """Unix milliseconds."""
    pcrs: Mapping[int, bytes]
    """48 bytes each, by index."""
    certificates: tuple[bytes, ...]
    """DER: the root first, the signer's last."""
    public_key: bytes
    user_data: bytes
    nonce: bytes
    signed_bytes: bytes
    signature: bytes
    """r || s."""

    @property
    def debug(self) -> bool:
        """Debug mode: a register of the code is zero, whatever code runs."""
        return any(not any(self.pcrs[index]) for index in CODE_PCRS)


def parse(document: bytes) -> NitroDocument:
    """Reads a document strictly, to its last byte; its certificates stay as they are.

    Raises:
        EncodingRefusedError: it is not CBOR in its strict form.
        DocumentRefusedError: it is not a document as AWS writes it.
    """
    envelope = read_sign1(document)
    payload = read_payload(envelope.payload)
    return NitroDocument(
        module_id=payload.module_id,
        timestamp_ms=payload.timestamp,
        pcrs=payload.pcrs,
        certificates=(*payload.cabundle, payload.certificate),
        public_key=payload.public_key,
        user_data=payload.user_data,
        nonce=payload.nonce,
        signed_bytes=envelope.signed_bytes,
        signature=envelope.signature,
    )


def verify(document: bytes, root: bytes, at_s: int) -> AttestationClaims:
    """Verifies a document and its chain from the root with SHA-256 `root`, at a time in Unix seconds.

    Below another root than AWS's, the platform is DEVELOPMENT. Claims of a document in debug mode are
    returned with `debug` set: who relies on claims refuses those. Only the contract knows what is revoked.

    Raises:
        RefusedError: the document is not accepted; `name` is that of the contract's error.
    """
    parsed = parse(document)
    signer = verify_chain(parsed.certificates, root, at_s, NITRO_PROFILE)
    if signer.is_ca:
        raise DocumentRefusedError("SignerIsAuthority")
    if not P384.verify(parsed.signed_bytes, parsed.signature, signer.public_key):
        raise DocumentRefusedError("DocumentSignatureInvalid")
    platform = Platform.NITRO if root == AWS_ROOT else Platform.DEVELOPMENT
    return AttestationClaims(
        platform=platform,
        root=root,
        measurement=measurement(platform, parsed.pcrs),
        user_data=parsed.user_data,
        nonce=parsed.nonce,
        public_key=parsed.public_key,
        timestamp_s=parsed.timestamp_ms // 1000,
        not_after_s=signer.not_after_s,
        debug=parsed.debug,
    )


def measurement(platform: Platform, pcrs: Mapping[int, bytes]) -> bytes:
    """keccak256 of platform (one byte), PCR0, PCR1, PCR2, and PCR8 unless it is missing or all zero."""
    code = b"".join(pcrs[index] for index in CODE_PCRS)
    signer = pcrs.get(_SIGNER_PCR, b"")
    return bytes(keccak(bytes([platform]) + code + (signer if any(signer) else b"")))
