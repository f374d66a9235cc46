from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veritally.attestation.p384 import (
    FIELD_PRIME,
    GENERATOR,
    HALF_BITS,
    HINT_BYTES,
    NEGATED,
    ORDER,
    X_ABOVE_ORDER,
    combine,
    is_on_curve,
    make_hint,
    split_scalars,
)
from veritally.errors import NoHintError

VECTORS = Path(__file__).parents[1] / "vectors" / "attestation"
WYCHEPROOF: dict[str, list[Any]] = json.loads((VECTORS / "p384_hints.json").read_text(encoding="utf-8"))
EDGES: dict[str, list[Any]] = json.loads((VECTORS / "p384_edges.json").read_text(encoding="utf-8"))
OWN_HINTS = ("equal_points", "t_above_order")
"""Cases of p384_edges.json that are valid with another hint than the one that is made."""
SCALARS = st.integers(1, ORDER - 1)


def equation_holds(digest: bytes, r: int, s: int, public_key: bytes, hint: bytes) -> bool:
    """What the contract checks, in the plainest way."""
    v, w = int.from_bytes(hint[:24]), int.from_bytes(hint[24:48])
    t, y, flags = int.from_bytes(hint[48:96]), int.from_bytes(hint[96:144]), hint[144]
    signed_v = -v if flags & NEGATED else v
    point = (r + ORDER if flags & X_ABOVE_ORDER else r, -y % FIELD_PRIME)
    key = (int.from_bytes(public_key[:48]), int.from_bytes(public_key[48:]))
    if v == 0 or (w * s - signed_v * r) % ORDER or (t * s - signed_v * int.from_bytes(digest)) % ORDER:
        return False
    left = combine(t, w, key)
    minus_right = combine(0, v, point)
    return (
        is_on_curve(point)
        and left is not None
        and minus_right is not None
        and left == (minus_right[0], -minus_right[1] % FIELD_PRIME)
    )


@pytest.mark.parametrize("vectors", [WYCHEPROOF, EDGES], ids=["wycheproof", "edges"])
def test_valid_signatures_have_a_hint_and_invalid_ones_have_none(vectors: dict[str, list[Any]]) -> None:
    hints = 0
    names = vectors.get("name", vectors.get("id"))
    columns = (vectors[field] for field in ("digest", "signature", "publicKey", "hint", "valid"))
    for name, digest, signature, key, hint, valid in zip(names or [], *columns, strict=True):
        message_hash, pair, public_key = (bytes.fromhex(value[2:]) for value in (digest, signature, key))
        if len(pair) != 96:
            continue
        r, s = int.from_bytes(pair[:48]), int.from_bytes(pair[48:])
        if valid and name not in OWN_HINTS:
            assert "0x" + make_hint(message_hash, r, s, public_key).hex() == hint
            assert equation_holds(message_hash, r, s, public_key, bytes.fromhex(hint[2:]))
            hints += 1
        elif vectors is WYCHEPROOF:
            with pytest.raises(NoHintError):
                make_hint(message_hash, r, s, public_key)
    assert hints == (193 if vectors is WYCHEPROOF else 6)


@given(secret=SCALARS, nonce=SCALARS, message=st.binary(max_size=40), high=st.booleans())
@settings(max_examples=20, deadline=None)
def test_own_signatures_have_a_hint_that_fits(secret: int, nonce: int, message: bytes, high: bool) -> None:
    digest = hashlib.sha384(message).digest()
    key, point = combine(secret, 0, GENERATOR), combine(nonce, 0, GENERATOR)
    assert key is not None
    assert point is not None
    r = point[0] % ORDER
    s = pow(nonce, -1, ORDER) * (int.from_bytes(digest) + r * secret) % ORDER
    s = max(s, ORDER - s) if high else min(s, ORDER - s)
    public_key = key[0].to_bytes(48) + key[1].to_bytes(48)
    hint = make_hint(digest, r, s, public_key)
    assert len(hint) == HINT_BYTES
    assert equation_holds(digest, r, s, public_key, hint)


@given(digest=st.integers(0, 2**384 - 1), r=SCALARS, s=SCALARS)
def test_split_scalars_are_half_as_long_and_congruent(digest: int, r: int, s: int) -> None:
    split = split_scalars(digest, r, s)
    v = -split.v if split.negated else split.v
    assert 0 < split.v < 2**HALF_BITS
    assert 0 <= split.w < 2**HALF_BITS
    assert (split.w * s - v * r) % ORDER == 0
    assert (split.t * s - v * digest) % ORDER == 0


def test_combine_knows_infinity() -> None:
    assert combine(ORDER - 5, 5, GENERATOR) is None
    assert combine(ORDER + 1, 0, GENERATOR) == GENERATOR
    assert combine(1, 1, GENERATOR) == combine(2, 0, GENERATOR)


@pytest.mark.parametrize(
    ("digest", "r", "s", "key", "problem"),
    [
        (bytes(47), 1, 1, bytes(96), "47 bytes"),
        (bytes(48), 1, 1, bytes(95), "95"),
        (bytes(48), 0, 1, bytes(96), "between 0"),
        (bytes(48), 1, ORDER, bytes(96), "between 0"),
        (bytes(48), 1, 1, bytes(96), "no point"),
        (bytes(48), 1, 1, b"".join(value.to_bytes(48) for value in GENERATOR), "not valid"),
    ],
)
def test_no_hint_says_why(digest: bytes, r: int, s: int, key: bytes, problem: str) -> None:
    with pytest.raises(NoHintError, match=problem):
        make_hint(digest, r, s, key)
