"""The strict readers of CBOR, DER, PEM and certificates, against general ones."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import cbor2
import pytest
from attestation_vectors import NOW_S, REAL, ROOT
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from veritally.attestation import cbor, nitro
from veritally.attestation.certificates import NITRO_PROFILE, parse_certificate
from veritally.attestation.der import INTEGER, SEQUENCE, DerReader
from veritally.attestation.errors import CertificateRefusedError, EncodingRefusedError, RefusedError
from veritally.attestation.pem import read_pem_chain

LEAF = ROOT.chain(NOW_S)[2]
SIMPLE = st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text() | st.floats()


@given(st.integers(0, 2**64 - 1), st.integers(0, 5))
def test_heads_are_read_as_they_are_written(value: int, major: int) -> None:
    reader = cbor.CborReader(cbor.encode_head(major, value))
    assert reader.read_head(major) == value
    reader.finish()


@given(st.binary(max_size=300), st.text(max_size=300))
def test_what_is_written_is_what_a_general_writer_writes(data: bytes, text: str) -> None:
    assert cbor.encode_bytes(data) == cbor2.dumps(data)
    assert cbor.encode_text(text) == cbor2.dumps(text)
    assert cbor.encode_bytes(None) == cbor2.dumps(None)


@given(st.dictionaries(SIMPLE, SIMPLE | st.lists(SIMPLE)), st.binary(max_size=8))
def test_any_map_is_skipped_whole(values: dict[object, object], rest: bytes) -> None:
    reader = cbor.CborReader(cbor2.dumps(values) + rest)
    reader.skip_map()
    assert reader.rest == rest


@pytest.mark.parametrize(
    ("refused", "accepted"),
    [
        ("1817", "1818"),
        ("1900ff", "190100"),
        ("1a0000ffff", "1a00010000"),
        ("1b00000000ffffffff", "1b0000000100000000"),
        ("f81f", "f820"),
        ("5817", "5818" + "00" * 24),
    ],
)
def test_numbers_and_lengths_are_as_short_as_can_be(refused: str, accepted: str) -> None:
    """One below and at the limit, each as the key of a map that is skipped."""
    reader = cbor.CborReader(bytes.fromhex(f"a1{accepted}00"))
    reader.skip_map()
    reader.finish()
    with pytest.raises(EncodingRefusedError, match="CborNotShortest"):
        cbor.CborReader(bytes.fromhex(f"a1{refused}00")).skip_map()


@given(st.binary(max_size=40))
def test_any_bytes_are_skipped_or_refused(data: bytes) -> None:
    reader = cbor.CborReader(data)
    try:
        reader.skip_map()
    except EncodingRefusedError:
        return
    assert isinstance(cbor2.loads(data[: len(data) - len(reader.rest)]), dict)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_document(data: bytes) -> None:
    with pytest.raises(RefusedError):
        nitro.verify(data, nitro.AWS_ROOT, NOW_S)


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_certificates_say_what_a_general_reader_reads(real: object) -> None:
    for encoded in nitro.parse(real.content).certificates:  # type: ignore[attr-defined]
        mine, general = parse_certificate(encoded, NITRO_PROFILE), x509.load_der_x509_certificate(encoded)
        constraints = general.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert mine.serial_number == general.serial_number
        assert mine.not_before_s == int(general.not_valid_before_utc.timestamp())
        assert mine.not_after_s == int(general.not_valid_after_utc.timestamp())
        assert (mine.is_ca, mine.path_length) == (constraints.ca, constraints.path_length)
        assert mine.signed_part == general.tbs_certificate_bytes
        assert mine.issuer == general.issuer.public_bytes()
        assert mine.subject == general.subject.public_bytes()


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("30", "DerTruncated"),
        ("3003020100ff", "DerTrailingBytes"),
        ("3004020100", "DerTruncated"),
        ("3080", "DerBadLength"),
        ("308400000001ff", "DerBadLength"),
        ("3081", "DerTruncated"),
        ("307f", "DerTruncated"),
        ("308103020100", "DerLengthNotShortest"),
        ("3082000302010000", "DerLengthNotShortest"),
        ("3103020100", "DerWrongTag"),
    ],
)
def test_elements_have_one_form(encoded: str, name: str) -> None:
    with pytest.raises(EncodingRefusedError) as caught:
        DerReader(bytes.fromhex(encoded)).read_last(SEQUENCE)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("00", 0),
        ("7f", 127),
        ("0080", 128),
        ("00ffff", 65535),
        ("", "DerBadInteger"),
        ("80", "DerBadInteger"),
        ("007f", "DerIntegerNotShortest"),
        ("010000", "DerIntegerTooLong"),
    ],
)
def test_numbers_have_one_form(content: str, expected: int | str) -> None:
    raw = bytes.fromhex(content)
    reader = DerReader(bytes([INTEGER, len(raw)]) + raw)
    if isinstance(expected, int):
        assert reader.read_integer(2) == expected
        return
    with pytest.raises(EncodingRefusedError) as caught:
        reader.read_integer(2)
    assert caught.value.name == expected


@given(st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1)))
def test_times_are_those_of_the_calendar(moment: datetime) -> None:
    short = moment.year < 2050
    text = moment.strftime("%y%m%d%H%M%SZ" if short else "%Y%m%d%H%M%SZ").encode()
    reader = DerReader(bytes([0x17 if short else 0x18, len(text)]) + text)
    assert reader.read_time_s() == int(moment.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "260231000000Z",  # 31 February
        "260431000000Z",
        "270229000000Z",  # no leap year
        "261301000000Z",
        "260001000000Z",
        "260100000000Z",
        "260101240000Z",
        "260101006000Z",
        "260101000060Z",
        "260101000000",
        "260101000000A",
        "260101000000+0000",
        "2601010000Z",
        "26010100000aZ",
        "20490101000000Z",  # must be short
    ],
)
def test_other_times_are_refused(text: str) -> None:
    tag = 0x18 if text.startswith("2049") else 0x17
    with pytest.raises(EncodingRefusedError, match="DerBadTime"):
        DerReader(bytes([tag, len(text)]) + text.encode()).read_time_s()


def edited(old: str, new: str) -> bytes:
    """The leaf with one place of its bytes changed, lengths kept."""
    before, after = bytes.fromhex(old), bytes.fromhex(new)
    assert len(before) == len(after)
    assert before in LEAF
    return LEAF.replace(before, after)


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (edited("a003020102", "a003020101"), "NotVersion3"),
        (edited("300a06082a8648ce3d040303", "300a06082a8648ce3d040302"), "WrongSignatureAlgorithm"),
        (edited("06052b81040022", "06052b81040023"), "WrongPublicKeyType"),
        (edited("03620004", "03620003"), "WrongPublicKeyType"),
        (edited("0603551d130101ff", "0603551d1301017f"), "DerBadBoolean"),
        (edited("0603551d130101ff", "0603551d140101ff"), "UnknownCriticalExtension"),
        (edited("0603551d0f0101ff", "0603551d130101ff"), "ExtensionRepeated"),
        (edited("03020780", "03020640"), "KeyUsageMissing"),
        (edited("03020780", "03020680"), "DerBadBitString"),
        (LEAF + b"\0", "DerTrailingBytes"),
        (LEAF + bytes(1_024), "CertificateTooLong"),
    ],
)
def test_certificates_of_another_kind_are_refused(certificate: bytes, name: str) -> None:
    with pytest.raises((EncodingRefusedError, CertificateRefusedError)) as caught:
        parse_certificate(certificate, NITRO_PROFILE)
    assert caught.value.name == name


def test_pem_chains_are_read_and_nothing_else() -> None:
    block = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"de") + b"-----END CERTIFICATE-----\n"
    assert read_pem_chain(block * 2 + b"\0") == (b"de", b"de")
    for wrong in (
        b"x" + block,
        block + b"x",
        block.replace(b"ZGU=", b"ZGV="),
        block.replace(b"ZGU=", b"Z=U="),
        block * 9,
        block[:-1],
    ):
        with pytest.raises(EncodingRefusedError, match="BadPem"):
            read_pem_chain(wrong)
