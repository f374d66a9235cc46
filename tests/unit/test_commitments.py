from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from veritally.commitments import (
    FIELD_MODULUS,
    canonical_json,
    dequantise,
    json_commitment,
    quantise,
    words_commitment,
)
from veritally.errors import InvalidWordError, NotCanonicalError

FLOATS = st.floats(min_value=-(2.0**40), max_value=2.0**40, allow_nan=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).filter(lambda value: "\\ud" not in json.dumps(value))


def test_canonical_json_sorts_keys_and_has_no_spaces() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "ä"}) == '{"a":"ä","b":[1,2.5,null]}'.encode()


def test_json_commitment_is_keccak_of_the_canonical_bytes() -> None:
    assert json_commitment({"output": [1]}) == keccak(b'{"output":[1]}')


@given(JSON_VALUES)
def test_commitment_survives_a_json_round_trip(value: Any) -> None:
    assert json_commitment(json.loads(json.dumps(value, indent=1))) == json_commitment(value)


@pytest.mark.parametrize(
    "value", [math.nan, {"a": [math.inf]}, {1: "a"}, [{None: 1}], b"bytes", {"a": {1, 2}}, "\ud800"]
)
def test_values_without_canonical_form_are_refused(value: object) -> None:
    with pytest.raises(NotCanonicalError):
        canonical_json(value)


@pytest.mark.parametrize(
    ("value", "scale", "word"),
    [
        (0.0, 7, 0),
        (-0.0, 7, 0),
        (1.0, 7, 128),
        (-1.0, 7, FIELD_MODULUS - 128),
        (0.5, 0, 1),
        (1.5, 0, 2),
        (2.5, 0, 3),
        (-0.5, 0, FIELD_MODULUS - 1),
        (-2.5, 0, FIELD_MODULUS - 3),
        (0.49999997, 0, 0),
        (0.1, 7, 13),
        (0.1, 40, 109951164416),
    ],
)
def test_quantise_rounds_halves_away_from_zero(value: float, scale: int, word: int) -> None:
    assert quantise([value], scale) == (word,)


@given(value=FLOATS, scale=st.integers(0, 20))
def test_quantise_equals_exact_arithmetic_over_the_float32_value(value: float, scale: int) -> None:
    exact = Fraction(float(np.float32(value))) * 2**scale
    nearest = math.floor(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert quantise([value], scale) == (nearest % FIELD_MODULUS,)


@given(values=st.lists(st.integers(-(2**20), 2**20)), scale=st.integers(0, 16))
def test_dequantise_inverts_quantise(values: list[int], scale: int) -> None:
    numbers = [value / 2**scale for value in values]
    assert list(dequantise(quantise(numbers, scale), scale)) == [float(np.float32(n)) for n in numbers]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e39, 10**400])
def test_quantise_refuses_what_is_not_finite_in_float32(value: float) -> None:
    with pytest.raises(InvalidWordError, match="finite"):
        quantise([value], 7)


def test_words_commitment_hashes_32_byte_words() -> None:
    expected = keccak(bytes(31) + b"\x01" + (FIELD_MODULUS - 1).to_bytes(32, "big"))
    assert words_commitment([1, FIELD_MODULUS - 1]) == expected


@pytest.mark.parametrize("word", [-1, FIELD_MODULUS, 1 << 256])
def test_words_outside_the_field_are_refused(word: int) -> None:
    with pytest.raises(InvalidWordError, match="field"):
        words_commitment([word])
    with pytest.raises(InvalidWordError, match="field"):
        dequantise([word], 7)
