"""Writes tests/vectors/attestation/opengradient.json: a key, documents for it, and a result that it signed.

With --check it writes nothing, and fails when the file is not what it would write.
DEVELOPMENT ONLY - NOT A TEE: the documents are of the software root, and the key's modulus is a power of 3,
so that everybody can sign with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from generated_files import write_or_check
from rsa_edges import rsa_encoding
from vector_columns import hexadecimal

from veritally.attestation import nitro
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.opengradient import MULTIHASH, Result, spki, tee_id
from veritally.attestation.software_gateway import PCRS, TLS_CERTIFICATE_HASH, make_user_data
from veritally.attestation.software_root import SoftwareRoot

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation" / "opengradient.json"
ROOT = SoftwareRoot.of_test_mnemonic(31337)
NOW_S = 1_800_001_800
"""In the middle of an hour: the signer's certificate is valid for some time before and after."""
POWER = 1292
MODULUS = (3**POWER).to_bytes(256)
EXPONENT = pow(65537, -1, 2 * 3 ** (POWER - 1))
OTHER_MODULUS = (5**882).to_bytes(256)
PADDING = bytes(190) + b"\x01"
KEY_HASH = sha256(spki(MODULUS)).digest()


def sign(request_hash: bytes, response_hash: bytes, served_at_s: int) -> Result:
    """The same signature at each call: the salt is a counter."""
    unsigned = Result(request_hash, response_hash, served_at_s, b"")
    digest, modulus = sha256(unsigned.message).digest(), int.from_bytes(MODULUS)
    encoded, salt = 0, 0
    while encoded % 3 == 0 or encoded >= modulus:
        salt += 1
        encoded = rsa_encoding(digest, salt.to_bytes(32), PADDING)
    signature = pow(encoded, EXPONENT, modulus).to_bytes(256)
    return Result(request_hash, response_hash, served_at_s, signature)


def accepted(pcrs: Mapping[int, bytes]) -> dict[str, object]:
    """A document for the key, of this code."""
    document = ROOT.document(pcrs, NOW_S, user_data=make_user_data(MODULUS))
    measurement = nitro.verify(document, ROOT.fingerprint, NOW_S).measurement
    return {**_shown(document), "measurement": hexadecimal(measurement)}


def refused(name: str, document: bytes, error: str, *values: object) -> dict[str, object]:
    """A document that is refused, with the revert data."""
    types = [one for one in error[error.index("(") + 1 : -1].split(",") if one]
    reason = keccak(text=error)[:4] + encode(types, values)
    return {**_shown(document), "name": name, "reason": hexadecimal(reason)}


def refusals() -> list[dict[str, object]]:
    """Documents that are wrong in one place."""
    good = make_user_data(MODULUS)
    forms = {
        "no user data": b"",
        "a byte too few": good[:-1],
        "a byte too many": good + b"\x00",
        "another first hash function": b"\x13" + good[1:],
        "another first length": good[:1] + b"\x21" + good[2:],
        "another second hash function": good[:34] + b"\x13" + good[35:],
        "another second length": good[:35] + b"\x21" + good[36:],
    }
    shifted = [
        refused(name, ROOT.document(PCRS, NOW_S, user_data=found or None), "WrongUserData(bytes)", found)
        for name, found in forms.items()
    ]
    other = make_user_data(OTHER_MODULUS)
    swapped = MULTIHASH + KEY_HASH + MULTIHASH + TLS_CERTIFICATE_HASH
    keys = [
        refused(
            name,
            ROOT.document(PCRS, NOW_S, user_data=found),
            "WrongSigningKey(bytes32,bytes32)",
            found[36:],
            KEY_HASH,
        )
        for name, found in {"another key": other, "the hashes swapped": swapped}.items()
    ]
    debug = ROOT.document({**PCRS, 1: bytes(48)}, NOW_S, user_data=good)
    return [*shifted, *keys, refused("debug mode", debug, "DebugEnclave()")]


def render() -> str:
    """The file."""
    result = sign(keccak(text="request"), keccak(text="response"), NOW_S)
    content = {
        "root": hexadecimal(ROOT.fingerprint),
        "timestamp": NOW_S,
        "key": {
            "modulus": hexadecimal(MODULUS),
            "privateExponent": hexadecimal(EXPONENT.to_bytes(256)),
            "spki": hexadecimal(spki(MODULUS)),
            "teeId": hexadecimal(tee_id(MODULUS)),
            "tlsCertificateHash": hexadecimal(TLS_CERTIFICATE_HASH),
        },
        "otherModulus": hexadecimal(OTHER_MODULUS),
        "document": accepted(PCRS),
        "documentOfOtherCode": accepted({**PCRS, 0: b"\x0f" * 48}),
        "refused": refusals(),
        "result": {
            "requestHash": hexadecimal(result.request_hash),
            "responseHash": hexadecimal(result.response_hash),
            "servedAt": result.served_at_s,
            "signature": hexadecimal(result.signature),
        },
    }
    return json.dumps(content, indent=1) + "\n"


def _shown(document: bytes) -> dict[str, object]:
    return {
        "document": hexadecimal(document),
        "hints": [hexadecimal(hint) for hint in make_nitro_hints(document)],
    }


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    return write_or_check({TARGET: render()})


if __name__ == "__main__":
    raise SystemExit(main())
