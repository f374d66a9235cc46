"""The part of DER that the certificates use, read as strictly as `contracts/attestation/Der.sol` does.

Known single-byte tags, lengths below 65,536 in the shortest form, one form for each value, nothing left over.
"""

from __future__ import annotations

from datetime import UTC, datetime

from veritally.attestation.errors import EncodingRefusedError

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30

_TRUE = b"\xff"
_SHORT_TIME = len("YYMMDDHHMMSSZ")
_LONG_TIME = len("YYYYMMDDHHMMSSZ")
_FIRST_LONG_YEAR = 2050


class DerReader:
    """Reads elements from the front of some bytes. Every method raises EncodingRefusedError."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def read(self, tag: int) -> bytes:
        """Content of the next element, which must have the tag."""
        start, end = self._bounds(tag)
        return self._cut(end)[start:]

    def read_whole(self, tag: int) -> bytes:
        """The next element, with its tag and length."""
        return self._cut(self._bounds(tag)[1])

    def read_last(self, tag: int) -> bytes:
        """Content of the only element that is left."""
        content = self.read(tag)
        self.finish()
        return content

    def read_integer(self, longest_bytes: int) -> int:
        """Value of an INTEGER that is not negative."""
        content = self.read(INTEGER)
        if not content or content[0] >= 0x80:
            raise EncodingRefusedError("DerBadInteger", value=content)
        if content[0] == 0 and len(content) > 1 and content[1] < 0x80:
            raise EncodingRefusedError("DerIntegerNotShortest", value=content)
        magnitude = content[content[0] == 0 :]
        if len(magnitude) > longest_bytes:
            raise EncodingRefusedError("DerIntegerTooLong", length=len(magnitude), max=longest_bytes)
        return int.from_bytes(magnitude)

    def read_flag(self) -> bool:
        """A BOOLEAN that is FALSE when it is left out: whether it is there, and then it must be TRUE."""
        if self.rest[:1] != bytes([BOOLEAN]):
            return False
        content = self.read(BOOLEAN)
        if content != _TRUE:
            raise EncodingRefusedError("DerBadBoolean", value=content)
        return True

    def read_bits(self) -> bytes:
        """Content of a BIT STRING that is the only element left and is made of whole bytes."""
        bits = self.read_last(BIT_STRING)
        if bits[:1] != b"\0":
            raise EncodingRefusedError("DerBadBitString", value=bits)
        return bits[1:]

    def read_time_s(self) -> int:
        """Unix seconds of a UTCTime (1950 to 2049) or GeneralizedTime (from 2050); zero before 1970."""
        long = self.rest[:1] == bytes([GENERALIZED_TIME])
        text = self.read(GENERALIZED_TIME if long else UTC_TIME)
        digits = text[:-1]
        if len(text) != (_LONG_TIME if long else _SHORT_TIME) or text[-1:] != b"Z" or not digits.isdigit():
            raise EncodingRefusedError("DerBadTime", value=text)
        century = b"" if long else b"20" if digits < b"50" else b"19"
        moment = _moment(century + digits)
        if moment is None or (long and moment.year < _FIRST_LONG_YEAR):
            raise EncodingRefusedError("DerBadTime", value=text)
        return max(int(moment.timestamp()), 0)

    def finish(self) -> None:
        """Ends reading: nothing may be left."""
        if self.rest:
            raise EncodingRefusedError("DerTrailingBytes", count=len(self.rest))

    def _cut(self, end: int) -> bytes:
        taken, self.rest = self.rest[:end], self.rest[end:]
        return taken

    def _bounds(self, tag: int) -> tuple[int, int]:
        """Where the content of the next element starts and ends."""
        self._require(2)
        if self.rest[0] != tag:
            raise EncodingRefusedError("DerWrongTag", tag=self.rest[0], expected=tag)
        start, length = 2, self.rest[1]
        if length >= 0x80:
            if length not in (0x81, 0x82):
                raise EncodingRefusedError("DerBadLength", first=length)
            start += length - 0x80
            self._require(start)
            length = int.from_bytes(self.rest[2:start])
            if length < (0x80 if start == 3 else 0x100):
                raise EncodingRefusedError("DerLengthNotShortest", length=length)
        self._require(start + length)
        return start, start + length

    def _require(self, needed: int) -> None:
        if len(self.rest) < needed:
            raise EncodingRefusedError("DerTruncated", needed=needed, available=len(self.rest))


def _moment(digits: bytes) -> datetime | None:
    """Time of `YYYYMMDDHHMMSS`; None when the calendar does not have it."""
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
