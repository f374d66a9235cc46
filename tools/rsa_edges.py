"""Own cases of RSASSA-PSS: encoded messages that are wrong in one place."""

from __future__ import annotations

import hashlib
from typing import Any

from vector_columns import columns, hexadecimal


def rsa_encoding(digest: bytes, salt: bytes, padding: bytes) -> int:
    """The encoded message of RSASSA-PSS with 2047 bits; `padding` stands before the salt."""
    hashed = hashlib.sha256(bytes(8) + digest + salt).digest()
    mask = b"".join(hashlib.sha256(hashed + index.to_bytes(4)).digest() for index in range(7))
    masked = bytes(a ^ b for a, b in zip(padding + salt, mask, strict=False))
    return int.from_bytes(masked + hashed + b"\xbc") & ~(1 << 2047)


def rsa_edges() -> dict[str, list[Any]]:
    """Signatures whose encoded message is wrong in one place.

    The moduli are powers of 3. Everybody knows their factors and can sign every encoding.
    """
    digest = hashlib.sha256(b"edge").digest()
    good = bytes(190) + b"\x01"
    rows = []
    for name, power, padding, change in (
        ("valid", 1292, good, 0),
        ("not_2047_bits", 1291, good, 0),
        ("not_first_bit", 1292, good, 1 << 2047),
        ("not_trailer", 1292, good, 1),
        ("not_padding", 1292, b"\x00\x01" + good[2:], 0),
        ("not_late_padding", 1292, good[:189] + b"\x01\x01", 0),
        ("not_border", 1292, good[:190] + b"\x02", 0),
    ):
        modulus, encoded, salt = 3**power, 0, 0
        while encoded % 3 == 0 or encoded >= modulus:
            salt += 1
            encoded = rsa_encoding(digest, salt.to_bytes(32), padding) ^ change
        root = pow(65537, -1, 2 * 3 ** (power - 1))
        rows.append(
            {
                "name": name,
                "digest": hexadecimal(digest),
                "signature": hexadecimal(pow(encoded, root, modulus).to_bytes(256)),
                "modulus": hexadecimal(modulus.to_bytes(256)),
                "valid": name == "valid",
            }
        )
    return columns(rows)
