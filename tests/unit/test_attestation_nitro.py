from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from attestation_vectors import NOW_S, PCRS, REAL, ROOT, RealDocument
from eth_utils.crypto import keccak

from veritally.attestation import nitro
from veritally.attestation.claims import Platform
from veritally.attestation.errors import CertificateRefusedError, RefusedError


def by_name(document: RealDocument) -> str:
    return document.name


def refusal(document: bytes, at_s: int = NOW_S, root: bytes = ROOT.fingerprint) -> str:
    with pytest.raises(RefusedError) as caught:
        nitro.verify(document, root, at_s)
    return caught.value.name


def payload(**changes: Any) -> dict[str, Any]:
    root, instance, leaf = ROOT.chain(NOW_S)
    values = {
        "module_id": "i-development-enc0",
        "digest": "SHA384",
        "timestamp": NOW_S * 1000,
        "pcrs": PCRS,
        "certificate": leaf,
        "cabundle": [root, instance],
        "public_key": None,
        "user_data": b"data",
        "nonce": None,
    }
    return values | changes


def seal(values: dict[str, Any], edit: Callable[[bytes], bytes] = lambda raw: raw) -> bytes:
    return ROOT.seal(edit(cbor2.dumps(values)))


def without(key: str) -> bytes:
    values = payload()
    del values[key]
    return seal(values)


@pytest.mark.parametrize("real", REAL, ids=by_name)
def test_real_documents_say_what_general_readers_read(real: RealDocument) -> None:
    claims = nitro.verify(real.content, nitro.AWS_ROOT, real.made_at_s + 5)

    said = cbor2.loads(cbor2.loads(real.content)[2])
    assert claims.platform is Platform.NITRO
    assert claims.root == nitro.AWS_ROOT
    assert claims.timestamp_s == real.made_at_s == said["timestamp"] // 1000
    assert (claims.user_data, claims.nonce, claims.public_key) == tuple(
        said.get(key) or b"" for key in ("user_data", "nonce", "public_key")
    )
    assert claims.debug is real.debug
    assert claims.not_after_s == real.signer_valid_s[1]
    code = b"".join(said["pcrs"][index] for index in range(3))
    assert claims.measurement == keccak(b"\x01" + code)


@pytest.mark.parametrize("real", REAL, ids=by_name)
def test_real_documents_hold_exactly_as_long_as_their_certificates(real: RealDocument) -> None:
    start_s, end_s = real.signer_valid_s

    nitro.verify(real.content, nitro.AWS_ROOT, start_s)
    nitro.verify(real.content, nitro.AWS_ROOT, end_s)

    assert refusal(real.content, start_s - 1, nitro.AWS_ROOT) == "CertificateNotYetValid"
    assert refusal(real.content, end_s + 1, nitro.AWS_ROOT) == "CertificateExpired"


def test_another_root_is_refused_with_both_fingerprints() -> None:
    with pytest.raises(CertificateRefusedError) as caught:
        nitro.verify(REAL[0].content, ROOT.fingerprint, REAL[0].made_at_s)
    assert caught.value.values == {"found": nitro.AWS_ROOT, "expected": ROOT.fingerprint}


def test_the_tag_may_be_there_or_not() -> None:
    real = REAL[0]
    tagged = b"\xd2" + real.content
    assert nitro.verify(tagged, nitro.AWS_ROOT, real.made_at_s) == nitro.verify(
        real.content, nitro.AWS_ROOT, real.made_at_s
    )
    assert refusal(b"\xd1" + real.content) == "WrongCoseTag"


def test_the_unprotected_header_may_hold_anything_well_formed() -> None:
    document = seal(payload())
    head, header, rest = document[:6], document[6:7], document[7:]
    assert header == b"\xa0"

    header = cbor2.dumps({4: b"key", 33: [1.5, None, {"deep": cbor2.CBORTag(1, -1)}]})
    assert nitro.verify(head + header + rest, ROOT.fingerprint, NOW_S).user_data == b"data"
    assert nitro.verify(head + b"\xbf\xff" + rest, ROOT.fingerprint, NOW_S).user_data == b"data"
    assert refusal(head + b"\xa1\x00\x5f\xff" + rest) == "CborBadInfo"
    assert refusal(head + b"\xa1\x00" + b"\x81" * 8 + b"\x00" + rest) == "CborTooDeep"


def test_missing_and_null_mean_the_same() -> None:
    claims = [
        nitro.verify(document, ROOT.fingerprint, NOW_S)
        for document in (without("nonce"), seal(payload()), seal(payload(nonce=b"")))
    ]
    assert claims[0] == claims[1] == claims[2]


def test_registers_may_be_sparse_and_the_image_signer_counts() -> None:
    sparse = {index: PCRS[index] for index in (0, 1, 2, 3, 4, 8)}
    code = b"".join(PCRS[index] for index in range(3))

    def measured(pcrs: dict[int, bytes]) -> bytes:
        return nitro.verify(seal(payload(pcrs=pcrs)), ROOT.fingerprint, NOW_S).measurement

    assert measured(sparse) == measured(PCRS) == keccak(b"\x03" + code + PCRS[8])
    assert measured(sparse | {8: bytes(48)}) == keccak(b"\x03" + code)
    assert measured({index: PCRS[index] for index in range(3)}) == keccak(b"\x03" + code)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_one_register_of_zeros_is_debug_mode(index: int) -> None:
    document = seal(payload(pcrs=PCRS | {index: bytes(48)}))
    assert nitro.verify(document, ROOT.fingerprint, NOW_S).debug is True


def long(data: bytes) -> bytes:
    """The first head in a form that is one byte too long."""
    return bytes([data[0] & 0xE0 | 24, data[0] & 0x1F]) + data[1:]


CASES: dict[str, tuple[bytes, str]] = {
    "a key twice": (seal(payload(), lambda raw: b"\xaa" + raw[1:] + b"\x65nonce\xf6"), "FieldRepeated"),
    "an unknown key": (seal(payload(extra=1)), "UnknownField"),
    "a number as key": (seal(payload(), lambda raw: b"\xaa" + raw[1:] + b"\x00\x00"), "CborWrongType"),
    "bytes after the payload": (seal(payload(), lambda raw: raw + b"\x00"), "CborTrailingBytes"),
    "a length that is too long": (seal(payload(), long), "CborNotShortest"),
    "a reserved length": (seal(payload(), lambda raw: b"\xbc" + raw[1:]), "CborBadInfo"),
    "a payload cut off": (seal(payload(), lambda raw: raw[:-1]), "CborTruncated"),
    "an endless map cut off": (seal(payload(), lambda raw: b"\xbf" + raw[1:]), "CborTruncated"),
    "another digest": (seal(payload(digest="SHA512")), "WrongDigest"),
    "an empty bundle": (seal(payload(cabundle=[])), "EmptyChain"),
    "a register too many": (seal(payload(pcrs=PCRS | {32: bytes(48)})), "PcrIndexTooHigh"),
    "registers in disorder": (
        seal(payload(pcrs={0: PCRS[0], 1: PCRS[1], 2: PCRS[2], 4: PCRS[4], 3: PCRS[3]})),
        "PcrNotAscending",
    ),
    "no register 1": (seal(payload(pcrs={0: PCRS[0], 2: PCRS[2]})), "PcrMissing"),
    "no register": (seal(payload(pcrs={})), "PcrMissing"),
    "a short register": (seal(payload(pcrs=PCRS | {3: bytes(47)})), "WrongPcrLength"),
    "long user data": (seal(payload(user_data=bytes(513))), "FieldTooLong"),
    "a long public key": (seal(payload(public_key=bytes(1025))), "FieldTooLong"),
    "a negative time": (seal(payload(timestamp=-1)), "CborWrongType"),
    "bytes after the document": (seal(payload()) + b"\x00", "CborTrailingBytes"),
    "no bytes": (b"", "CborTruncated"),
    "an array of five": (b"\x85" + seal(payload())[1:], "WrongPartCount"),
    "another algorithm": (
        seal(payload()).replace(b"\xa1\x01\x38\x22", b"\xa1\x01\x38\x23", 1),
        "WrongProtectedHeader",
    ),
    "a short signature": (seal(payload())[:-98] + b"\x58\x5f" + bytes(95), "WrongSignatureLength"),
    "another signature": (seal(payload())[:-96] + bytes(96), "DocumentSignatureInvalid"),
    "no root": (seal(payload(cabundle=list(ROOT.chain(NOW_S)[1:2]))), "WrongRoot"),
    "a link left out": (seal(payload(cabundle=list(ROOT.chain(NOW_S)[:1]))), "WrongIssuer"),
    "a link twice": (seal(payload(cabundle=[*ROOT.chain(NOW_S)[:2], ROOT.chain(NOW_S)[1]])), "WrongIssuer"),
    "an authority as signer": (
        seal(payload(cabundle=[ROOT.chain(NOW_S)[0]], certificate=ROOT.chain(NOW_S)[1])),
        "SignerIsAuthority",
    ),
    "the root as signer": (
        seal(payload(cabundle=[ROOT.chain(NOW_S)[0]], certificate=ROOT.chain(NOW_S)[0])),
        "SignerIsAuthority",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_documents_are_refused_by_name(name: str) -> None:
    document, expected = CASES[name]
    assert refusal(document) == expected


@pytest.mark.parametrize("key", ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"])
def test_mandatory_fields_are_missed(key: str) -> None:
    assert refusal(without(key)) == "FieldMissing"


def test_long_values_are_cut_in_messages_and_whole_in_the_error() -> None:
    with pytest.raises(RefusedError) as caught:
        nitro.verify(seal(payload(digest="S" * 65)), ROOT.fingerprint, NOW_S)
    assert caught.value.values == {"found": b"S" * 65}
    assert "53... (65 bytes)); do not trust it" in str(caught.value)
