"""Documents whose certificates are wrong in signature, size or encoding, or unusual and right."""

from __future__ import annotations

from dataclasses import replace

from nitro_case import Case, accept, refuse
from nitro_chain import (
    INSTANCE,
    LEAF,
    ORDER,
    ROOT,
    Document,
    encode,
    public_bytes,
    with_leaf,
)
from nitro_encoding import (
    SEQUENCE,
    bit_string,
    constraints,
    extension,
    integer,
    signature_bits,
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


def signature_cases() -> tuple[Case, ...]:
    """The certificate's signature, and what surrounds it."""
    bad_bits = "DerBadBitString(bytes)"
    sequence = "CertificateSignatureInvalid(bytes32)"

    def with_numbers(*numbers: bytes, tail: bytes = b"") -> Document:
        return with_leaf(signature=lambda _r, _s: bit_string(tlv(SEQUENCE, *numbers) + tail))

    return (
        refuse(
            "signed by another key", with_leaf(signer="stranger"), sequence, lambda made: made.identifiers(3)
        ),
        refuse("signature of no bits", with_leaf(signature=lambda _r, _s: b"\x03\x00"), bad_bits, b""),
        refuse(
            "signature with unused bits",
            with_leaf(signature=lambda _r, _s: b"\x03\x02\x01\x02"),
            bad_bits,
            b"\x01\x02",
        ),
        refuse("r zero", with_numbers(integer(0), integer(1)), sequence, lambda made: made.identifiers(3)),
        refuse("r negative", with_numbers(b"\x02\x01\x80", integer(1)), "DerBadInteger(bytes)", b"\x80"),
        refuse(
            "s padded",
            with_numbers(integer(1), b"\x02\x02\x00\x01"),
            "DerIntegerNotShortest(bytes)",
            b"\x00\x01",
        ),
        refuse("s of 49 bytes", with_numbers(integer(1), integer(1 << 384)), TOO_LONG, 49, 48),
        refuse(
            "s plus the group's order",
            with_leaf(signature=lambda r, s: signature_bits(r, s + ORDER)),
            TOO_LONG,
            49,
            48,
        ),
        refuse("a third number", with_numbers(integer(1), integer(1), integer(1)), DER_TAIL, 3),
        refuse("bytes after the numbers", with_numbers(integer(1), integer(1), tail=b"\x00"), DER_TAIL, 1),
        refuse("bytes after the certificate", with_leaf(tail=b"\x00"), DER_TAIL, 1),
        refuse(
            "a certificate of 1,025 bytes",
            long_leaf(1_025),
            "CertificateTooLong(uint256,uint256)",
            1_025,
            1_024,
        ),
        accept("a certificate of 1,024 bytes", long_leaf(1_024)),
        accept("the twin of the signature", with_leaf(numbers=lambda r, s: (r, ORDER - s))),
    )


def length_cases() -> tuple[Case, ...]:
    """DER lengths and tags, at the certificate's own first bytes."""

    def with_start(start: bytes) -> Document:
        return with_leaf(edit=lambda der: start + der[4:])

    truncated = "DerTruncated(uint256,uint256)"
    return (
        refuse("indefinite length", with_start(b"\x30\x80"), "DerBadLength(uint8)", 0x80),
        refuse("three length bytes", with_start(b"\x30\x83\x00\x01\x00"), "DerBadLength(uint8)", 0x83),
        refuse("length of nine bytes", with_start(b"\x30\x89" + b"\xff" * 9), "DerBadLength(uint8)", 0x89),
        refuse("length 127 in two bytes", with_start(b"\x30\x81\x7f"), NOT_SHORTEST, 0x7F),
        refuse("length 255 in three bytes", with_start(b"\x30\x82\x00\xff"), NOT_SHORTEST, 0xFF),
        refuse(
            "length beyond the end",
            with_start(b"\x30\x82\xff\xff"),
            truncated,
            lambda made: (65_539, len(made.chain[-1])),
        ),
        refuse("a tag of several bytes", with_start(b"\x3f\x82\x01\x00"), TAG, 0x3F, SEQUENCE),
        refuse("an empty certificate", with_leaf(edit=lambda _der: b""), truncated, 2, 0),
        refuse("a certificate of one byte", with_leaf(edit=lambda der: der[:1]), truncated, 2, 1),
        refuse("a certificate cut in its length", with_leaf(edit=lambda der: der[:3]), truncated, 4, 3),
    )


def long_leaf(size: int) -> Document:
    """A document whose last certificate has exactly `size` bytes."""
    padding = extension(OTHER, bytes(size - 494), b"")
    leaves = (
        replace(LEAF, serial=integer(serial), extensions=(*LEAF_EXTENSIONS, padding))
        for serial in range(1, 100)
    )
    leaf = next(leaf for leaf in leaves if len(encode(leaf)[0]) == size)  # the signature's length varies
    return Document(chain=(ROOT, INSTANCE, leaf))


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (*signature_cases(), *length_cases())
