"""Reads typed values out of x402's JSON and names the field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_utils.address import to_checksum_address

from veritally.x402.errors import MalformedPayloadError, OtherOfferError, UndeployedAccountError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_OCTETS = re.compile(r"0x([0-9a-fA-F]{2})*")
_DECIMAL = re.compile(r"[0-9]{1,78}")
_WRAPPER_MARK = bytes.fromhex("6492") * 16
"""Ends every signature that ERC-6492 wraps."""


@dataclass(frozen=True)
class Fields:
    """A JSON object of a payment. Methods raise MalformedPayloadError when a field is not as they say."""

    path: str
    """Where the object stands in the payment; empty for the payment itself."""
    values: Mapping[str, Any]

    @classmethod
    def of(cls, payment: object) -> Fields:
        """The fields of a whole payment."""
        if not isinstance(payment, Mapping):
            raise MalformedPayloadError("payment", "is no JSON object")
        return cls("", payment)

    def name(self, key: str) -> str:
        """Full name of a field, for errors."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the field is there."""
        return self.values.get(key) is not None

    def child(self, key: str) -> Fields:
        """A JSON object."""
        value = self.values.get(key)
        if not isinstance(value, Mapping):
            raise MalformedPayloadError(self.name(key), "is no JSON object")
        return Fields(self.name(key), value)

    def text(self, key: str) -> str:
        """A string."""
        value = self.values.get(key)
        if not isinstance(value, str):
            raise MalformedPayloadError(self.name(key), "is no string")
        return value

    def address(self, key: str) -> str:
        """An address, with its checksum whatever the spelling was."""
        value = self.text(key)
        if not _ADDRESS.fullmatch(value):
            raise MalformedPayloadError(self.name(key), "is no address")
        return _with_checksum(value)

    def uint(self, key: str, bits: int = 256) -> int:
        """A whole number, as JSON number or in decimal digits."""
        value = self.values.get(key)
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
            raise MalformedPayloadError(self.name(key), f"is no whole number of {bits} bits")
        return value

    def octets(self, key: str) -> bytes:
        """Bytes, as 0x hex."""
        value = self.text(key)
        if not _OCTETS.fullmatch(value):
            raise MalformedPayloadError(self.name(key), "is no 0x hex")
        return bytes.fromhex(value[2:])

    def word(self, key: str) -> bytes:
        """32 bytes."""
        value = self.octets(key)
        if len(value) != 32:
            raise MalformedPayloadError(self.name(key), f"has {len(value)} bytes, not 32")
        return value

    def signature(self, key: str) -> bytes:
        """A signature of an account that exists.

        Raises:
            UndeployedAccountError: ERC-6492 wraps it.
        """
        value = self.octets(key)
        if value.endswith(_WRAPPER_MARK):
            raise UndeployedAccountError(self.name(key))
        return value

    def require(self, key: str, signed: object, offered: object) -> None:
        """Checks that a field says what the offer says.

        Raises:
            OtherOfferError: it says something else.
        """
        if signed != offered:
            raise OtherOfferError(self.name(key), signed, offered)


@lru_cache(maxsize=4096)
def _with_checksum(address: str) -> str:
    """The same addresses come again and again, and a checksum is a hash."""
    return str(to_checksum_address(address))
