"""Commitments to requests and responses: canonical JSON for SIGNED and TEE, field words for ZKML."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence

from eth_utils.crypto import keccak

from veritally.errors import InvalidWordError, NotCanonicalError, ProofTooShortError

FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of the scalar field of BN254: every word of a proof is below it."""
COMMITMENT_BYTES = 64
"""Both coordinates of a point, as 32-byte big-endian words."""


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys, without spaces.

    Numbers are written as Python's `json` reads them back: integers without a point, other numbers with the
    fewest digits that give the same double (`1` and `1.0` are different values).

    Raises:
        NotCanonicalError: `value` holds NaN, infinity, a key that is no string, or a type that is not JSON's.
    """
    _require_string_keys(value)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise NotCanonicalError(str(error)) from None


def json_commitment(value: object) -> bytes:
    """keccak256 of the canonical JSON of `value`.

    Raises:
        NotCanonicalError: as in `canonical_json`.
    """
    return bytes(keccak(canonical_json(value)))


def quantise(values: Sequence[float], scale: int) -> tuple[int, ...]:
    """Field words of `values` in fixed point, as ezkl makes them from a model's float32 inputs.

    A value is rounded to float32, multiplied by 2^scale and rounded to the nearest integer, halves away from
    zero; a negative integer -n becomes `FIELD_MODULUS - n`.

    Raises:
        InvalidWordError: a value is not finite as float32.
    """
    return tuple(_quantise_one(value, scale) for value in values)


def dequantise(words: Sequence[int], scale: int) -> tuple[float, ...]:
    """The numbers behind field words; words in the upper half of the field are negative.

    Raises:
        InvalidWordError: a word is not in the field.
    """
    return tuple(math.ldexp(_signed(word), -scale) for word in words)


def words_commitment(words: Sequence[int]) -> bytes:
    """keccak256 of `words` as 32-byte big-endian words, exactly as the verifier sees them.

    Raises:
        InvalidWordError: a word is not in the field.
    """
    return bytes(keccak(b"".join(_require_word(word).to_bytes(32, "big") for word in words)))


def proof_commitment(proof: bytes) -> bytes:
    """Request hash of a proof that commits to its inputs: keccak256 of the point that it begins with.

    Raises:
        ProofTooShortError: the proof is too short for a point.
    """
    if len(proof) < COMMITMENT_BYTES:
        raise ProofTooShortError(len(proof), COMMITMENT_BYTES)
    return bytes(keccak(proof[:COMMITMENT_BYTES]))


def _quantise_one(value: float, scale: int) -> int:
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", float(value)))
    except OverflowError:
        rounded = math.inf
    if not math.isfinite(rounded):
        raise InvalidWordError(value, "not a finite float32 number")
    # A float32 has 24 significant bits, so that neither the product nor adding one half rounds.
    magnitude = math.floor(math.ldexp(abs(rounded), scale) + 0.5)
    return (magnitude if rounded >= 0 else -magnitude) % FIELD_MODULUS


def _signed(word: int) -> int:
    return word if _require_word(word) <= FIELD_MODULUS // 2 else word - FIELD_MODULUS


def _require_word(word: int) -> int:
    if not 0 <= word < FIELD_MODULUS:
        raise InvalidWordError(word, "not in the scalar field of BN254")
    return word


def _require_string_keys(value: object) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonicalError(f"key {key!r} is not a string")
            _require_string_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_string_keys(item)
