"""Own cases of P-384 at the edge of what is valid: one check tells each invalid one from a valid one."""

from __future__ import annotations

import hashlib
from typing import Any

from vector_columns import hexadecimal

from veritally.attestation.p384 import (
    CURVE_B,
    FIELD_PRIME,
    GENERATOR,
    ORDER,
    X_ABOVE_ORDER,
    Point,
    combine,
    is_on_curve,
    make_hint,
)

X_OF_Y_1 = 0x2261B2BF605C22F2F3AEF6338719B2C486388AD5240719A5257315969EF01BA27F0A104C89704773A81FDABEE6AB5C78
"""x of a point of P-384 whose y is 1."""


def lift(x: int) -> Point:
    """A point of the curve with this x, when there is one."""
    return x, pow(x**3 - 3 * x + CURVE_B, (FIELD_PRIME + 1) // 4, FIELD_PRIME)


def first_point(start: int) -> Point:
    """The point of the curve with the smallest x that is not below `start`."""
    x = start
    while not is_on_curve(lift(x)):
        x += 1
    return lift(x)


def number(value: int) -> bytes:
    """48 bytes."""
    return value.to_bytes(48)


def point_bytes(point: Point | None) -> bytes:
    """x and y."""
    if point is None:
        raise ValueError("the point at infinity has no coordinates")
    return number(point[0]) + number(point[1])


def multiple(factor: int) -> Point:
    """`factor` * G, for a factor that is no multiple of the order."""
    point = combine(factor, 0, GENERATOR)
    if point is None:
        raise ValueError(f"{factor} * G is the point at infinity")
    return point


def key_for(point: Point | None, digest: int, s: int) -> bytes:
    """The key of which (x of `point`, s) signs the digest."""
    if point is None:
        raise ValueError("there is no signature whose R is the point at infinity")
    inverse = pow(point[0], -1, ORDER)
    key = combine(-digest * inverse % ORDER, s * inverse % ORDER, point)
    if key is None:
        raise ValueError("the key would be the point at infinity")
    return number(key[0]) + number(key[1])


def edge(name: str, digest: int, signature: tuple[int, int], key: bytes, hint: bytes) -> dict[str, Any]:
    """One case at the edge of what is valid: it is valid unless its name says `not_`."""
    return {
        "name": name,
        "digest": hexadecimal(number(digest)),
        "signature": hexadecimal(number(signature[0]) + number(signature[1])),
        "publicKey": hexadecimal(key),
        "hint": hexadecimal(hint),
        "valid": not name.startswith("not_"),
    }


def range_edges() -> list[dict[str, Any]]:
    """Numbers that stand for the same as valid ones, but are out of range: one check refuses each."""
    digest, small_s = int.from_bytes(hashlib.sha384(b"edge").digest()), 5
    ordinary = combine(2**200 + 1, 0, GENERATOR)
    key = key_for(ordinary, digest, small_s)
    r = (ordinary or GENERATOR)[0] % ORDER
    hint = make_hint(number(digest), r, small_s, key)
    rows = [
        edge("small_s", digest, (r, small_s), key, hint),
        edge("not_s_above_order", digest, (r, small_s + ORDER), key, hint),
        edge("not_s_zero", digest, (r, 0), key, bytes(23) + b"\x01" + bytes(73) + hint[96:]),
    ]

    high = first_point(ORDER + 1)
    key = key_for(high, digest, small_s)
    r = high[0] - ORDER
    hint = make_hint(number(digest), r, small_s, key)
    rows += [
        edge("x_above_order", digest, (r, small_s), key, hint),
        edge("not_r_above_order", digest, (high[0], small_s), key, hint[:-1] + bytes([hint[-1] & 1])),
    ]

    # With r = s = 0 both relations hold for every hint, and the sum is 0 when the key is R itself.
    x, y = lift(ORDER)
    hint = written_hint(1, 1, 0, y, X_ABOVE_ORDER)
    rows.append(edge("not_r_and_s_zero", 0, (0, 0), point_bytes((x, y)), hint))

    for name, key_point in (("x", first_point(0)), ("y", (X_OF_Y_1, 1))):
        key = point_bytes(key_point)
        r = (combine(3, 2, key_point) or GENERATOR)[0] % ORDER
        s = r * pow(2, -1, ORDER) % ORDER
        digest = 3 * s % ORDER
        hint = make_hint(number(digest), r, s, key)
        above = [value + FIELD_PRIME if value < 2**128 else value for value in key_point]
        rows += [
            edge(f"small_key_{name}", digest, (r, s), key, hint),
            edge(f"not_key_{name}_above_prime", digest, (r, s), number(above[0]) + number(above[1]), hint),
        ]
    return rows


def statement_edges() -> list[dict[str, Any]]:
    """Digests above the order, the generator as the key, and hints that only prove 0 = 0."""
    digest = 7
    r = (combine(11, 0, GENERATOR) or GENERATOR)[0] % ORDER
    s = pow(11, -1, ORDER) * (digest + r) % ORDER
    generator = number(GENERATOR[0]) + number(GENERATOR[1])
    hint = make_hint(number(digest), r, s, generator)
    nothing = bytes(96) + hint[96:144]
    return [
        edge("key_is_generator", digest, (r, s), generator, hint),
        edge("digest_above_order", digest + ORDER, (r, s), generator, hint),
        edge("not_other_digest", digest + 1, (r, s), generator, hint),
        edge("not_proving_nothing", digest + 1, (r, s), generator, nothing + b"\x00"),
        edge("not_proving_nothing_negated", digest + 1, (r, s), generator, nothing + b"\x01"),
        edge("not_unknown_flag", digest, (r, s), generator, hint[:-1] + bytes([hint[-1] | 4])),
        edge("not_key_at_infinity", digest, (r, s), bytes(96), hint),
        edge("not_key_off_curve", digest, (r, s), number(GENERATOR[0]) + number(GENERATOR[1] ^ 1), hint),
    ]


def written_hint(v: int, w: int, t: int, y: int, flags: int = 0) -> bytes:
    """A hint of chosen numbers."""
    return v.to_bytes(24) + w.to_bytes(24) + number(t) + number(y) + bytes([flags])


def hint_edges() -> list[dict[str, Any]]:
    """Signatures that were made for a hint, instead of the other way round."""
    # Any w and t give an R, and s follows from t. Only the relation of w refuses that.
    forged = multiple(5 + 7 * 2)
    forged_s = pow(5, -1, ORDER)
    rows = [
        edge(
            "not_free_w", 1, (forged[0], forged_s), point_bytes(multiple(2)), written_hint(1, 7, 5, forged[1])
        )
    ]

    # 2 * G + 2 * Q = R with Q = G: the sum meets the point that is added.
    r = multiple(4)[0] % ORDER
    s = r * pow(2, -1, ORDER) % ORDER
    rows.append(
        edge("equal_points", r, (r, s), point_bytes(GENERATOR), written_hint(1, 2, 2, multiple(4)[1]))
    )

    # (0, 0) is no point of the curve. Its multiples would bring the sum to infinity at the last digit.
    s = 2 * GENERATOR[0] * pow(3, -1, ORDER) % ORDER
    hint = written_hint(2, 3, 2, GENERATOR[1])
    rows.append(edge("not_key_off_curve_to_infinity", s, (GENERATOR[0], s), bytes(96), hint))

    # t * s / 2^256 is n + 1 before it is reduced, and v * z / 2^256 is 1.
    w = 1
    while not is_on_curve(lift(w << 256)):
        w += 1
    point = lift(w << 256)
    inverse = pow(w, -1, ORDER)
    key = combine(-inverse % ORDER, inverse, point)
    signature = (point[0], 1 << 256)
    rows.append(
        edge("t_above_order", 1 << 256, signature, point_bytes(key), written_hint(1, w, ORDER + 1, point[1]))
    )
    return rows
