"""The part of CBOR that Nitro documents use, read as strictly as `contracts/attestation/Cbor.sol` does.

Numbers and lengths in their shortest form, strings in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator

from veritally.attestation.errors import EncodingRefusedError

UNSIGNED = 0
BYTES = 2
TEXT = 3
ARRAY = 4
MAP = 5
TAG = 6
NULL = b"\xf6"
BREAK = b"\xff"

_SIMPLE = 7
_INDEFINITE_INFO = 31
_LENGTH_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_MAX_DEPTH = 8


class CborReader:
    """Reads items from the front of some bytes. Every method raises EncodingRefusedError."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def next_is(self, major: int) -> bool:
        """Whether the next item has the major type."""
        return bool(self.rest) and self.rest[0] >> 5 == major

    def read_head(self, major: int) -> int:
        """Number in the head of the next item, which must have the major type and a definite length."""
        value = self._typed(major)
        if value is None:
            raise EncodingRefusedError("CborBadInfo", major=major, info=_INDEFINITE_INFO)
        return value

    def read_string(self, major: int) -> bytes:
        """Content of the next item, a byte string or text."""
        return self._take(self.read_head(major))

    def read_optional(self) -> bytes:
        """Content of the next byte string; null is read as empty."""
        return b"" if self._skip_byte(NULL) else self.read_string(BYTES)

    def entries(self) -> Iterator[None]:
        """Steps once for each entry of the map that comes next, of a definite length or up to a break."""
        yield from self._entries(self._typed(MAP))

    def skip_map(self) -> None:
        """Skips the map that comes next, whatever is in it."""
        self._skip_entries(self._typed(MAP), 2, _MAX_DEPTH)

    def finish(self) -> None:
        """Ends reading: nothing may be left."""
        if self.rest:
            raise EncodingRefusedError("CborTrailingBytes", count=len(self.rest))

    def _entries(self, count: int | None) -> Iterator[None]:
        if count is not None:
            yield from (None for _ in range(count))
            return
        while not self._skip_byte(BREAK):
            self._require(1)
            yield None

    def _skip(self, depth: int) -> None:
        if depth == 0:
            raise EncodingRefusedError("CborTooDeep", max=_MAX_DEPTH)
        major, value = self._head()
        if major in (ARRAY, MAP):
            self._skip_entries(value, 2 if major == MAP else 1, depth - 1)
        elif value is None:
            raise EncodingRefusedError("CborBadInfo", major=major, info=_INDEFINITE_INFO)
        elif major == TAG:
            self._skip(depth - 1)
        elif major in (BYTES, TEXT):
            self._take(value)

    def _skip_entries(self, count: int | None, items: int, depth: int) -> None:
        for _ in self._entries(count):
            for _ in range(items):
                self._skip(depth)

    def _typed(self, expected: int) -> int | None:
        major, value = self._head()
        if major != expected:
            raise EncodingRefusedError("CborWrongType", major=major, expected=expected)
        return value

    def _head(self) -> tuple[int, int | None]:
        """Major type and number of the next head; no number for an indefinite length or a break."""
        self._require(1)
        major, info = self.rest[0] >> 5, self.rest[0] & 31
        if info < 24 or info == _INDEFINITE_INFO:
            self.rest = self.rest[1:]
            return major, info if info < 24 else None
        if info not in _LENGTH_BYTES:
            raise EncodingRefusedError("CborBadInfo", major=major, info=info)
        size = _LENGTH_BYTES[info]
        self._require(1 + size)
        value = int.from_bytes(self.rest[1 : 1 + size])
        if value < _least(major, size):
            raise EncodingRefusedError("CborNotShortest", value=value)
        self.rest = self.rest[1 + size :]
        return major, value

    def _skip_byte(self, expected: bytes) -> bool:
        found = self.rest[:1] == expected
        self.rest = self.rest[found:]
        return found

    def _take(self, count: int) -> bytes:
        self._require(count)
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def _require(self, needed: int) -> None:
        if len(self.rest) < needed:
            raise EncodingRefusedError("CborTruncated", needed=needed, available=len(self.rest))


def encode_head(major: int, value: int) -> bytes:
    """Shortest head of an item."""
    if value < 24:
        return bytes([major << 5 | value])
    info = next(info for info, size in _LENGTH_BYTES.items() if value < 256**size)
    return bytes([major << 5 | info]) + value.to_bytes(_LENGTH_BYTES[info])


def encode_bytes(content: bytes | None) -> bytes:
    """A byte string, or null."""
    return NULL if content is None else encode_head(BYTES, len(content)) + content


def encode_text(content: str) -> bytes:
    """A text."""
    raw = content.encode()
    return encode_head(TEXT, len(raw)) + raw


def _least(major: int, size: int) -> int:
    """Smallest number that needs `size` bytes; of simple values, those of more than one byte are floats."""
    if major == _SIMPLE:
        return 32 if size == 1 else 0
    return 24 if size == 1 else int(256 ** (size // 2))
