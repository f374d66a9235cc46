"""Writes the vectors of the cryptography to tests/vectors/attestation; --check only compares them.

They are Wycheproof's in the form that the contract tests read, with the hints for P-384, own cases at the
edges of P-384, and SHA-384 of messages of many lengths.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generated_files import write_or_check
from p384_edges import hint_edges, lift, range_edges, statement_edges
from rsa_edges import rsa_edges
from vector_columns import columns, hexadecimal

from veritally.attestation.p384 import HINT_BYTES, ORDER, encode_hint, make_hint, split_scalars
from veritally.errors import NoHintError

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors"
SOURCE = VECTORS / "wycheproof"
TARGET = VECTORS / "attestation"
SHA384_LENGTHS = (*range(301), 367, 368, 383, 384, 385, 495, 496, 512, 1023, 1024, 4395)


@dataclass(frozen=True)
class Case:
    """One test of Wycheproof."""

    id: int
    public_key: dict[str, str]
    message: bytes
    signature: bytes
    valid: bool


def cases(name: str) -> Iterator[Case]:
    """The tests of one of Wycheproof's files."""
    content = json.loads((SOURCE / f"{name}_test.json").read_text(encoding="utf-8"))
    for group in content["testGroups"]:
        for test in group["tests"]:
            yield Case(
                id=test["tcId"],
                public_key=group["publicKey"],
                message=bytes.fromhex(test["msg"]),
                signature=bytes.fromhex(test["sig"]),
                valid=test["result"] == "valid",
            )


def curve_key(public_key: dict[str, str]) -> bytes:
    """x and y of the key."""
    return bytes.fromhex(public_key["uncompressed"])[1:]


def hint_for(digest: bytes, signature: bytes, public_key: bytes) -> bytes:
    """The hint; for an invalid signature the hint that comes nearest to one.

    That is the honest v, w and t, and a point whose x is r where there is one: everything then holds but the
    last equation.
    """
    r, s = int.from_bytes(signature[:48]), int.from_bytes(signature[48:])
    try:
        return make_hint(digest, r, s, public_key)
    except NoHintError:
        if s % ORDER == 0:
            return bytes(HINT_BYTES)
    return encode_hint(split_scalars(int.from_bytes(digest), r, s), lift(r), False)


def p384_vectors() -> dict[str, list[Any]]:
    """ECDSA over P-384 with SHA-384, with hints."""
    rows = []
    for case in cases("ecdsa_secp384r1_sha384_p1363"):
        digest, key = hashlib.sha384(case.message).digest(), curve_key(case.public_key)
        rows.append(
            {
                "id": case.id,
                "digest": hexadecimal(digest),
                "signature": hexadecimal(case.signature),
                "publicKey": hexadecimal(key),
                "hint": hexadecimal(hint_for(digest, case.signature, key)),
                "valid": case.valid,
            }
        )
    return columns(rows)


def sha256_vectors(curve: str) -> dict[str, list[Any]]:
    """ECDSA with SHA-256 over a curve with coordinates of 32 bytes."""
    return columns(
        [
            {
                "id": case.id,
                "digest": hexadecimal(hashlib.sha256(case.message).digest()),
                "signature": hexadecimal(case.signature),
                "publicKey": hexadecimal(curve_key(case.public_key)),
                "valid": case.valid,
            }
            for case in cases(f"ecdsa_{curve}_sha256_p1363")
        ]
    )


def rsa_vectors() -> dict[str, list[Any]]:
    """RSASSA-PSS with 2048 bits and SHA-256."""
    return columns(
        [
            {
                "id": case.id,
                "digest": hexadecimal(hashlib.sha256(case.message).digest()),
                "signature": hexadecimal(case.signature),
                "modulus": hexadecimal(bytes.fromhex(case.public_key["modulus"])[-256:]),
                "valid": case.valid,
            }
            for case in cases("rsa_pss_2048_sha256_mgf1_32")
        ]
    )


def sha384_vectors() -> dict[str, list[Any]]:
    """SHA-384 of the first bytes of one message, whose byte i is 37 * i + i / 256, modulo 256."""
    message = bytes((37 * i + i // 256) % 256 for i in range(max(SHA384_LENGTHS)))
    return columns(
        [
            {"length": length, "hash": hexadecimal(hashlib.sha384(message[:length]).digest())}
            for length in SHA384_LENGTHS
        ]
    )


def main() -> int:
    """Writes or checks the files; the exit code is 1 when a check fails."""
    files = {
        "p384_hints.json": p384_vectors(),
        "p384_edges.json": columns(range_edges() + statement_edges() + hint_edges()),
        "p256.json": sha256_vectors("secp256r1"),
        "secp256k1.json": sha256_vectors("secp256k1"),
        "rsa_pss_2048.json": rsa_vectors(),
        "rsa_pss_edges.json": rsa_edges(),
        "sha384.json": sha384_vectors(),
    }
    return write_or_check(
        {TARGET / name: json.dumps(content, indent=0) + "\n" for name, content in files.items()}
    )


if __name__ == "__main__":
    raise SystemExit(main())
