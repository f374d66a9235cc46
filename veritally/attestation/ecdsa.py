"""ECDSA signatures as the platforms make them: P-384 with SHA-384 (Nitro) and P-256 with SHA-256 (Intel)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


@dataclass(frozen=True)
class EcdsaScheme:
    """A curve with its hash."""

    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    number_bytes: int
    """Of a coordinate, or of one number of a signature."""

    def verify(self, message: bytes, signature: bytes, public_key: bytes) -> bool:
        """Whether r || s is a signature over the message by the key x || y; s may be high."""
        size = self.number_bytes
        if len(signature) != 2 * size or len(public_key) != 2 * size:
            return False
        x, y = int.from_bytes(public_key[:size]), int.from_bytes(public_key[size:])
        encoded = encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))
        try:
            key = ec.EllipticCurvePublicNumbers(x, y, self.curve).public_key()
            key.verify(encoded, message, ec.ECDSA(self.hash))
        except (ValueError, InvalidSignature):
            return False
        return True


P384 = EcdsaScheme(ec.SECP384R1(), hashes.SHA384(), 48)
P256 = EcdsaScheme(ec.SECP256R1(), hashes.SHA256(), 32)
