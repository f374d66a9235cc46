"""OpenGradient's results: the same verdicts and error names as the contract, whatever the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from attestation_vectors import FOLDER, REAL
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_abi.abi import decode
from eth_utils.crypto import keccak
from test_attestation_contract_vectors import NAMES, raw

from veritally.attestation import nitro
from veritally.attestation.errors import DocumentRefusedError, RefusedError, ResultRefusedError
from veritally.attestation.opengradient import (
    MAX_DOCUMENT_AGE_S,
    Result,
    admit,
    canonical_request,
    read_response,
    read_spki,
    read_user_data,
    spki,
    tee_id,
    verify_response,
    verify_result,
)
from veritally.attestation.opengradient_evidence import OPENGRADIENT_ROUTE, OpenGradientEvidence
from veritally.attestation.software_gateway import PCRS, TLS_CERTIFICATE_HASH, SoftwareGateway, make_user_data
from veritally.receipts import ZERO_ADDRESS, Receipt
from veritally.tiers import Tier

VECTORS: dict[str, Any] = json.loads((FOLDER / "opengradient.json").read_text(encoding="utf-8"))
MODULUS, ROOT, NOW_S = raw(VECTORS["key"]["modulus"]), raw(VECTORS["root"]), VECTORS["timestamp"]
DOCUMENT = raw(VECTORS["document"]["document"])
REQUEST = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Grüße"}], "temperature": 0.7}
CONTENT = "Grüße zurück"


@cache
def gateway() -> SoftwareGateway:
    return SoftwareGateway.start(31337)


def der_of(bits: int, exponent: int) -> bytes:
    key = rsa.generate_private_key(exponent, bits).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def refusal(judge: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as caught:
        judge()
    return caught.value.name


def check(response: dict[str, Any]) -> Result:
    return verify_response(
        response, request=canonical_request(REQUEST), content=CONTENT.encode(), modulus=gateway().modulus
    )


# Keys


def test_the_key_is_encoded_as_everywhere() -> None:
    der = der_of(2048, 65537)
    assert spki(read_spki(der)) == der
    assert tee_id(read_spki(der)) == keccak(der)
    assert spki(MODULUS) == raw(VECTORS["key"]["spki"])
    assert tee_id(MODULUS) == raw(VECTORS["key"]["teeId"])


@pytest.mark.parametrize(
    "der",
    [
        der_of(3072, 65537),
        der_of(2048, 3),
        b"",
        spki(MODULUS) + b"\x00",
        spki(MODULUS)[:-1] + b"\x03",
        b"\x31" + spki(MODULUS)[1:],
    ],
)
def test_other_keys_are_refused(der: bytes) -> None:
    assert refusal(lambda: read_spki(der)) == "ModulusNotRsa2048"


@pytest.mark.parametrize("modulus", [b"\x7f" + MODULUS[1:], MODULUS[:-1] + b"\x02", MODULUS[1:], b""])
def test_other_moduli_are_refused(modulus: bytes) -> None:
    assert refusal(lambda: tee_id(modulus)) == "ModulusNotRsa2048"
    unsigned = Result(bytes(32), bytes(32), NOW_S, bytes(256))
    assert refusal(lambda: verify_result(modulus, unsigned)) == "ModulusNotRsa2048"


# Documents


def test_a_key_is_admitted() -> None:
    found = admit(MODULUS, DOCUMENT, ROOT, NOW_S)
    assert found.tee_id == raw(VECTORS["key"]["teeId"])
    assert found.measurement == raw(VECTORS["document"]["measurement"])
    assert found.tls_certificate_hash == TLS_CERTIFICATE_HASH
    assert (found.valid_until_s, found.development) == (NOW_S + 86_400, True)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_documents_are_refused_by_the_same_name(case: dict[str, Any]) -> None:
    assert refusal(lambda: admit(MODULUS, raw(case["document"]), ROOT, NOW_S)) == NAMES[case["reason"][2:10]]


@pytest.mark.parametrize("sign", [1, -1])
def test_documents_are_fresh_for_ten_minutes(sign: int) -> None:
    admit(MODULUS, DOCUMENT, ROOT, NOW_S + sign * MAX_DOCUMENT_AGE_S)
    late = NOW_S + sign * (MAX_DOCUMENT_AGE_S + 1)
    assert refusal(lambda: admit(MODULUS, DOCUMENT, ROOT, late)) == "DocumentNotFresh"


def test_another_key_is_not_admitted() -> None:
    assert refusal(lambda: admit(gateway().modulus, DOCUMENT, ROOT, NOW_S)) == "WrongSigningKey"


def test_the_software_gateway_makes_such_documents() -> None:
    document = gateway().document(NOW_S)
    found = admit(gateway().modulus, document, gateway().root.fingerprint, NOW_S)
    assert (found.tee_id, found.tls_certificate_hash) == (tee_id(gateway().modulus), TLS_CERTIFICATE_HASH)
    assert found.measurement == nitro.measurement(nitro.Platform.DEVELOPMENT, PCRS)


def test_the_real_gateway_makes_such_documents() -> None:
    real = REAL[0]
    found = read_user_data(nitro.parse(real.content).user_data)
    assert found.tls_certificate_hash.hex().startswith("b735546536e78ee1")
    assert found.signing_key_hash.hex().startswith("abf9d7453422eb41")
    judged = refusal(lambda: admit(MODULUS, real.content, nitro.AWS_ROOT, real.made_at_s))
    assert judged == "WrongSigningKey"


@pytest.mark.parametrize("real", REAL[1:], ids=lambda real: real.name)
def test_documents_of_other_enclaves_are_not_in_the_form(real: Any) -> None:
    with pytest.raises(DocumentRefusedError) as caught:
        admit(MODULUS, real.content, nitro.AWS_ROOT, real.made_at_s)
    assert caught.value.name == ("DebugEnclave" if real.debug else "WrongUserData")


@pytest.mark.parametrize("place", [0, 1, 34, 35])
def test_each_byte_of_the_prefixes_counts(place: int) -> None:
    wrong = bytearray(make_user_data(MODULUS))
    wrong[place] ^= 1
    assert refusal(lambda: read_user_data(bytes(wrong))) == "WrongUserData"


# Results


def test_the_result_of_the_vectors_holds() -> None:
    shown = VECTORS["result"]
    hashes = raw(shown["requestHash"]), raw(shown["responseHash"])
    verify_result(MODULUS, Result(*hashes, shown["servedAt"], raw(shown["signature"])))


@pytest.mark.parametrize(
    "change",
    [
        {"request_hash": bytes(32)},
        {"response_hash": bytes(32)},
        {"served_at_s": NOW_S + 1},
        {"signature": b""},
        {"signature": bytes(256)},
        {"signature": b"\xff" * 256},
    ],
)
def test_a_changed_result_is_refused(change: dict[str, Any]) -> None:
    result = gateway().sign(keccak(text="a"), keccak(text="b"), NOW_S)
    verify_result(gateway().modulus, result)
    assert refusal(lambda: verify_result(gateway().modulus, replace(result, **change))) == "ResultNotSigned"


@pytest.mark.parametrize("salt_bytes", [0, 31, 33, 222])
def test_another_salt_length_is_refused(salt_bytes: int) -> None:
    key = rsa.generate_private_key(65537, 2048)
    modulus = key.public_key().public_numbers().n.to_bytes(256)
    unsigned = Result(keccak(text="a"), keccak(text="b"), NOW_S, b"")

    def signed(length: int) -> Result:
        signature = key.sign(unsigned.message, PSS(MGF1(SHA256()), length), SHA256())
        return replace(unsigned, signature=signature)

    verify_result(modulus, signed(32))
    assert refusal(lambda: verify_result(modulus, signed(salt_bytes))) == "ResultNotSigned"


def test_another_key_did_not_sign_it() -> None:
    result = gateway().sign(keccak(text="a"), keccak(text="b"), NOW_S)
    assert refusal(lambda: verify_result(MODULUS, result)) == "ResultNotSigned"


# Responses


def test_a_response_becomes_a_result() -> None:
    found = check(gateway().respond(REQUEST, CONTENT, NOW_S))
    assert found.request_hash == keccak(json.dumps(REQUEST, sort_keys=True).encode())
    assert (found.response_hash, found.served_at_s) == (keccak(text=CONTENT), NOW_S)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("tee_id", "0x" + "00" * 32, "OtherKey"),
        ("tee_request_hash", "00" * 32, "OtherRequest"),
        ("tee_output_hash", "00" * 32, "OtherResponse"),
        ("tee_timestamp", NOW_S + 1, "ResultNotSigned"),
        ("tee_signature", "AAAA", "ResultNotSigned"),
        ("tee_timestamp", True, "MalformedResponse"),
        ("tee_timestamp", str(NOW_S), "MalformedResponse"),
        ("tee_timestamp", -1, "MalformedResponse"),
        ("tee_timestamp", 1 << 64, "MalformedResponse"),
        ("tee_timestamp", None, "MalformedResponse"),
        ("tee_signature", "no base64!", "MalformedResponse"),
        ("tee_signature", "é", "MalformedResponse"),
        ("tee_signature", 1, "MalformedResponse"),
        ("tee_request_hash", "00" * 31, "MalformedResponse"),
        ("tee_request_hash", "00 " * 20 + "0000", "MalformedResponse"),
        ("tee_output_hash", "zz" * 32, "MalformedResponse"),
        ("tee_id", None, "MalformedResponse"),
    ],
)
def test_a_changed_response_is_refused(field: str, value: object, name: str) -> None:
    response = gateway().respond(REQUEST, CONTENT, NOW_S) | {field: value}
    assert refusal(lambda: check(response)) == name


def test_reading_alone_verifies_nothing() -> None:
    response = gateway().respond(REQUEST, CONTENT, NOW_S) | {"tee_signature": "AAAA"}
    assert read_response(response)[1].signature == bytes(3)


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ResultRefusedError, match=r"OtherKey\(expected=0x.*; do not rely on the result; ask"):
        check(gateway().respond(REQUEST, CONTENT, NOW_S) | {"tee_id": "00" * 32})


# Evidence


def evidence(count: int = 2) -> OpenGradientEvidence:
    receipts = tuple(
        Receipt(keccak(text=f"request {nonce}"), bytes(32), ZERO_ADDRESS, 0, NOW_S, nonce, Tier.TEE)
        for nonce in range(count)
    )
    results = [gateway().sign(one.request_hash, one.response_hash, one.served_at_s) for one in receipts]
    signatures = tuple(result.signature for result in results)
    return OpenGradientEvidence(keccak(text="code"), gateway().modulus, receipts, signatures)


def test_evidence_holds_what_the_contract_asks_for() -> None:
    shown = evidence()
    shown.verify()
    struct = "(bytes32,bytes,(bytes32,bytes32,address,uint256)[],bytes[])"
    ((measurement, modulus, receipts, signatures),) = decode((struct,), shown.encode())
    assert (measurement, modulus, signatures) == (keccak(text="code"), gateway().modulus, shown.signatures)
    assert [one[0] for one in receipts] == [one.request_hash for one in shown.receipts]
    assert [one[3] for one in receipts] == [one.terms for one in shown.receipts]
    assert keccak(text="veritally.tee-unbound.v1")[:4] == OPENGRADIENT_ROUTE


def test_evidence_is_refused_by_the_contracts_names() -> None:
    shown = evidence()
    first, second = shown.receipts
    cases = {
        "NoReceipts": replace(shown, receipts=(), signatures=()),
        "SignatureCountMismatch": replace(shown, signatures=shown.signatures[:1]),
        "ModulusNotRsa2048": replace(shown, modulus=bytes(256)),
        "ResultRepeated": replace(shown, receipts=(first, replace(first, nonce=second.nonce))),
        "ResultNotSigned": replace(shown, signatures=shown.signatures[::-1]),
    }
    for name, case in cases.items():
        assert refusal(case.verify) == name
        assert name in NAMES.values()
    both = replace(cases["ResultRepeated"], modulus=bytes(256))
    assert refusal(both.verify) == "ModulusNotRsa2048", "the contract looks at the key first"


def test_a_refusal_names_the_receipt() -> None:
    shown = evidence(3)
    with pytest.raises(ResultRefusedError) as caught:
        replace(shown, signatures=(*shown.signatures[:2], bytes(256))).verify()
    assert caught.value.values == {"index": 2}


def test_the_same_request_at_another_time_is_another_result() -> None:
    shown = evidence()
    again = replace(shown.receipts[0], nonce=9, served_at_s=NOW_S + 1)
    signed = gateway().sign(again.request_hash, again.response_hash, again.served_at_s)
    receipts, signatures = (shown.receipts[0], again), (shown.signatures[0], signed.signature)
    replace(shown, receipts=receipts, signatures=signatures).verify()
