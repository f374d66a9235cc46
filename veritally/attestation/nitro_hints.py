"""The hints with which the contract verifies a Nitro document: one for each signature in it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha384
from itertools import pairwise

from veritally.attestation import nitro
from veritally.attestation.certificates import NITRO_PROFILE, Certificate, parse_certificate
from veritally.attestation.ecdsa import P384
from veritally.attestation.errors import RefusedError
from veritally.attestation.p384 import make_hint
from veritally.errors import NoHintError

NO_HINT = b""
"""Stands for the hint of a signature that does not hold."""


def make_nitro_hints(document: bytes) -> list[bytes]:
    """Hints in the contract's order: for each certificate after the root, then for the document itself.

    A document that does not hold gets the hints with which the contract finds out why: `NO_HINT` for what has
    none, and none at all when it cannot be read.
    """
    try:
        parsed = nitro.parse(document)
    except RefusedError:
        return []
    chain = [_read(encoded) for encoded in parsed.certificates]
    return [*_chain_hints(chain), _hint(parsed.signed_bytes, parsed.signature, chain[-1])]


def _chain_hints(chain: list[Certificate | None]) -> Iterator[bytes]:
    for parent, child in pairwise(chain):
        yield NO_HINT if child is None else _hint(child.signed_part, child.signature, parent)


def _read(encoded: bytes) -> Certificate | None:
    try:
        return parse_certificate(encoded, NITRO_PROFILE)
    except RefusedError:
        return None


def _hint(message: bytes, signature: bytes, signer: Certificate | None) -> bytes:
    if signer is None:
        return NO_HINT
    half = P384.number_bytes
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        return make_hint(sha384(message).digest(), r, s, signer.public_key)
    except NoHintError:
        return NO_HINT
