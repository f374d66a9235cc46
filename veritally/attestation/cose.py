"""COSE_Sign1 with ES384, taken apart as `contracts/attestation/Cose.sol` does."""

from __future__ import annotations

from dataclasses import dataclass

from veritally.attestation import cbor
from veritally.attestation.errors import DocumentRefusedError

_PROTECTED_HEADER = bytes.fromhex("a1013822")
_SIGN1_TAG = 18
_PARTS = 4
_SIGNATURE_BYTES = 96


@dataclass(frozen=True)
class Envelope:
    """The parts that matter."""

    payload: bytes
    signed_bytes: bytes
    signature: bytes
    """r || s."""


def read_sign1(document: bytes) -> Envelope:
    """Reads a document, with or without its tag; the unprotected header may hold anything.

    Raises:
        EncodingRefusedError: it is not CBOR in its strict form.
        DocumentRefusedError: it is not COSE_Sign1 with ES384.
    """
    reader = cbor.CborReader(document)
    _read_headers(reader)
    payload = reader.read_string(cbor.BYTES)
    signature = reader.read_string(cbor.BYTES)
    if len(signature) != _SIGNATURE_BYTES:
        raise DocumentRefusedError("WrongSignatureLength", length=len(signature), expected=_SIGNATURE_BYTES)
    reader.finish()
    return Envelope(payload, signed_bytes(payload), signature)


def write_sign1(payload: bytes, signature: bytes) -> bytes:
    """A document without tag and with an empty unprotected header, as AWS writes it."""
    headers = cbor.encode_bytes(_PROTECTED_HEADER) + cbor.encode_head(cbor.MAP, 0)
    parts = headers + cbor.encode_bytes(payload) + cbor.encode_bytes(signature)
    return cbor.encode_head(cbor.ARRAY, _PARTS) + parts


def signed_bytes(payload: bytes) -> bytes:
    """What is signed for a payload: COSE's Sig_structure, without external data."""
    context = cbor.encode_text("Signature1") + cbor.encode_bytes(_PROTECTED_HEADER) + cbor.encode_bytes(b"")
    return cbor.encode_head(cbor.ARRAY, _PARTS) + context + cbor.encode_bytes(payload)


def _read_headers(reader: cbor.CborReader) -> None:
    if reader.next_is(cbor.TAG):
        tag = reader.read_head(cbor.TAG)
        if tag != _SIGN1_TAG:
            raise DocumentRefusedError("WrongCoseTag", tag=tag, expected=_SIGN1_TAG)
    count = reader.read_head(cbor.ARRAY)
    if count != _PARTS:
        raise DocumentRefusedError("WrongPartCount", count=count, expected=_PARTS)
    header = reader.read_string(cbor.BYTES)
    if header != _PROTECTED_HEADER:
        raise DocumentRefusedError("WrongProtectedHeader", found=header, expected=_PROTECTED_HEADER)
    reader.skip_map()
