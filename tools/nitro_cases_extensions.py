"""Documents whose certificates have wrong extensions or a wrong role, or unusual and right ones."""

from __future__ import annotations

from dataclasses import replace

from nitro_case import Case, accept, refuse
from nitro_chain import (
    CONSTRAINTS_OF_CA,
    INSTANCE,
    LEAF,
    NOW_S,
    ROOT,
    Document,
    public_bytes,
    with_instance,
    with_leaf,
)
from nitro_encoding import (
    BASIC_CONSTRAINTS,
    INTEGER,
    KEY_USAGE,
    SEQUENCE,
    constraints,
    extension,
    integer,
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


def with_extensions(*extensions: bytes) -> Document:
    """A document whose last certificate has these extensions."""
    return with_leaf(extensions=extensions)


def ca_with(*parts: bytes) -> Document:
    """A document whose last authority has these basicConstraints."""
    return with_instance(extensions=(constraints(*parts), CA_USAGE))


def extension_cases() -> tuple[Case, ...]:
    """Extensions in general."""
    constraint, use = LEAF_EXTENSIONS
    many = tuple(extension(OTHER + bytes([i]), b"\x05\x00", b"") for i in range(15))
    wrong_tag = use.replace(tlv(0x06, KEY_USAGE), tlv(0x07, KEY_USAGE))
    padded = tlv(SEQUENCE, tlv(0x06, KEY_USAGE), tlv(0x04, tlv(0x03, b"\x07\x80")), b"\x05\x00")
    missing, repeated = "ExtensionMissing(bytes3)", "ExtensionRepeated(bytes)"
    boolean = "DerBadBoolean(bytes)"
    return (
        refuse("no extensions", with_extensions(), "DerTruncated(uint256,uint256)", 2, 0),
        refuse("an empty list of extensions", with_leaf(extensions=(b"",)), missing, BASIC_CONSTRAINTS),
        refuse("no basicConstraints", with_extensions(use), missing, BASIC_CONSTRAINTS),
        refuse("no keyUsage", with_extensions(constraint), missing, KEY_USAGE),
        refuse(
            "basicConstraints twice",
            with_extensions(constraint, use, constraint),
            repeated,
            BASIC_CONSTRAINTS,
        ),
        refuse("keyUsage twice", with_extensions(constraint, use, use), repeated, KEY_USAGE),
        refuse(
            "another extension twice",
            with_extensions(*LEAF_EXTENSIONS, many[3], many[3]),
            repeated,
            OTHER + b"\x03",
        ),
        refuse(
            "too many extensions", with_extensions(*LEAF_EXTENSIONS, *many), "TooManyExtensions(uint256)", 16
        ),
        refuse(
            "unknown critical extension",
            with_extensions(*LEAF_EXTENSIONS, extension(OTHER, b"\x05\x00")),
            "UnknownCriticalExtension(bytes)",
            OTHER,
        ),
        refuse("extension identifier with another tag", with_extensions(constraint, wrong_tag), TAG, 7, 6),
        refuse("extension with a fourth part", with_extensions(constraint, padded), DER_TAIL, 2),
        refuse("bytes after the extensions", with_leaf(extensions_tail=b"\x05\x00"), DER_TAIL, 2),
        refuse(
            "an issuer's unique identifier", with_leaf(before_extensions=b"\x81\x01\x00"), TAG, 0x81, 0xA3
        ),
        *(
            refuse(
                f"critical is {value}",
                with_extensions(
                    constraint, extension(KEY_USAGE, tlv(3, b"\x07\x80"), bytes.fromhex("0101" + value))
                ),
                boolean,
                bytes.fromhex(value),
            )
            for value in ("01", "7f", "00")
        ),
        refuse(
            "critical of two bytes",
            with_extensions(constraint, extension(KEY_USAGE, b"", b"\x01\x02\xff\xff")),
            boolean,
            b"\xff\xff",
        ),
        accept("keyUsage before basicConstraints", with_extensions(use, constraint)),
        accept(
            "sixteen extensions, none of the others critical", with_extensions(*LEAF_EXTENSIONS, *many[:14])
        ),
    )


def role_cases() -> tuple[Case, ...]:
    """What a key may be used for."""
    boolean, bits, use = "DerBadBoolean(bytes)", "DerBadBitString(bytes)", "KeyUsageMissing(uint8,uint8)"
    ca = constraints(CONSTRAINTS_OF_CA)
    lower = replace(INSTANCE, label="lower", issuer="instance")
    below = replace(LEAF, issuer="lower")
    unlimited = replace(INSTANCE, extensions=(ca, CA_USAGE))
    short_lived = replace(unlimited, not_after=time(NOW_S + 100))
    two_levels = (
        ROOT,
        replace(INSTANCE, extensions=(constraints(CONSTRAINTS_OF_CA, integer(1)), CA_USAGE)),
        lower,
        below,
    )
    three_levels = (
        *two_levels[:2],
        replace(lower, extensions=(constraints(CONSTRAINTS_OF_CA, integer(5)), CA_USAGE)),
        replace(INSTANCE, label="lowest", issuer="lower"),
        replace(LEAF, issuer="lowest"),
    )
    above = "PathTooLong(bytes32)"
    return (
        *(
            refuse(f"cA is {value}", ca_with(bytes.fromhex("0101" + value)), boolean, bytes.fromhex(value))
            for value in ("01", "7f", "00")
        ),
        refuse("path length of nine bytes", ca_with(CONSTRAINTS_OF_CA, integer(1 << 64)), TOO_LONG, 9, 1),
        refuse("path length of two bytes", ca_with(CONSTRAINTS_OF_CA, integer(256)), TOO_LONG, 2, 1),
        refuse(
            "path length negative",
            ca_with(CONSTRAINTS_OF_CA, b"\x02\x01\xff"),
            "DerBadInteger(bytes)",
            b"\xff",
        ),
        refuse(
            "path length with another tag", ca_with(CONSTRAINTS_OF_CA, b"\x0a\x01\x00"), TAG, 0x0A, INTEGER
        ),
        refuse(
            "basicConstraints with a third part",
            ca_with(CONSTRAINTS_OF_CA, integer(0), b"\x05\x00"),
            DER_TAIL,
            2,
        ),
        refuse(
            "path length without authority",
            with_extensions(constraints(integer(0)), LEAF_EXTENSIONS[1]),
            "PathLengthWithoutAuthority(uint256)",
            0,
        ),
        refuse(
            "an authority below path length 0",
            Document(chain=(ROOT, INSTANCE, lower, below)),
            above,
            lambda made: made.identifiers(2),
        ),
        refuse(
            "a lower path length that is larger does not help",
            Document(chain=three_levels),
            above,
            lambda made: made.identifiers(3),
        ),
        refuse(
            "signer is an authority",
            Document(chain=(ROOT, unlimited, replace(LEAF, extensions=(ca, usage("0284"))))),
            "SignerIsAuthority(bytes32)",
            lambda made: made.identifiers(3),
        ),
        refuse(
            "a certificate below one of no authority",
            Document(chain=(ROOT, INSTANCE, LEAF, replace(LEAF, label="lower", issuer="enclave"))),
            "ParentIsNoAuthority(bytes32)",
            lambda made: made.identifiers(3),
        ),
        refuse(
            "authority without keyCertSign", with_instance(extensions=(ca, usage("0780"))), use, 0x80, 0x04
        ),
        refuse(
            "signer without digitalSignature", with_extensions(constraints(), usage("0640")), use, 0x40, 0x80
        ),
        *(
            refuse(
                f"keyUsage {value or 'empty'}",
                with_extensions(constraints(), usage(value)),
                bits,
                bytes.fromhex(value),
            )
            for value in ("", "07", "0880", "0680", "0781", "078000", "07800080")
        ),
        refuse(
            "keyUsage with trailing bytes",
            with_extensions(constraints(), extension(KEY_USAGE, b"\x03\x02\x07\x80\x05\x00")),
            DER_TAIL,
            2,
        ),
        accept("keyUsage of two bytes", with_extensions(constraints(), usage("078080"))),
        accept("an authority that expires first", Document(chain=(ROOT, short_lived, lower, below))),
        accept("no path length", Document(chain=(ROOT, unlimited, lower, below))),
        accept("path length 1 above path length 0", Document(chain=two_levels)),
    )


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (*extension_cases(), *role_cases())
