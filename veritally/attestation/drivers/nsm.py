"""AWS Nitro Enclaves: the Nitro Secure Module behind `/dev/nsm`.

One ioctl takes a CBOR request and gives a CBOR answer; both sit in buffers whose addresses and lengths are in
the argument (`struct nsm_raw` of Linux).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from veritally.attestation import cbor
from veritally.attestation.errors import (
    DeviceMissingError,
    DeviceRefusedError,
    EncodingRefusedError,
    RequestRefusedError,
)
from veritally.attestation.nitro_payload import LONGEST_DATA_BYTES, LONGEST_PUBLIC_KEY_BYTES

DEVICE = Path("/dev/nsm")

_REQUEST_CODE = 0xC0200A00
"""_IOWR(0x0A, 0, struct nsm_raw)."""
_ANSWER_BYTES = 0x3000
_FIX = "ask again with other values, or restart the enclave"

Ioctl = Callable[[int, int, "Message"], int]


class Message(ctypes.Structure):
    """`struct nsm_raw`: addresses and lengths of request and answer."""

    _fields_ = (
        ("request_address", ctypes.c_uint64),
        ("request_length", ctypes.c_uint64),
        ("answer_address", ctypes.c_uint64),
        ("answer_length", ctypes.c_uint64),
    )


@dataclass(frozen=True)
class _Answer:
    document: bytes | None
    reason: str
    """Why there is no document."""


class NsmDriver:
    """Documents of an AWS Nitro enclave."""

    def __init__(self, device: Path = DEVICE, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._device = device
        self._ioctl = ioctl

    def attest(self, user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
        """A new document over the three values; empty ones are left out. See `AttestationDriver`."""
        _require_room("user_data", user_data, LONGEST_DATA_BYTES)
        _require_room("nonce", nonce, LONGEST_DATA_BYTES)
        _require_room("public_key", public_key, LONGEST_PUBLIC_KEY_BYTES)
        answer = self._exchange(_encode_request(user_data, nonce, public_key))
        try:
            found = _read_answer(cbor.CborReader(answer))
        except EncodingRefusedError as error:
            raise self._refused(f"answered with no document ({error.name})") from None
        if found.document is None:
            raise self._refused(f"refused the request ({found.reason})")
        return found.document

    def _exchange(self, request: bytes) -> bytes:
        sent = ctypes.create_string_buffer(request, len(request))
        answer = ctypes.create_string_buffer(_ANSWER_BYTES)
        message = Message(ctypes.addressof(sent), len(request), ctypes.addressof(answer), _ANSWER_BYTES)
        descriptor = self._open()
        try:
            self._ioctl(descriptor, _REQUEST_CODE, message)
        except OSError as error:
            raise self._refused(f"the request failed ({error.strerror})") from None
        finally:
            os.close(descriptor)
        return answer.raw[: message.answer_length]

    def _refused(self, problem: str) -> DeviceRefusedError:
        return DeviceRefusedError(str(self._device), problem, _FIX)

    def _open(self) -> int:
        try:
            return os.open(self._device, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            fix = f"run this in a Nitro enclave, as a user who may open it ({error.strerror})"
            raise DeviceMissingError(str(self._device), fix) from None


def _require_room(field: str, value: bytes, longest_bytes: int) -> None:
    if len(value) > longest_bytes:
        raise RequestRefusedError(field, len(value), f"the Nitro Secure Module takes {longest_bytes} at most")


def _encode_request(user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
    fields = {"user_data": user_data, "nonce": nonce, "public_key": public_key}
    entries = b"".join(cbor.encode_text(k) + cbor.encode_bytes(v or None) for k, v in fields.items())
    inner = cbor.encode_head(cbor.MAP, len(fields)) + entries
    return cbor.encode_head(cbor.MAP, 1) + cbor.encode_text("Attestation") + inner


def _read_answer(reader: cbor.CborReader) -> _Answer:
    """Reads `{"Attestation": {"document": ...}}` or `{"Error": ...}`."""
    answer = _Answer(None, "it said nothing")
    for _ in reader.entries():
        if reader.read_string(cbor.TEXT) == b"Error":
            answer = _Answer(None, reader.read_string(cbor.TEXT).decode("ascii", "replace"))
            continue
        for _ in reader.entries():
            reader.read_string(cbor.TEXT)
            answer = _Answer(reader.read_string(cbor.BYTES), "")
    reader.finish()
    return answer
