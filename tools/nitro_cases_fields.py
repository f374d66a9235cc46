"""Documents whose certificates say something wrong in one field, or something unusual and right."""

from __future__ import annotations

from eth_utils.crypto import keccak
from nitro_case import Case, accept, refuse
from nitro_chain import (
    INSTANCE,
    NOW_S,
    public_bytes,
    with_leaf,
)
from nitro_encoding import (
    ALGORITHM,
    GENERALIZED_TIME,
    INTEGER,
    KEY_ALGORITHM,
    SEQUENCE,
    UTC_TIME,
    bit_string,
    constraints,
    integer,
    name,
    time,
    tlv,
    usage,
)

OTHER = bytes.fromhex("551d23")
"""An extension that is not read: authorityKeyIdentifier."""
TAG = "DerWrongTag(uint8,uint8)"
DER_TAIL = "DerTrailingBytes(uint256)"
TOO_LONG = "DerIntegerTooLong(uint256,uint256)"
NOT_SHORTEST = "DerLengthNotShortest(uint256)"
LEAF_EXTENSIONS = (constraints(), usage("0780"))
CA_USAGE = usage("0204")
POINT = public_bytes("enclave")


def utc(text: str) -> bytes:
    """A UTCTime with any content."""
    return tlv(UTC_TIME, text.encode())


def generalized(text: str) -> bytes:
    """A GeneralizedTime with any content."""
    return tlv(GENERALIZED_TIME, text.encode())


def leaf_key(algorithm: bytes = KEY_ALGORITHM, bits: bytes | None = None, tail: bytes = b"") -> bytes:
    """The leaf's key, with one part replaced."""
    return tlv(SEQUENCE, algorithm, bit_string(b"\x04" + POINT) if bits is None else bits, tail)


def header_cases() -> tuple[Case, ...]:
    """Version, serial number, algorithms, names."""
    trailing = bytes.fromhex("a006020102000000")
    sequence_of_null = bytes.fromhex("300c06082a8648ce3d0403030500")
    version_2 = bytes.fromhex("a003020101")
    name_as_set = b"\x31" + name("instance")[1:]
    serial = "(bytes)"
    algorithm = ("WrongSignatureAlgorithm(bytes12,bytes12)", ALGORITHM)
    version = "NotVersion3(bytes5,bytes5)"
    version_3 = INSTANCE.version
    return (
        refuse(
            "version wrapper with trailing bytes",
            with_leaf(version=trailing),
            version,
            trailing[:5],
            version_3,
        ),
        refuse("version 2", with_leaf(version=version_2), version, version_2, version_3),
        refuse("no version", with_leaf(version=b""), version, bytes.fromhex("021500e008"), version_3),
        refuse("serial number with another tag", with_leaf(serial=b"\x03\x01\x05"), TAG, 3, INTEGER),
        refuse("serial number zero", with_leaf(serial=integer(0)), "SerialNumberZero()"),
        refuse(
            "serial number negative", with_leaf(serial=b"\x02\x01\x80"), "DerBadInteger" + serial, b"\x80"
        ),
        refuse("serial number empty", with_leaf(serial=b"\x02\x00"), "DerBadInteger" + serial, b""),
        refuse(
            "serial number padded",
            with_leaf(serial=b"\x02\x02\x00\x05"),
            "DerIntegerNotShortest" + serial,
            b"\x00\x05",
        ),
        refuse("serial number of 21 bytes", with_leaf(serial=integer(1 << 160)), TOO_LONG, 21, 20),
        refuse(
            "algorithm longer than its parts",
            with_leaf(algorithm=sequence_of_null),
            algorithm[0],
            sequence_of_null[:12],
            algorithm[1],
        ),
        refuse(
            "outer algorithm ECDSA with SHA-256",
            with_leaf(outer_algorithm=bytes.fromhex("300a06082a8648ce3d040302")),
            algorithm[0],
            bytes.fromhex("300a06082a8648ce3d040302"),
            algorithm[1],
        ),
        refuse(
            "algorithm identifier with another tag",
            with_leaf(algorithm=bytes.fromhex("300a07082a8648ce3d040303")),
            algorithm[0],
            bytes.fromhex("300a07082a8648ce3d040303"),
            algorithm[1],
        ),
        refuse("issuer with another tag", with_leaf(issuer_name=name_as_set), TAG, 0x31, SEQUENCE),
        refuse(
            "issuer is not the subject above",
            with_leaf(issuer_name=name("someone")),
            "WrongIssuer(bytes32,bytes32)",
            keccak(name("someone")),
            keccak(name("instance")),
        ),
    )


def time_cases() -> tuple[Case, ...]:
    """Dates and times."""
    wrong = {
        "30 February": "270230120000Z",
        "31 February": "280231120000Z",
        "29 February of no leap year": "270229120000Z",
        "31 April": "270431120000Z",
        "day 0": "270100120000Z",
        "day 32": "270132120000Z",
        "month 0": "270015120000Z",
        "month 13": "271315120000Z",
        "hour 24": "270115240000Z",
        "minute 60": "270115126000Z",
        "second 60": "270115120060Z",
        "a letter": "2701151200O0Z",
        "a sign": "2701151200+0Z",
        "no Z": "270115120000",
        "Z missing at the end": "2701151200000",
        "no seconds": "2701151200Z",
        "an offset": "270115120000+0000",
    }
    bad = "DerBadTime(bytes)"
    short, hundred = "20300115120000Z", "21000229000000Z"
    return (
        *(
            refuse(f"time with {what}", with_leaf(not_after=utc(text)), bad, text.encode())
            for what, text in wrong.items()
        ),
        refuse("start with 30 February", with_leaf(not_before=utc("240230000000Z")), bad, b"240230000000Z"),
        refuse("GeneralizedTime before 2050", with_leaf(not_after=generalized(short)), bad, short.encode()),
        refuse("29 February 2100", with_leaf(not_after=generalized(hundred)), bad, hundred.encode()),
        refuse(
            "time with another tag", with_leaf(not_after=tlv(0x16, b"300115120000Z")), TAG, 0x16, UTC_TIME
        ),
        refuse("validity with a third time", with_leaf(validity_tail=time(NOW_S)), DER_TAIL, 15),
        refuse(
            "expired",
            with_leaf(not_after=time(NOW_S - 1)),
            "CertificateExpired(uint256,uint256)",
            NOW_S - 1,
            NOW_S,
        ),
        refuse(
            "not valid yet",
            with_leaf(not_before=time(NOW_S + 1)),
            "CertificateNotYetValid(uint256,uint256)",
            NOW_S + 1,
            NOW_S,
        ),
        accept("valid from and until this second", with_leaf(not_before=time(NOW_S), not_after=time(NOW_S))),
        accept("29 February of a leap year", with_leaf(not_after=utc("280229235959Z"))),
        accept(
            "start in 1950 and end in 2051",
            with_leaf(not_before=utc("500101000000Z"), not_after=generalized("20510101000000Z")),
        ),
        accept("end on 28 February 2100", with_leaf(not_after=generalized("21000228235959Z"))),
    )


def key_cases() -> tuple[Case, ...]:
    """The public key."""
    kind = "WrongPublicKeyType(bytes24,bytes24)"
    right = leaf_key()[:24]
    changed = {
        "key algorithm with another tag": leaf_key(KEY_ALGORITHM.replace(b"\x06\x07", b"\x05\x07")),
        "curve with another tag": leaf_key(KEY_ALGORITHM.replace(b"\x06\x05", b"\x07\x05")),
        "curve P-521": leaf_key(KEY_ALGORITHM[:-1] + b"\x23"),
        "key algorithm longer than its parts": leaf_key(tlv(SEQUENCE, KEY_ALGORITHM[2:], b"\x05\x00")),
        "key compressed": leaf_key(bits=bit_string(b"\x02" + POINT[:48])),
        "key of no bits": leaf_key(bits=b"\x03\x00"),
        "key with unused bits": leaf_key(bits=tlv(0x03, b"\x01\x04", POINT)),
        "key information longer than its parts": leaf_key(tail=b"\x05\x00"),
    }
    return tuple(
        refuse(what, with_leaf(key_info=key_info), kind, key_info[:24], right)
        for what, key_info in changed.items()
    )


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (*header_cases(), *time_cases(), *key_cases())
