"""The part of DER that certificates of enclaves use, read strictly: one form for each value, nothing left over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from veritally.attestation.errors import EncodingRefusedError

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_ID = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
VERSION = 0xA0
EXTENSIONS = 0xA3

_LENGTH_BYTES = {0x81: 1, 0x82: 2}
_TRUE = b"\xff"


@dataclass(frozen=True)
class Element:
    """One element: its tag, its content, and the whole of it."""

    tag: int
    content: bytes
    encoded: bytes

    @property
    def inside(self) -> DerReader:
        """A reader of the elements inside."""
        return DerReader(self.content)


class DerReader:
    """Reads elements from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def next_tag(self) -> int | None:
        """Tag of the next element; None at the end."""
        return self._data[self._offset] if self._offset < len(self._data) else None

    def take(self, tag: int) -> Element:
        """Reads the next element, which must have the tag.

        Raises:
            EncodingRefusedError: another tag, a length that is cut off or not in its shortest form.
        """
        start, found = self._offset, self.next_tag
        if found != tag:
            raise EncodingRefusedError("DerWrongTag", expected=tag, found=-1 if found is None else found)
        content_start, length = self._length(start + 1)
        end = content_start + length
        if end > len(self._data):
            raise EncodingRefusedError("DerTruncated", end=end, length=len(self._data))
        self._offset = end
        return Element(tag, self._data[content_start:end], self._data[start:end])

    def finish(self) -> None:
        """Ends reading.

        Raises:
            EncodingRefusedError: something is left over.
        """
        if self._offset != len(self._data):
            raise EncodingRefusedError("DerTrailingBytes", end=self._offset, length=len(self._data))

    def _length(self, offset: int) -> tuple[int, int]:
        first = self._byte(offset)
        if first < 0x80:
            return offset + 1, first
        if first not in _LENGTH_BYTES:
            raise EncodingRefusedError("DerBadLength", first=first)
        end = offset + 1 + _LENGTH_BYTES[first]
        self._byte(end - 1)
        length = int.from_bytes(self._data[offset + 1 : end])
        if length < (0x80 if first == 0x81 else 0x100):
            raise EncodingRefusedError("DerBadLength", first=first)
        return end, length

    def _byte(self, offset: int) -> int:
        if offset >= len(self._data):
            raise EncodingRefusedError("DerTruncated", end=offset + 1, length=len(self._data))
        return self._data[offset]


def read_single(data: bytes, tag: int) -> Element:
    """The one element that the bytes are.

    Raises:
        EncodingRefusedError: they are not exactly one element with this tag.
    """
    reader = DerReader(data)
    element = reader.take(tag)
    reader.finish()
    return element


def read_true(element: Element) -> None:
    """Accepts the one form of TRUE. FALSE is the default everywhere here, and DER leaves defaults out.

    Raises:
        EncodingRefusedError: any other content.
    """
    if element.content != _TRUE:
        raise EncodingRefusedError("DerBadBoolean", content=element.content)


def read_unsigned(element: Element, longest_bytes: int) -> int:
    """Value of an INTEGER that is not negative.

    Raises:
        EncodingRefusedError: it is empty, negative, padded, or too long.
    """
    content = element.content
    padded = len(content) > 1 and content[0] == 0 and content[1] < 0x80
    if not content or content[0] >= 0x80 or padded or len(content.lstrip(b"\0")) > longest_bytes:
        raise EncodingRefusedError("DerBadInteger", content=content)
    return int.from_bytes(content)


def read_time_s(element: Element) -> int:
    """Unix seconds of a UTCTime or GeneralizedTime with seconds and a final Z.

    Raises:
        EncodingRefusedError: another form, or a day or hour that does not exist.
    """
    digits = element.content[:-1]
    wide = element.tag == GENERALIZED_TIME
    if len(digits) != (14 if wide else 12) or element.content[-1:] != b"Z" or not digits.isdigit():
        raise EncodingRefusedError("DerBadTime", content=element.content)
    century = b"" if wide else b"20" if digits < b"50" else b"19"
    full = century + digits
    parts = [int(full[:4]), *(int(full[i : i + 2]) for i in range(4, 14, 2))]
    try:
        moment = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=UTC)
    except ValueError:
        raise EncodingRefusedError("DerBadTime", content=element.content) from None
    return int(moment.timestamp())
