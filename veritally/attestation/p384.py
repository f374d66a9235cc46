"""Hints with which contracts/crypto/P384.sol verifies an ECDSA signature over the curve P-384.

Verifying means checking u1*G + u2*Q = R, where R is the point whose x is r. The numbers u1 and u2 have
384 bits. For every u2 there are numbers v and w of half that size with w = v*u2 (mod n): multiplying the
equation by v leaves t*G + w*Q = v*R with t = v*u1, which takes half as many doublings. The contract checks
how v, w and t depend on the signature, so that a hint is a help and never a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from veritally.errors import NoHintError

FIELD_PRIME = 2**384 - 2**128 - 2**96 + 2**32 - 1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
CURVE_B = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF
GENERATOR = (
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)
HALF_BITS = 192
HINT_BYTES = 145
NEGATED = 1
"""Flag: v stands for -v."""
X_ABOVE_ORDER = 2
"""Flag: x of R is r + n."""
_NUMBER_BYTES = 48
_HALF_BYTES = HALF_BITS // 8

Point = tuple[int, int]
"""Affine coordinates; the point at infinity is None."""
_Jacobian = tuple[int, int, int]
"""(X, Y, Z) for (X/Z^2, Y/Z^3); Z = 0 at infinity."""
_INFINITY: _Jacobian = (1, 1, 0)


@dataclass(frozen=True)
class HalfScalars:
    """Numbers with w*s = v*r and t*s = v*z (mod n), where v counts as -v when `negated`."""

    v: int
    w: int
    t: int
    negated: bool


def make_hint(digest: bytes, r: int, s: int, public_key: bytes) -> bytes:
    """The hint for a valid signature.

    Args:
        digest: SHA-384 hash that was signed, 48 bytes.
        r: First number of the signature.
        s: Second number of the signature.
        public_key: x and y of the signer's point, 48 bytes each.

    Raises:
        NoHintError: the signature is not valid for this digest and key.
    """
    if len(digest) != _NUMBER_BYTES or len(public_key) != 2 * _NUMBER_BYTES:
        raise NoHintError(f"the digest has {len(digest)} bytes and the key {len(public_key)}, not 48 and 96")
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise NoHintError("r or s is not between 0 and the order of the curve")
    key = (int.from_bytes(public_key[:_NUMBER_BYTES]), int.from_bytes(public_key[_NUMBER_BYTES:]))
    if not is_on_curve(key):
        raise NoHintError("the public key is no point of the curve")

    s_inverse = pow(s, -1, ORDER)
    point = combine(int.from_bytes(digest) * s_inverse % ORDER, r * s_inverse % ORDER, key)
    if point is None or point[0] % ORDER != r:
        raise NoHintError("the signature is not valid for this digest and key")
    return encode_hint(split_scalars(int.from_bytes(digest), r, s), point, point[0] != r)


def split_scalars(digest: int, r: int, s: int) -> HalfScalars:
    """Half-size numbers for r/s: the extended Euclidean algorithm on (n, r/s), stopped half-way.

    Each remainder w comes with the v for which w = v*r/s, and |v| <= n divided by the remainder before w.
    """
    s_inverse = pow(s, -1, ORDER)
    before, w = ORDER, r * s_inverse % ORDER
    v_before, v = 0, 1
    while w >> HALF_BITS:
        quotient = before // w
        before, w = w, before - quotient * w
        v_before, v = v, v_before - quotient * v
    return HalfScalars(v=abs(v), w=w, t=v * digest * s_inverse % ORDER, negated=v < 0)


def encode_hint(scalars: HalfScalars, point: Point, x_above_order: bool) -> bytes:
    """The bytes of a hint for R = `point`. With a negated v its -R is meant, whose y is handed over."""
    y = -point[1] % FIELD_PRIME if scalars.negated else point[1]
    flags = (NEGATED if scalars.negated else 0) | (X_ABOVE_ORDER if x_above_order else 0)
    return (
        scalars.v.to_bytes(_HALF_BYTES)
        + scalars.w.to_bytes(_HALF_BYTES)
        + scalars.t.to_bytes(_NUMBER_BYTES)
        + y.to_bytes(_NUMBER_BYTES)
        + bytes([flags])
    )


def is_on_curve(point: Point) -> bool:
    """Whether the coordinates are below the field's prime and fulfil the curve's equation."""
    x, y = point
    return (
        0 <= x < FIELD_PRIME and 0 <= y < FIELD_PRIME and (y * y - x**3 + 3 * x - CURVE_B) % FIELD_PRIME == 0
    )


def combine(generator_factor: int, point_factor: int, point: Point) -> Point | None:
    """`generator_factor` * G + `point_factor` * `point`; None when that is the point at infinity."""
    total = _INFINITY
    for bit in reversed(range(ORDER.bit_length())):
        total = _double(total)
        if generator_factor >> bit & 1:
            total = _add(total, (*GENERATOR, 1))
        if point_factor >> bit & 1:
            total = _add(total, (*point, 1))
    return _affine(total)


def _affine(point: _Jacobian) -> Point | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, FIELD_PRIME)
    return x * inverse**2 % FIELD_PRIME, y * inverse**3 % FIELD_PRIME


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    slope = 3 * (x - z * z) * (x + z * z) % FIELD_PRIME
    y_square = y * y % FIELD_PRIME
    chord = 4 * x * y_square % FIELD_PRIME
    x_new = (slope * slope - 2 * chord) % FIELD_PRIME
    y_new = (slope * (chord - x_new) - 8 * y_square * y_square) % FIELD_PRIME
    return x_new, y_new, 2 * y * z % FIELD_PRIME


def _add(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    """Sum of two points; the second is affine (Z = 1)."""
    x1, y1, z1 = left
    if z1 == 0:
        return right
    z_square = z1 * z1 % FIELD_PRIME
    dx = (right[0] * z_square - x1) % FIELD_PRIME
    dy = (right[1] * z_square * z1 - y1) % FIELD_PRIME
    if dx == 0:
        return _double(left) if dy == 0 else _INFINITY
    dx_square = dx * dx % FIELD_PRIME
    dx_cube = dx_square * dx % FIELD_PRIME
    base = x1 * dx_square % FIELD_PRIME
    x_new = (dy * dy - dx_cube - 2 * base) % FIELD_PRIME
    y_new = (dy * (base - x_new) - y1 * dx_cube) % FIELD_PRIME
    return x_new, y_new, z1 * dx % FIELD_PRIME
