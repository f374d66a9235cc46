"""Documents whose wrapping or registers are wrong in one place, or unusual and right."""

from __future__ import annotations

from nitro_case import Case, accept, refuse
from nitro_chain import PROTECTED_HEADER, Document, pcr, raw_signature
from nitro_encoding import NULL, TEXT, array, byte_string, entries, head, text

TRUNCATED = "CborTruncated(uint256,uint256)"
WRONG_TYPE = "CborWrongType(uint8,uint8)"
BAD_INFO = "CborBadInfo(uint8,uint8)"
NOT_SHORTEST = "CborNotShortest(uint256)"
CBOR_TAIL = "CborTrailingBytes(uint256)"
FIELDS = (
    "module_id",
    "digest",
    "timestamp",
    "pcrs",
    "certificate",
    "cabundle",
    "public_key",
    "user_data",
    "nonce",
)
REQUIRED = FIELDS[:6]
ZERO = bytes(48)


def with_value(field: str, value: bytes) -> Document:
    """A document with another encoded value."""
    return Document(values={field: value})


def with_registers(*registers: tuple[bytes, bytes]) -> Document:
    """A document with other registers."""
    return with_value("pcrs", entries(*registers))


def nested(depth: int) -> bytes:
    """A map that holds arrays within each other."""
    return entries((head(0, 1), b"\x81" * depth + b"\x00"))


def wrapping_cases() -> tuple[Case, ...]:
    """COSE_Sign1 around the payload."""
    header, tag = "WrongProtectedHeader(bytes,bytes4)", "WrongCoseTag(uint256,uint256)"
    other = {
        "ES256": "a10126",
        "nothing": "",
        "a second entry": "a201382204f6",
        "a longer number": "a101390022",
    }
    parts = "WrongPartCount(uint256,uint256)"
    length = "WrongSignatureLength(uint256,uint256)"
    unprotected = {
        "map with a key identifier": entries((head(0, 4), byte_string(b"key"))),
        "map of every kind of item": entries(
            (head(0, 1), array(b"\xf9\x3c\x00", b"\xfb" + bytes(8), b"\xf4", b"\xf8\x20", b"\x38\x63")),
            (text("k"), entries((b"\x20", b"\xc1\x1a\x65\x00\x00\x00"))),
        ),
        "map of unknown length": b"\xbf\x01\x9f\x02\x03\xff\xff",
        "map nested as deep as may be": nested(7),
    }
    return (
        *(accept(f"unprotected {what}", Document(unprotected=item)) for what, item in unprotected.items()),
        refuse(
            "unprotected header nested deeper", Document(unprotected=nested(8)), "CborTooDeep(uint256)", 8
        ),
        refuse("unprotected header is no map", Document(unprotected=b"\x80"), WRONG_TYPE, 4, 5),
        refuse(
            "unprotected header with a string of unknown length",
            Document(unprotected=b"\xa1\x01\x5f\xff"),
            BAD_INFO,
            2,
            31,
        ),
        refuse(
            "unprotected header with a string beyond the end",
            Document(unprotected=b"\xa1\x01\x5a\xff\xff\xff\xff"),
            TRUNCATED,
            lambda made: (2**32 - 1, len(made.document) - 13),
        ),
        refuse(
            "unprotected header with a reserved length",
            Document(unprotected=b"\xa1\x01\x1c"),
            BAD_INFO,
            0,
            28,
        ),
        refuse(
            "unprotected header with a simple value of two bytes",
            Document(unprotected=b"\xa1\x01\xf8\x1f"),
            NOT_SHORTEST,
            31,
        ),
        refuse("bytes after the signature", Document(unprotected=nested(1), tail=b"\x00"), CBOR_TAIL, 1),
        accept("tag 18", Document(prefix=b"\xd2")),
        refuse("tag 17", Document(prefix=b"\xd1"), tag, 17, 18),
        refuse("tag 61", Document(prefix=b"\xd8\x3d"), tag, 61, 18),
        refuse("tag 18 in two bytes", Document(prefix=b"\xd8\x12"), NOT_SHORTEST, 18),
        refuse("three parts", Document(parts_head=b"\x83"), parts, 3, 4),
        refuse("five parts", Document(parts_head=b"\x85"), parts, 5, 4),
        refuse("parts of unknown number", Document(parts_head=b"\x9f", tail=b"\xff"), BAD_INFO, 4, 31),
        refuse("parts in a map", Document(parts_head=b"\xa2"), WRONG_TYPE, 5, 4),
        *(
            refuse(
                f"protected header with {what}",
                Document(protected=byte_string(bytes.fromhex(item))),
                header,
                bytes.fromhex(item),
                PROTECTED_HEADER,
            )
            for what, item in other.items()
        ),
        refuse("protected header is a map", Document(protected=PROTECTED_HEADER), WRONG_TYPE, 5, 2),
        refuse(
            "payload is text",
            Document(payload_item=lambda payload: head(TEXT, len(payload)) + payload),
            WRONG_TYPE,
            3,
            2,
        ),
        refuse(
            "signature of 95 bytes", Document(signature=lambda _r, _s: byte_string(bytes(95))), length, 95, 96
        ),
        refuse(
            "signature of 97 bytes",
            Document(signature=lambda r, s: byte_string(raw_signature(r, s)[2:] + b"\0")),
            length,
            97,
            96,
        ),
        refuse("signed by another key", Document(signer="stranger"), "DocumentSignatureInvalid()"),
        refuse("signed by the authority", Document(signer="instance"), "DocumentSignatureInvalid()"),
    )


def register_cases() -> tuple[Case, ...]:
    """The registers."""
    three = tuple(pcr(index) for index in range(3))
    length, missing = "WrongPcrLength(uint256,uint256,uint256)", "PcrMissing(uint256)"
    high, order = "PcrIndexTooHigh(uint256,uint256)", "PcrNotAscending(uint256,uint256)"
    return (
        accept("sparse registers of a signed image", with_registers(*three, pcr(3), pcr(4), pcr(8))),
        accept("registers 0 to 2 and 31", with_registers(*three, pcr(31))),
        accept("all registers", with_registers(*(pcr(index) for index in range(32)))),
        accept("register 8 zero", with_registers(*three, pcr(8, ZERO))),
        accept("debug mode", with_registers(*(pcr(index, ZERO) for index in range(3)), pcr(3))),
        *(
            accept(
                f"register {zero} zero",
                with_registers(*(pcr(index, ZERO if index == zero else None) for index in range(3))),
            )
            for zero in range(3)
        ),
        accept(
            "registers almost zero",
            with_registers(
                pcr(0, ZERO[1:] + b"\1"), pcr(1, b"\1" + ZERO[1:]), pcr(2, bytes(20) + b"\1" + bytes(27))
            ),
        ),
        accept(
            "registers in a map of unknown length",
            with_value("pcrs", b"\xbf" + entries(*three)[1:] + b"\xff"),
        ),
        refuse("register 32", with_registers(*three, pcr(32)), high, 32, 31),
        refuse(
            "register 2^64 - 1",
            with_registers(*three, (head(0, 2**64 - 1), byte_string(ZERO))),
            high,
            2**64 - 1,
            31,
        ),
        refuse("a register twice", with_registers(*three, pcr(2)), order, 2, 3),
        refuse("registers descending", with_registers(*three, pcr(8), pcr(4)), order, 4, 9),
        refuse("a register of 47 bytes", with_registers(*three, pcr(3, ZERO[1:])), length, 3, 47, 48),
        refuse("a register of 49 bytes", with_registers(pcr(0, bytes(49))), length, 0, 49, 48),
        refuse("a register of no bytes", with_registers(pcr(0, b"")), length, 0, 0, 48),
        *(
            refuse(
                f"register {left_out} missing",
                with_registers(*three[:left_out], *three[left_out + 1 :]),
                missing,
                left_out,
            )
            for left_out in range(3)
        ),
        refuse("no registers", with_registers(), missing, 0),
        refuse(
            "index of a register negative", with_registers((b"\x20", byte_string(ZERO))), WRONG_TYPE, 1, 0
        ),
        refuse(
            "index of a register not in its shortest form",
            with_registers((b"\x18\x00", byte_string(ZERO))),
            NOT_SHORTEST,
            0,
        ),
        refuse("a register null", with_registers((head(0, 0), NULL)), WRONG_TYPE, 7, 2),
        refuse(
            "registers in an array",
            with_value("pcrs", array(*(byte_string(ZERO) for _ in range(3)))),
            WRONG_TYPE,
            4,
            5,
        ),
    )


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (*wrapping_cases(), *register_cases())
