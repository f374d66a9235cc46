"""The part of CBOR that Nitro documents use, read strictly: what the contract refuses is refused here.

Known from general readers and refused here: reserved lengths, endless strings, and lengths beyond the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from veritally.attestation.errors import EncodingRefusedError

UNSIGNED = 0
BYTES = 2
TEXT = 3
ARRAY = 4
MAP = 5
NULL = 0xF6
BREAK = 0xFF

_LENGTH_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_INDEFINITE = 31


@dataclass(frozen=True)
class Head:
    """Head of an item: its major type, and its value or length (None: endless, until a break)."""

    major: int
    value: int | None


class CborReader:
    """Reads items from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def head(self) -> Head:
        """Reads the next head.

        Raises:
            EncodingRefusedError: it is cut off, or its length is reserved.
        """
        initial = self._take(1)[0]
        major, info = initial >> 5, initial & 31
        if info < 24:
            return Head(major, info)
        if info == _INDEFINITE:
            return Head(major, None)
        if info not in _LENGTH_BYTES:
            raise EncodingRefusedError("CborReservedLength", offset=self.offset - 1)
        return Head(major, int.from_bytes(self._take(_LENGTH_BYTES[info])))

    def expect(self, major: int) -> int:
        """Value or length of the next head, which must be of the major type and not endless.

        Raises:
            EncodingRefusedError: it is another one.
        """
        offset = self.offset
        head = self.head()
        if head.major != major or head.value is None:
            raise EncodingRefusedError("CborWrongType", offset=offset, expected=major, found=head.major)
        return head.value

    def string(self, major: int) -> bytes:
        """Content of the next byte string or text.

        Raises:
            EncodingRefusedError: something else comes next.
        """
        return self._take(self.expect(major))

    def bytes_or_null(self) -> bytes:
        """Content of the next byte string; null is read as empty.

        Raises:
            EncodingRefusedError: something else comes next.
        """
        return b"" if self.skip(NULL) else self.string(BYTES)

    def skip(self, initial: int) -> bool:
        """Reads one byte if it is `initial`; says whether it was."""
        found = self.offset < len(self.data) and self.data[self.offset] == initial
        self.offset += found
        return found

    def entries(self) -> Iterator[None]:
        """Steps once for each entry of the map that comes next, of a stated length or up to a break.

        Raises:
            EncodingRefusedError: no map comes next.
        """
        offset = self.offset
        head = self.head()
        if head.major != MAP:
            raise EncodingRefusedError("CborWrongType", offset=offset, expected=MAP, found=head.major)
        if head.value is not None:
            yield from (None for _ in range(head.value))
            return
        while not self.skip(BREAK):
            yield None

    def skip_map(self) -> None:
        """Reads the map that comes next, whatever is in it.

        Raises:
            EncodingRefusedError: no map of well-formed items comes next.
        """
        for _ in self.entries():
            self._skip_item()
            self._skip_item()

    def finish(self) -> None:
        """Ends reading.

        Raises:
            EncodingRefusedError: something is left over.
        """
        if self.offset != len(self.data):
            raise EncodingRefusedError("CborTrailingBytes", end=self.offset, length=len(self.data))

    def _skip_item(self) -> None:
        head = self.head()

    def _take(self, count: int) -> bytes:
        end = self.offset + count
        if end > len(self.data):
            raise EncodingRefusedError("CborTruncated", end=end, length=len(self.data))
        taken = self.data[self.offset : end]
        self.offset = end
        return taken


def head(major: int, value: int) -> bytes:
    """Shortest head of an item."""
    if value < 24:
        return bytes([major << 5 | value])
    info = next(info for info, size in _LENGTH_BYTES.items() if value < 256**size)
    return bytes([major << 5 | info]) + value.to_bytes(_LENGTH_BYTES[info])


def byte_string(content: bytes | None) -> bytes:
    """A byte string, or null."""
    return bytes([NULL]) if content is None else head(BYTES, len(content)) + content


def text(content: str) -> bytes:
    """A text."""
    raw = content.encode()
    return head(TEXT, len(raw)) + raw
