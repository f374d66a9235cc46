"""Writes DER and CBOR piece by piece, so that a document can be wrong in one place only."""

from __future__ import annotations

from datetime import UTC, datetime

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x17, 0x18, 0x30, 0x31
UINT, BYTES, TEXT, ARRAY, MAP, TAG = 0, 2, 3, 4, 5, 6
NULL = b"\xf6"

ALGORITHM = bytes.fromhex("300a06082a8648ce3d040303")
"""ECDSA with SHA-384."""
KEY_ALGORITHM = bytes.fromhex("301006072a8648ce3d020106052b81040022")
"""A key on P-384."""
BASIC_CONSTRAINTS, KEY_USAGE = bytes.fromhex("551d13"), bytes.fromhex("551d0f")


def tlv(tag: int, *parts: bytes) -> bytes:
    """A DER element with the parts as its content."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(digits)]) + digits + content


def integer(value: int) -> bytes:
    """A DER INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bit_string(content: bytes) -> bytes:
    """A DER BIT STRING of which all bits are used."""
    return tlv(BIT_STRING, b"\0", content)


def signature_bits(r: int, s: int) -> bytes:
    """An ECDSA signature as certificates hold it."""
    return bit_string(tlv(SEQUENCE, integer(r), integer(s)))


def name(text: str) -> bytes:
    """A name with an organization that cannot be taken for a real one, and a common name."""
    pairs = (("550406", "ZZ"), ("55040a", "DEVELOPMENT ONLY - NOT A TEE"), ("550403", text))
    return tlv(
        SEQUENCE,
        *(
            tlv(
                SET,
                tlv(
                    SEQUENCE,
                    tlv(OBJECT_IDENTIFIER, bytes.fromhex(identifier)),
                    tlv(UTF8_STRING, value.encode()),
                ),
            )
            for identifier, value in pairs
        ),
    )


def time(unix_s: int) -> bytes:
    """A time as RFC 5280 wants it."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    if moment.year < 2050:
        return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def extension(identifier: bytes, value: bytes, critical: bytes = b"\x01\x01\xff") -> bytes:
    """A certificate extension; `critical` is the whole BOOLEAN, or nothing."""
    return tlv(SEQUENCE, tlv(OBJECT_IDENTIFIER, identifier), critical, tlv(OCTET_STRING, value))


def constraints(*parts: bytes) -> bytes:
    """The extension basicConstraints."""
    return extension(BASIC_CONSTRAINTS, tlv(SEQUENCE, *parts))


def usage(bits: str) -> bytes:
    """The extension keyUsage, with the hexadecimal content of its BIT STRING."""
    return extension(KEY_USAGE, tlv(BIT_STRING, bytes.fromhex(bits)))


def head(major: int, value: int) -> bytes:
    """The head of a CBOR item, in its shortest form."""
    if value < 24:
        return bytes([major << 5 | value])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | info]) + value.to_bytes(size, "big")
    raise ValueError(f"{value} does not fit into eight bytes")


def text(value: str) -> bytes:
    """A CBOR text string."""
    return head(TEXT, len(value)) + value.encode()


def byte_string(value: bytes) -> bytes:
    """A CBOR byte string."""
    return head(BYTES, len(value)) + value


def array(*items: bytes) -> bytes:
    """A CBOR array of encoded items."""
    return head(ARRAY, len(items)) + b"".join(items)


def entries(*pairs: tuple[bytes, bytes]) -> bytes:
    """A CBOR map of encoded keys and values, in this order."""
    return head(MAP, len(pairs)) + b"".join(key + value for key, value in pairs)


def read_item(data: bytes) -> tuple[object, bytes]:
    """Reads one CBOR item of a document that is known to be good; the rest follows it."""
    major, info = data[0] >> 5, data[0] & 31
    if data[0] == NULL[0]:
        return None, data[1:]
    size = 0 if info < 24 or info == 31 else 1 << info - 24
    value = int.from_bytes(data[1 : 1 + size], "big") if size else info
    rest = data[1 + size :]
    if major == UINT:
        return value, rest
    if major in (BYTES, TEXT):
        return (rest[:value] if major == BYTES else rest[:value].decode()), rest[value:]
    return _read_items(rest, major, None if info == 31 else value)


def _read_items(rest: bytes, major: int, count: int | None) -> tuple[object, bytes]:
    items: list[object] = []
    per_entry = 2 if major == MAP else 1
    while count is None or len(items) < count * per_entry:
        if count is None and rest[0] == 0xFF:
            rest = rest[1:]
            break
        item, rest = read_item(rest)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if major == MAP else items), rest


def read_element(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Reads one DER element of a good certificate: the whole element, its content, and what follows it."""
    size, start = data[1], 2
    if size >= 0x80:
        start = 2 + size - 0x80
        size = int.from_bytes(data[2:start], "big")
    return data[: start + size], data[start : start + size], data[start + size :]
