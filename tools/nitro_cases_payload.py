"""Documents whose payload is wrong in one place, or unusual and right."""

from __future__ import annotations

from collections.abc import Callable

from nitro_case import Case, accept, refuse
from nitro_chain import ROOT, Document, encode
from nitro_encoding import NULL, array, byte_string, entries, text

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


def with_payload(change: Callable[[list[tuple[bytes, bytes]]], bytes]) -> Document:
    """A document whose payload is made of the list of encoded keys and values."""
    return Document(payload=lambda values: change([(text(key), value) for key, value in values.items()]))


def repeated(index: int) -> Document:
    """A document whose payload has one of its entries a second time, at the end."""
    return with_payload(lambda pairs: entries(*pairs, pairs[index]))


def field_cases() -> tuple[Case, ...]:
    """Which keys are there, and what they hold."""
    long = "FieldTooLong(uint8,uint256,uint256)"
    return (
        *(
            refuse(f"{field} missing", Document(without=(field,)), "FieldMissing(uint8)", FIELDS.index(field))
            for field in REQUIRED
        ),
        *(
            refuse(
                f"{field} twice",
                repeated(FIELDS.index(field)),
                "FieldRepeated(uint8)",
                FIELDS.index(field),
            )
            for field in FIELDS
        ),
        refuse(
            "an unknown key",
            with_payload(lambda pairs: entries(*pairs, (text("other"), NULL))),
            "UnknownField(bytes)",
            b"other",
        ),
        refuse(
            "a key in bytes",
            with_payload(lambda pairs: entries(*pairs, (byte_string(b"nonce"), NULL))),
            WRONG_TYPE,
            2,
            3,
        ),
        *(accept(f"{field} left out", Document(without=(field,))) for field in FIELDS[6:]),
        *(accept(f"{field} null", with_value(field, NULL)) for field in FIELDS[6:8]),
        accept("nonce of 512 bytes", with_value("nonce", byte_string(b"n" * 512))),
        accept("public_key of 1,024 bytes", with_value("public_key", byte_string(b"k" * 1_024))),
        refuse("nonce of 513 bytes", with_value("nonce", byte_string(bytes(513))), long, 8, 513, 512),
        refuse("user_data of 513 bytes", with_value("user_data", byte_string(bytes(513))), long, 7, 513, 512),
        refuse(
            "public_key of 1,025 bytes",
            with_value("public_key", byte_string(bytes(1_025))),
            long,
            6,
            1_025,
            1_024,
        ),
        refuse("user_data is undefined", with_value("user_data", b"\xf7"), WRONG_TYPE, 7, 2),
        refuse("user_data is text", with_value("user_data", text("data")), WRONG_TYPE, 3, 2),
        refuse("user_data of unknown length", with_value("user_data", b"\x5f\x41\x00\xff"), BAD_INFO, 2, 31),
        refuse("certificate null", with_value("certificate", NULL), WRONG_TYPE, 7, 2),
        refuse("module_id null", with_value("module_id", NULL), WRONG_TYPE, 7, 3),
        refuse("digest SHA256", with_value("digest", text("SHA256")), "WrongDigest(bytes)", b"SHA256"),
        refuse("digest longer", with_value("digest", text("SHA384 ")), "WrongDigest(bytes)", b"SHA384 "),
        refuse("timestamp negative", with_value("timestamp", b"\x20"), WRONG_TYPE, 1, 0),
        refuse(
            "timestamp a floating-point number", with_value("timestamp", b"\xfb" + bytes(8)), WRONG_TYPE, 7, 0
        ),
        refuse(
            "timestamp not in its shortest form",
            with_value("timestamp", b"\x1b" + bytes(7) + b"\x18"),
            NOT_SHORTEST,
            24,
        ),
        refuse("number of entries of two bytes that fits into one", long_count(), NOT_SHORTEST, 9),
    )


def long_count() -> Document:
    """A document whose payload states its nine entries in two bytes."""
    return with_payload(lambda pairs: b"\xb8\x09" + entries(*pairs)[1:])


def shape_cases() -> tuple[Case, ...]:
    """The payload as a whole, and the bundle of certificates."""
    root = encode(ROOT)[0]
    stranger = "WrongRoot(bytes32,bytes32)"
    return (
        accept(
            "payload of unknown length", with_payload(lambda pairs: b"\xbf" + entries(*pairs)[1:] + b"\xff")
        ),
        accept("keys in another order", with_payload(lambda pairs: entries(*reversed(pairs)))),
        refuse(
            "payload of unknown length without an end",
            with_payload(lambda pairs: b"\xbf" + entries(*pairs)[1:]),
            TRUNCATED,
            1,
            0,
        ),
        refuse(
            "bytes after the payload's map",
            with_payload(lambda pairs: entries(*pairs) + b"\x00"),
            CBOR_TAIL,
            1,
        ),
        refuse(
            "payload states one entry more",
            with_payload(lambda pairs: b"\xaa" + entries(*pairs)[1:]),
            TRUNCATED,
            1,
            0,
        ),
        refuse(
            "payload with a reserved length",
            with_payload(lambda pairs: b"\xbc" + entries(*pairs)[1:]),
            BAD_INFO,
            5,
            28,
        ),
        refuse("payload is an array", with_payload(lambda _pairs: b"\x80"), WRONG_TYPE, 4, 5),
        refuse("payload empty", with_payload(lambda _pairs: b""), TRUNCATED, 1, 0),
        refuse(
            "a string beyond the end",
            with_payload(lambda pairs: entries(*pairs)[:-1] + b"\x58\x20\x00"),
            TRUNCATED,
            32,
            1,
        ),
        refuse(
            "a length cut off",
            with_payload(lambda pairs: entries(*pairs)[:-1] + b"\x59\x01"),
            TRUNCATED,
            3,
            2,
        ),
        refuse("bundle empty", with_value("cabundle", array()), "EmptyChain()"),
        refuse("bundle null", with_value("cabundle", NULL), WRONG_TYPE, 7, 4),
        refuse(
            "bundle of unknown length",
            with_value("cabundle", b"\x9f" + byte_string(root) + b"\xff"),
            BAD_INFO,
            4,
            31,
        ),
        refuse(
            "bundle with a null", with_value("cabundle", array(byte_string(root), NULL)), WRONG_TYPE, 7, 2
        ),
        refuse(
            "bundle without the root",
            Document(chain=Document().chain[1:]),
            stranger,
            lambda made: made.fingerprints(),
        ),
        refuse("bundle with another root", other_root(), stranger, lambda made: made.fingerprints()),
    )


def other_root() -> Document:
    """A document under a root that differs from the pinned one in its serial number."""
    root, *others = Document().chain
    return Document(chain=(type(root)(**{**vars(root), "serial": b"\x02\x01\x07"}), *others))


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (*field_cases(), *shape_cases())
