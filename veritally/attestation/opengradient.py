"""Results that OpenGradient's tee-gateway signs: what is signed, by whom, and whether it holds.

The enclave's RSA key signs keccak256 of request hash, response hash and Unix time. Nothing else is in it: no
chain, contract, prover, payer, price or nonce. Whoever has seen a result can show it again.

Verdicts and error names are those of `contracts/verifiers/OpenGradientVerifier.sol`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from eth_utils.crypto import keccak

from veritally.attestation import nitro
from veritally.attestation.claims import Platform
from veritally.attestation.errors import DocumentRefusedError, ResultRefusedError

MAX_DOCUMENT_AGE_S = 10 * 60
"""Age, and seconds in the future, beyond which a document is not fresh."""
KEY_LIFETIME_S = 24 * 60 * 60
"""How long a key is good after its last document."""
MODULUS_BYTES = 256
MULTIHASH = bytes.fromhex("1220")
"""Start of a multihash: SHA-256, 32 bytes."""

_EXPONENT = 65537
_SPKI_HEAD = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100")
_SPKI_TAIL = bytes.fromhex("0203010001")
_USER_DATA_BYTES = 68
_PADDING = PSS(mgf=MGF1(SHA256()), salt_length=32)
_HASH_DIGITS = 64


@dataclass(frozen=True)
class UserData:
    """What an enclave of OpenGradient lets its platform sign."""

    tls_certificate_hash: bytes
    """SHA-256 of the certificate (DER) of the enclave's web server."""
    signing_key_hash: bytes
    """SHA-256 of the signing key's SubjectPublicKeyInfo (DER)."""


@dataclass(frozen=True)
class Admission:
    """What the contract remembers of a key that it admits."""

    tee_id: bytes
    measurement: bytes
    """Hash of the code that speaks for the key."""
    tls_certificate_hash: bytes
    valid_until_s: int
    """Unix seconds from which the key is refused."""
    development: bool
    """The document is of a development root and proves nothing."""


@dataclass(frozen=True)
class Result:
    """One signed result."""

    request_hash: bytes
    response_hash: bytes
    served_at_s: int
    """Unix seconds, by the enclave's clock; `served_at_s` of the receipt."""
    signature: bytes

    @property
    def message(self) -> bytes:
        """The 32 bytes that RSA-PSS signs."""
        timestamp = self.served_at_s.to_bytes(32)
        return bytes(keccak(self.request_hash + self.response_hash + timestamp))


def spki(modulus: bytes) -> bytes:
    """The key's SubjectPublicKeyInfo in DER.

    Raises:
        ResultRefusedError: the modulus is not an odd number of 2048 bits.
    """
    if len(modulus) != MODULUS_BYTES or modulus[0] < 0x80 or modulus[-1] % 2 == 0:
        raise ResultRefusedError("ModulusNotRsa2048", length=len(modulus))
    return _SPKI_HEAD + modulus + _SPKI_TAIL


def tee_id(modulus: bytes) -> bytes:
    """OpenGradient's id of a key: keccak256 of its SubjectPublicKeyInfo.

    Raises:
        ResultRefusedError: the modulus is not an odd number of 2048 bits.
    """
    return bytes(keccak(spki(modulus)))


def read_spki(der: bytes) -> bytes:
    """The modulus in a SubjectPublicKeyInfo, as OpenGradient's registry stores it.

    Raises:
        ResultRefusedError: it is not of an RSA key of 2048 bits with the exponent 65537.
    """
    modulus = der[len(_SPKI_HEAD) : -len(_SPKI_TAIL)]
    if len(modulus) != MODULUS_BYTES or der != spki(modulus):
        raise ResultRefusedError("ModulusNotRsa2048", length=len(modulus))
    return modulus


def read_user_data(user_data: bytes) -> UserData:
    """The two hashes in a document's user data.

    Raises:
        DocumentRefusedError: the user data are not two SHA-256 multihashes.
    """
    halves = user_data[: _USER_DATA_BYTES // 2], user_data[_USER_DATA_BYTES // 2 :]
    if len(user_data) != _USER_DATA_BYTES or not all(half.startswith(MULTIHASH) for half in halves):
        raise DocumentRefusedError("WrongUserData", found=user_data)
    return UserData(*(half[len(MULTIHASH) :] for half in halves))


def admit(modulus: bytes, document: bytes, root: bytes, at_s: int) -> Admission:
    """Judges an attestation document as the contract's `admit` does at a time in Unix seconds.

    `root` is SHA-256 of the pinned root certificate, as in `nitro.verify`.

    Raises:
        RefusedError: the key is not admitted; `name` is that of the contract's error.
    """
    key = spki(modulus)
    claims = nitro.verify(document, root, at_s)
    if claims.debug:
        raise DocumentRefusedError("DebugEnclave")
    if abs(at_s - claims.timestamp_s) > MAX_DOCUMENT_AGE_S:
        raise DocumentRefusedError("DocumentNotFresh", timestamp=claims.timestamp_s, blockTimestamp=at_s)
    user_data = read_user_data(claims.user_data)
    shown = sha256(key).digest()
    if user_data.signing_key_hash != shown:
        raise DocumentRefusedError("WrongSigningKey", attested=user_data.signing_key_hash, shown=shown)
    return Admission(
        tee_id=tee_id(modulus),
        measurement=claims.measurement,
        tls_certificate_hash=user_data.tls_certificate_hash,
        valid_until_s=at_s + KEY_LIFETIME_S,
        development=claims.platform is Platform.DEVELOPMENT,
    )


def verify_result(modulus: bytes, result: Result) -> None:
    """Requires that the key with this modulus signed the result; says nothing about the key.

    Raises:
        ResultRefusedError: it did not, or it is no key of 2048 bits.
    """
    spki(modulus)
    key = RSAPublicNumbers(_EXPONENT, int.from_bytes(modulus)).public_key()
    try:
        key.verify(result.signature, result.message, _PADDING, SHA256())
    except InvalidSignature:
        raise ResultRefusedError("ResultNotSigned") from None


def canonical_request(request: Mapping[str, object]) -> bytes:
    """The bytes of a request that OpenGradient hashes: JSON with sorted keys and spaces after , and :."""
    return json.dumps(request, sort_keys=True).encode()


def read_response(response: Mapping[str, object]) -> tuple[bytes, Result]:
    """The id of the key and the result that a response of the gateway claims. Nothing of it is verified yet.

    Raises:
        ResultRefusedError: a field is missing or not in its form.
    """
    served_at_s = response.get("tee_timestamp")
    if type(served_at_s) is not int or not 0 <= served_at_s < 1 << 64:
        raise ResultRefusedError("MalformedResponse", field="tee_timestamp")
    try:
        signature = base64.b64decode(_text(response, "tee_signature"), validate=True)
    except (binascii.Error, ValueError):
        raise ResultRefusedError("MalformedResponse", field="tee_signature") from None
    request_hash, response_hash = _hash(response, "tee_request_hash"), _hash(response, "tee_output_hash")
    return _hash(response, "tee_id"), Result(request_hash, response_hash, served_at_s, signature)


def verify_response(
    response: Mapping[str, object], *, request: bytes, content: bytes, modulus: bytes
) -> Result:
    """Verifies a response of the gateway; what is returned goes into a receipt and its evidence.

    Args:
        response: The gateway's answer, or the last frame of its stream, as JSON.
        request: What was asked, see `canonical_request`.
        content: What was answered: the message's text, or its tool calls as JSON with sorted keys.
        modulus: Of the key that is trusted.

    Raises:
        ResultRefusedError: a field is not in its form, is about something else, or is not signed.
    """
    claimed, result = read_response(response)
    if claimed != tee_id(modulus):
        raise ResultRefusedError("OtherKey", expected=tee_id(modulus), actual=claimed)
    if result.request_hash != keccak(request):
        raise ResultRefusedError("OtherRequest", expected=keccak(request), actual=result.request_hash)
    if result.response_hash != keccak(content):
        raise ResultRefusedError("OtherResponse", expected=keccak(content), actual=result.response_hash)
    verify_result(modulus, result)
    return result


def _text(response: Mapping[str, object], field: str) -> str:
    value = response.get(field)
    if not isinstance(value, str):
        raise ResultRefusedError("MalformedResponse", field=field)
    return value


def _hash(response: Mapping[str, object], field: str) -> bytes:
    digits = _text(response, field).removeprefix("0x")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        raise ResultRefusedError("MalformedResponse", field=field) from None
    if len(digits) != _HASH_DIGITS or len(value) != _HASH_DIGITS // 2:
        raise ResultRefusedError("MalformedResponse", field=field)
    return value
