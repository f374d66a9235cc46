"""What all drivers have in common."""

from __future__ import annotations

from typing import Protocol

from veritally.attestation.errors import RequestRefusedError

REPORT_DATA_BYTES = 64
"""What a TDX quote has room for."""


class AttestationDriver(Protocol):
    """Gets documents from one platform."""

    def attest(self, user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
        """A new document over the three values; empty ones are left out.

        Raises:
            DeviceMissingError: this is not such an enclave.
            DeviceRefusedError: the platform did not make a document.
            RequestRefusedError: the platform has no room for a value.
        """
        ...


def report_data(user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
    """The 64 bytes that a TDX quote carries: user data alone, and exactly as long.

    Raises:
        RequestRefusedError: the values do not fit.
    """
    for field, value in (("nonce", nonce), ("public_key", public_key)):
        if value:
            raise RequestRefusedError(field, len(value), "a TDX quote carries user_data alone; bind it there")
    if len(user_data) != REPORT_DATA_BYTES:
        raise RequestRefusedError(
            "user_data", len(user_data), f"a TDX quote carries {REPORT_DATA_BYTES} bytes"
        )
    return user_data
