"""The payload of a Nitro document, read as `contracts/attestation/NitroPayload.sol` and `Pcrs.sol` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from veritally.attestation.cbor import ARRAY, BYTES, TEXT, UNSIGNED, CborReader
from veritally.attestation.errors import DocumentRefusedError

CODE_PCRS = (0, 1, 2)
"""Registers of image, kernel and application."""
LONGEST_DATA_BYTES = 512
"""Of user data, and of a nonce."""
LONGEST_PUBLIC_KEY_BYTES = 1_024

_DIGEST = b"SHA384"
_PCR_BYTES = 48
_PCR_BANK = 32


@dataclass(frozen=True)
class NitroPayload:
    """What a payload says."""

    module_id: bytes
    digest: bytes
    timestamp: int
    """Unix milliseconds."""
    pcrs: Mapping[int, bytes]
    """48 bytes each, by index."""
    certificate: bytes
    """DER of the signer's certificate."""
    cabundle: tuple[bytes, ...]
    """DER of those above it, root first."""
    public_key: bytes = b""
    user_data: bytes = b""
    nonce: bytes = b""


def read_payload(data: bytes) -> NitroPayload:
    """Reads a payload strictly: each key at most once, and no unknown one.

    Raises:
        EncodingRefusedError: it is not CBOR in its strict form.
        DocumentRefusedError: a key or a value is not as AWS writes it.
    """
    reader = CborReader(data)
    found: dict[str, Any] = {}
    for _ in reader.entries():
        key = _read_key(reader)
        if key in found:
            raise DocumentRefusedError("FieldRepeated", field=key)
        found[key] = _READERS[key](reader)
    reader.finish()
    for key in _MANDATORY:
        if key not in found:
            raise DocumentRefusedError("FieldMissing", field=key)
    return NitroPayload(**found)


def _read_key(reader: CborReader) -> str:
    key = reader.read_string(TEXT)
    name = _KEYS.get(key)
    if name is None:
        raise DocumentRefusedError("UnknownField", key=key)
    return name


def _read_text(reader: CborReader) -> bytes:
    return reader.read_string(TEXT)


def _read_digest(reader: CborReader) -> bytes:
    digest = reader.read_string(TEXT)
    if digest != _DIGEST:
        raise DocumentRefusedError("WrongDigest", found=digest)
    return digest


def _read_timestamp(reader: CborReader) -> int:
    return reader.read_head(UNSIGNED)


def _read_pcrs(reader: CborReader) -> dict[int, bytes]:
    pcrs: dict[int, bytes] = {}
    least = 0
    for _ in reader.entries():
        index = _read_pcr_index(reader, least)
        pcrs[index] = reader.read_string(BYTES)
        if len(pcrs[index]) != _PCR_BYTES:
            raise DocumentRefusedError(
                "WrongPcrLength", index=index, length=len(pcrs[index]), expected=_PCR_BYTES
            )
        least = index + 1
    if least < len(CODE_PCRS):
        raise DocumentRefusedError("PcrMissing", index=least)
    return pcrs


def _read_pcr_index(reader: CborReader, least: int) -> int:
    """Index of a register; `least` is the smallest that may come next."""
    index = reader.read_head(UNSIGNED)
    if index >= _PCR_BANK:
        raise DocumentRefusedError("PcrIndexTooHigh", index=index, max=_PCR_BANK - 1)
    if index < least:
        raise DocumentRefusedError("PcrNotAscending", index=index, least=least)
    if index != least and least < len(CODE_PCRS):
        raise DocumentRefusedError("PcrMissing", index=least)
    return index


def _read_certificate(reader: CborReader) -> bytes:
    return reader.read_string(BYTES)


def _read_cabundle(reader: CborReader) -> tuple[bytes, ...]:
    count = reader.read_head(ARRAY)
    if count == 0:
        raise DocumentRefusedError("EmptyChain")
    return tuple(reader.read_string(BYTES) for _ in range(count))


def _optional(field: str, longest_bytes: int) -> Callable[[CborReader], bytes]:
    def read(reader: CborReader) -> bytes:
        value = reader.read_optional()
        if len(value) > longest_bytes:
            raise DocumentRefusedError("FieldTooLong", field=field, length=len(value), max=longest_bytes)
        return value

    return read


_MANDATORY: dict[str, Callable[[CborReader], object]] = {
    "module_id": _read_text,
    "digest": _read_digest,
    "timestamp": _read_timestamp,
    "pcrs": _read_pcrs,
    "certificate": _read_certificate,
    "cabundle": _read_cabundle,
}
_OPTIONAL = {
    "public_key": _optional("public_key", LONGEST_PUBLIC_KEY_BYTES),
    "user_data": _optional("user_data", LONGEST_DATA_BYTES),
    "nonce": _optional("nonce", LONGEST_DATA_BYTES),
}
_READERS = _MANDATORY | _OPTIONAL
_KEYS = {name.encode(): name for name in _READERS}
