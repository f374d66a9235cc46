"""ECDSA signatures as the platforms make them: P-384 with SHA-384 (Nitro) and P-256 with SHA-256 (Intel)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


@dataclass(frozen=True)
class EcdsaScheme:
    """A curve with its hash, and how certificates name them."""

    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    coordinate_bytes: int
    algorithm: bytes
    """Content of the AlgorithmIdentifier of a signature."""
    key_algorithm: bytes
    """Content of the AlgorithmIdentifier of a public key."""

    def verify(self, message: bytes, signature: bytes, public_key: bytes) -> bool:
        """Whether r || s is a signature over the message by the key x || y; s may be high."""
        size = self.coordinate_bytes
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


P384 = EcdsaScheme(
    curve=ec.SECP384R1(),
    hash=hashes.SHA384(),
    coordinate_bytes=48,
    algorithm=bytes.fromhex("06082a8648ce3d040303"),
    key_algorithm=bytes.fromhex("06072a8648ce3d020106052b81040022"),
)
P256 = EcdsaScheme(
    curve=ec.SECP256R1(),
    hash=hashes.SHA256(),
    coordinate_bytes=32,
    algorithm=bytes.fromhex("06082a8648ce3d040302"),
    key_algorithm=bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107"),
)
