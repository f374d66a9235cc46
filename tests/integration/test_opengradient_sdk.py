"""OpenGradient's own SDK against ours: every response gets the same verdict, for the same hashes.

The SDK brings a fork of x402 under x402's import name, so it runs in an environment and a process of its own.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from eth_utils.crypto import keccak

from veritally.attestation.errors import RefusedError
from veritally.attestation.opengradient import Result, canonical_request, read_spki, tee_id, verify_response
from veritally.attestation.software_gateway import SoftwareGateway, proof_fields
from veritally.devnet.parts import find_root

pytestmark = pytest.mark.opengradient

ROOT = find_root(None)
SDK = (ROOT / ".venv-opengradient" / "bin" / "python", ROOT / "tests" / "opengradient" / "sdk_verdicts.py")
SDK_TIMEOUT_S = 120
NOW_S = 1_764_000_000
RANDOM_CHANGES = 300
FIELDS = ("tee_signature", "tee_request_hash", "tee_output_hash", "tee_timestamp", "tee_id")

Response = dict[str, Any]


@cache
def gateway() -> SoftwareGateway:
    """The gateway that signs what both judge."""
    return SoftwareGateway.start(31337)


def request(number: int = 0) -> dict[str, Any]:
    """Requests as different as JSON allows."""
    contents: list[Any] = [
        "Hello",
        "Grüße, 世界 \U0001f600 \u2028",
        "",
        [{"type": "text", "text": 'a "quoted" \\ part'}, {"type": "image_url"}],
        "\x00\x1f\x7f",
    ]
    message = {"role": "user", "content": contents[number % len(contents)]}
    small = {"model": "gpt-4.1", "messages": [message], "temperature": number / 7}
    return small if number % 2 else small | {"max_tokens": 10**number, "tools": [], "stop": None}


def case(response: Response, number: int = 0, key: str | None = None) -> dict[str, Any]:
    """What both judge: a response to a request, and the key that is trusted."""
    return {"request": request(number), "response": response, "key": key or gateway().public_key}


def good(number: int = 0, content: str = "An answer: 42 ✓") -> dict[str, Any]:
    """A case that both accept."""
    return case(gateway().respond(request(number), content, NOW_S + number), number)


def changed(**fields: Any) -> dict[str, Any]:
    """A case with some fields of its response changed; None leaves one out."""
    response = good()["response"] | fields
    return case({name: value for name, value in response.items() if value is not None})


def signed_by(sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """A case with another signature over the right message."""
    response = good()["response"]
    hashes = bytes.fromhex(response["tee_request_hash"]), bytes.fromhex(response["tee_output_hash"])
    message = Result(*hashes, response["tee_timestamp"], b"").message
    return case(response | {"tee_signature": base64.b64encode(sign(message)).decode()})


def private() -> rsa.RSAPrivateKey:
    """The first gateway's key."""
    return gateway()._key


def with_salt(length: int) -> dict[str, Any]:
    return signed_by(lambda message: private().sign(message, PSS(MGF1(SHA256()), length), SHA256()))


def ask_sdk(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The SDK's verdicts."""
    finished = subprocess.run(
        SDK, input=json.dumps(cases), capture_output=True, text=True, timeout=SDK_TIMEOUT_S, check=False
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    verdicts: list[dict[str, Any]] = json.loads(finished.stdout)
    assert len(verdicts) == len(cases)
    return verdicts


def ask_ours(case: dict[str, Any], verdict: dict[str, Any]) -> Result | str:
    """Our result, or the name of our error, for the content that the SDK reads."""
    content = verdict["content"].encode() if verdict["accepted"] else content_of(case["response"])
    try:
        return verify_response(
            case["response"],
            request=canonical_request(case["request"]),
            content=content,
            modulus=modulus_of(case),
        )
    except RefusedError as error:
        return error.name


def modulus_of(case: dict[str, Any]) -> bytes:
    key = load_pem_public_key(case["key"].encode())
    return read_spki(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def content_of(response: Response) -> bytes:
    choice = response["choices"][0]
    if choice["finish_reason"] == "tool_calls":
        return json.dumps(choice["message"]["tool_calls"], sort_keys=True).encode()
    return str(choice["message"]["content"]).encode()


def require_same(cases: list[dict[str, Any]]) -> list[bool]:
    """Requires that both judge each case alike; returns the verdicts."""
    verdicts = ask_sdk(cases)
    for one, verdict in zip(cases, verdicts, strict=True):
        ours = ask_ours(one, verdict)
        assert isinstance(ours, Result) is verdict["accepted"], (ours, verdict, one["response"])
        if isinstance(ours, Result):
            assert verdict["request_bytes"] == canonical_request(one["request"]).hex()
            assert verdict["request_hash"] == ours.request_hash.hex()
            assert verdict["output_hash"] == ours.response_hash.hex()
            assert verdict["timestamp"] == ours.served_at_s
            assert verdict["tee_id"].lower() == tee_id(modulus_of(one)).hex()
    return [verdict["accepted"] for verdict in verdicts]


def tool_calls() -> dict[str, Any]:
    """A case whose signed content are tool calls."""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"é": 1}'}}]
    response = gateway().respond(request(), json.dumps(calls, sort_keys=True), NOW_S)
    response["choices"] = [
        {"index": 0, "message": {"role": "assistant", "tool_calls": calls}, "finish_reason": "tool_calls"}
    ]
    return case(response)


def test_both_accept_what_is_right() -> None:
    contents = ("", "x" * 100_000, "Grüße \U0001f600", '{"json": true}')
    cases = [good(number) for number in range(10)] + [good(0, content) for content in contents]
    digits = good()["response"]["tee_id"].removeprefix("0x")
    cases += [tool_calls(), with_salt(32), changed(tee_id=digits), changed(tee_id=f"0x{digits.upper()}")]
    assert all(require_same(cases))


def test_both_refuse_what_is_changed() -> None:
    response = good()["response"]
    signature = base64.b64decode(response["tee_signature"])
    flipped = [bytes([*signature[:at], signature[at] ^ 1, *signature[at + 1 :]]) for at in (0, 128, 255)]
    signatures = [*flipped, b"", bytes(256), b"\xff" * 256, signature[:-1], signature + b"\x00"]
    cases = [changed(tee_signature=base64.b64encode(one).decode()) for one in signatures]
    cases += [changed(tee_timestamp=response["tee_timestamp"] + step) for step in (1, -1, 2**40)]
    cases += [changed(**{field: None}) for field in FIELDS]
    cases += [changed(**{field: "00" * 32}) for field in FIELDS]
    cases += [changed(tee_request_hash=response["tee_output_hash"]), changed(tee_timestamp=-1)]
    cases += [changed(tee_timestamp=True), changed(tee_timestamp=1.5), changed(tee_signature=1)]
    cases += [case(good(1)["response"], 0), case(good(0)["response"], 1)]
    assert not any(require_same(cases))


def test_both_refuse_another_content() -> None:
    cases = [good(), tool_calls()]
    cases[0]["response"]["choices"][0]["message"]["content"] += " "
    cases[1]["response"]["choices"][0]["message"]["tool_calls"][0]["id"] = "2"
    assert not any(require_same(cases))


def test_both_refuse_another_key() -> None:
    claimed = SoftwareGateway.start(31337)
    cases = [case(good()["response"], key=claimed.public_key)]
    other = claimed.respond(request(), "An answer: 42 ✓", NOW_S)
    cases += [case(other), case(other | {"tee_id": good()["response"]["tee_id"]})]
    stolen = proof_fields(claimed.modulus, gateway().sign(bytes(32), bytes(32), NOW_S))
    cases.append(case(other | {"tee_signature": stolen["tee_signature"]}, key=claimed.public_key))
    assert not any(require_same(cases))


def test_both_refuse_other_ways_to_sign() -> None:
    key, pss = private(), PSS(MGF1(SHA256()), 32)
    cases = [with_salt(length) for length in (0, 16, 20, 31, 33, 64, 222)]
    cases += [
        signed_by(lambda message: key.sign(message, PSS(MGF1(SHA384()), 32), SHA256())),
        signed_by(lambda message: key.sign(message, PSS(MGF1(SHA256()), 32), SHA384())),
        signed_by(lambda message: key.sign(message, PKCS1v15(), SHA256())),
        signed_by(lambda message: key.sign(message.hex().encode(), pss, SHA256())),
        signed_by(lambda message: key.sign(b"\x19\x01" + message, pss, SHA256())),
    ]
    assert not any(require_same(cases))


def test_both_judge_random_changes_alike() -> None:
    chance = random.Random(20_261_121)
    cases = []
    for number in range(RANDOM_CHANGES):
        one = good(number % 10)
        for _ in range(chance.randrange(3)):
            field = chance.choice(FIELDS[:3])
            text = one["response"][field]
            place = chance.randrange(len(text) - 2)
            digit = chance.choice("0123456789abcdef")
            one["response"][field] = text[:place] + digit + text[place + 1 :]
        if chance.random() < 0.2:
            one["response"]["tee_timestamp"] += chance.randrange(-1, 2)
        cases.append(one)
    verdicts = require_same(cases)
    assert RANDOM_CHANGES // 5 < sum(verdicts) < RANDOM_CHANGES * 4 // 5


def key_of(bits: int, exponent: int) -> dict[str, Any]:
    """A case of a key that the contract does not take."""
    key = rsa.generate_private_key(exponent, bits)
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    one = signed_by(lambda message: key.sign(message, PSS(MGF1(SHA256()), 32), SHA256()))
    return case(one["response"] | {"tee_id": f"0x{keccak(der).hex()}"}, key=pem)


def test_where_we_are_stricter() -> None:
    """The contract takes RSA-2048 with the exponent 65537 only; and a field has one form."""
    response = good()["response"]
    loose = response["tee_signature"][:5] + "\n !" + response["tee_signature"][5:]
    cases = {
        "a longer key": key_of(3072, 65537),
        "another exponent": key_of(2048, 3),
        "a time as text": changed(tee_timestamp=str(response["tee_timestamp"])),
        "characters that are no base64": changed(tee_signature=loose),
    }
    for (name, one), verdict in zip(cases.items(), ask_sdk(list(cases.values())), strict=True):
        assert verdict["accepted"], (name, verdict)
        assert isinstance(ask_ours(one, verdict), str), name


def test_where_the_sdk_is_stricter() -> None:
    """Capital digits in a hash: the same bytes."""
    one = changed(tee_request_hash=good()["response"]["tee_request_hash"].upper())
    verdict = ask_sdk([one])[0]
    assert (verdict["accepted"], isinstance(ask_ours(one, verdict), Result)) == (False, True)
