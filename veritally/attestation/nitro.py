"""Attestation documents of AWS Nitro enclaves: COSE_Sign1 with ES384 over a CBOR map.

Reads and refuses as `contracts/attestation/NitroAttestation.sol` does: same verdict and same error name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from veritally.attestation import cbor
from veritally.attestation.cbor import CborReader
from veritally.attestation.certificates import Certificate, parse_certificate, verify_chain
from veritally.attestation.claims import AttestationClaims, Platform
from veritally.attestation.ecdsa import P384
from veritally.attestation.errors import DocumentRefusedError, EncodingRefusedError

AWS_ROOT = bytes.fromhex("0222b8817d802004bb595789c0abcee41267cf6b7953f69124f058994f333d98")
"""Identity of the root certificate `aws.nitro-enclaves`."""
PROTECTED_ES384 = bytes.fromhex("a1013822")
"""COSE header that names the algorithm."""

_TAG_SIGN1 = 0xD2
_PARTS = 4
_SIGNATURE_CONTEXT = "Signature1"
_DIGEST = b"SHA384"
_PCR_BYTES = 48
_PCR_BANK = 32
_LONGEST_BUNDLE = 8
_CODE_PCRS = (0, 1, 2)
_SIGNER_PCR = 8


@dataclass(frozen=True)
class NitroDocument:
    """A document as it is written; nothing of it is verified yet."""

    module_id: str
    timestamp_ms: int
    """Unix milliseconds."""
    pcrs: Mapping[int, bytes]
    """48 bytes each, by index."""
    chain: tuple[Certificate, ...]
    """Root first, the enclave's own certificate last."""
    public_key: bytes
    user_data: bytes
    nonce: bytes
    signed_bytes: bytes
    """What the enclave's certificate signs."""
    signature: bytes
    """r || s."""

    @property
    def debug(self) -> bool:
        """Debug mode: the registers of the code are zero, whatever code runs."""
        return any(not any(self.pcrs[index]) for index in _CODE_PCRS)


def parse(document: bytes) -> NitroDocument:
    """Reads a document strictly, to its last byte.

    Raises:
        EncodingRefusedError: the bytes are not a document as AWS writes it.
        CertificateRefusedError: a certificate in it is of another kind.
    """
    payload, signature = _open_envelope(document)
    fields = _read_payload(CborReader(payload))
    encoded_chain = (*fields["cabundle"], fields["certificate"])
    return NitroDocument(
        module_id=fields["module_id"],
        timestamp_ms=fields["timestamp"],
        pcrs=fields["pcrs"],
        chain=tuple(parse_certificate(encoded, P384) for encoded in encoded_chain),
        public_key=fields.get("public_key", b""),
        user_data=fields.get("user_data", b""),
        nonce=fields.get("nonce", b""),
        signed_bytes=signed_bytes(payload),
        signature=signature,
    )


def verify(
    document: bytes, root: bytes, at_s: int, platform: Platform = Platform.NITRO
) -> AttestationClaims:
    """Verifies a document and its certificates up to the root with identity `root` at a time in Unix seconds.

    Claims of a document in debug mode are returned with `debug` set: who trusts claims refuses those.

    Raises:
        RefusedError: the document is not accepted; `name` is that of the contract's error.
    """
    parsed = parse(document)
    verify_chain(parsed.chain, root, at_s, P384)
    if not P384.verify(parsed.signed_bytes, parsed.signature, parsed.chain[-1].public_key):
        raise DocumentRefusedError("InvalidDocumentSignature")
    return AttestationClaims(
        platform=platform,
        root=root,
        measurement=measurement(platform, parsed.pcrs),
        user_data=parsed.user_data,
        nonce=parsed.nonce,
        public_key=parsed.public_key,
        timestamp_s=parsed.timestamp_ms // 1000,
        not_after_s=min(certificate.not_after_s for certificate in parsed.chain),
        debug=parsed.debug,
    )


def measurement(platform: Platform, pcrs: Mapping[int, bytes]) -> bytes:
    """Hash of platform, PCR0, PCR1, PCR2, and PCR8 where the image is signed (PCR8 is there and not zero)."""
    signer = pcrs.get(_SIGNER_PCR, b"")
    code = b"".join(pcrs[index] for index in _CODE_PCRS)
    return bytes(keccak(bytes([platform]) + code + (signer if any(signer) else b"")))


def signed_bytes(payload: bytes) -> bytes:
    """COSE's Sig_structure: what is signed for a payload."""
    parts = (cbor.text(_SIGNATURE_CONTEXT), cbor.byte_string(PROTECTED_ES384), cbor.byte_string(b""))
    return cbor.head(cbor.ARRAY, len(parts) + 1) + b"".join(parts) + cbor.byte_string(payload)


def _open_envelope(document: bytes) -> tuple[bytes, bytes]:
    """Payload and signature."""
    reader = CborReader(document)
    reader.skip(_TAG_SIGN1)
    if reader.expect(cbor.ARRAY) != _PARTS:
        raise EncodingRefusedError("NotCoseSign1")
    protected = reader.string(cbor.BYTES)
    if protected != PROTECTED_ES384:
        raise EncodingRefusedError("UnsupportedAlgorithm", found=protected)
    reader.skip_map()
    payload = reader.string(cbor.BYTES)
    signature = reader.string(cbor.BYTES)
    if len(signature) != 2 * P384.coordinate_bytes:
        raise EncodingRefusedError("BadSignatureLength", found=len(signature))
    reader.finish()
    return payload, signature


def _read_payload(reader: CborReader) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for _ in reader.entries():
        name = reader.string(cbor.TEXT).decode("latin-1")
        if name not in _READERS:
            raise EncodingRefusedError("UnknownKey", key=name)
        if name in fields:
            raise EncodingRefusedError("DuplicateKey", key=name)
        fields[name] = _READERS[name](reader)
    reader.finish()
    for name in _MANDATORY:
        if name not in fields:
            raise EncodingRefusedError("MissingKey", key=name)
    return fields


def _read_module_id(reader: CborReader) -> str:
    return reader.string(cbor.TEXT).decode("latin-1")


def _read_digest(reader: CborReader) -> bytes:
    digest = reader.string(cbor.TEXT)
    if digest != _DIGEST:
        raise EncodingRefusedError("UnsupportedDigest", found=digest)
    return digest


def _read_timestamp(reader: CborReader) -> int:
    return reader.expect(cbor.UNSIGNED)


def _read_pcrs(reader: CborReader) -> dict[int, bytes]:
    pcrs: dict[int, bytes] = {}
    for _ in range(reader.expect(cbor.MAP)):
        index = reader.expect(cbor.UNSIGNED)
        if index >= _PCR_BANK or index <= max(pcrs, default=-1):
            raise EncodingRefusedError("BadPcrIndex", found=index)
        pcrs[index] = reader.string(cbor.BYTES)
        if len(pcrs[index]) != _PCR_BYTES:
            raise EncodingRefusedError("BadPcrLength", found=len(pcrs[index]))
    for index in _CODE_PCRS:
        if index not in pcrs:
            raise EncodingRefusedError("MissingPcr", index=index)
    return pcrs


def _read_certificate(reader: CborReader) -> bytes:
    return reader.string(cbor.BYTES)


def _read_bundle(reader: CborReader) -> tuple[bytes, ...]:
    count = reader.expect(cbor.ARRAY)
    if not 0 < count <= _LONGEST_BUNDLE:
        raise EncodingRefusedError("BadBundleLength", found=count)
    return tuple(reader.string(cbor.BYTES) for _ in range(count))


_MANDATORY: dict[str, Callable[[CborReader], object]] = {
    "module_id": _read_module_id,
    "digest": _read_digest,
    "timestamp": _read_timestamp,
    "pcrs": _read_pcrs,
    "certificate": _read_certificate,
    "cabundle": _read_bundle,
}
_OPTIONAL = ("public_key", "user_data", "nonce")
_READERS = _MANDATORY | dict.fromkeys(_OPTIONAL, CborReader.bytes_or_null)
