"""DEVELOPMENT ONLY - NOT A TEE: answers and signs as OpenGradient's tee-gateway does.

It shows what the gateway writes: documents of a software root that name its key, and signed responses. They
prove nothing: who runs it holds every key.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_utils.crypto import keccak

from veritally.attestation.opengradient import (
    MODULUS_BYTES,
    MULTIHASH,
    Result,
    canonical_request,
    spki,
    tee_id,
)
from veritally.attestation.software_root import SoftwareRoot

PCRS = {index: bytes([0xD0 + index]) * 48 for index in range(3)}
"""Registers of the code that it pretends to be."""
TLS_CERTIFICATE_HASH = sha256(b"DEVELOPMENT ONLY - NOT A TEE: no web server").digest()

_EXPONENT = 65537
_PADDING = PSS(mgf=MGF1(SHA256()), salt_length=32)


@dataclass(frozen=True)
class SoftwareGateway:
    """A gateway with a root and a key of its own. Make it with `start`."""

    root: SoftwareRoot
    _key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def start(cls, chain_id: int) -> SoftwareGateway:
        """A gateway with a new key, as after each start.

        Raises:
            SoftwareRootRefusedError: the chain is none for development.
        """
        key = rsa.generate_private_key(_EXPONENT, 8 * MODULUS_BYTES)
        return cls(SoftwareRoot.of_test_mnemonic(chain_id), key)

    @property
    def modulus(self) -> bytes:
        """Of its key."""
        return self._key.public_key().public_numbers().n.to_bytes(MODULUS_BYTES)

    @property
    def public_key(self) -> str:
        """Its key in PEM, as the gateway publishes it."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def document(self, at_s: int, pcrs: Mapping[int, bytes] = PCRS) -> bytes:
        """The attestation document of its key, made at a time in Unix seconds."""
        return self.root.document(pcrs, at_s, user_data=make_user_data(self.modulus))

    def sign(self, request_hash: bytes, response_hash: bytes, served_at_s: int) -> Result:
        """A signed result."""
        unsigned = Result(request_hash, response_hash, served_at_s, b"")
        signature = self._key.sign(unsigned.message, _PADDING, SHA256())
        return Result(request_hash, response_hash, served_at_s, signature)

    def respond(self, request: Mapping[str, object], content: str, served_at_s: int) -> dict[str, Any]:
        """A signed response to a chat request."""
        request_hash, response_hash = keccak(canonical_request(request)), keccak(text=content)
        result = self.sign(request_hash, response_hash, served_at_s)
        message = {"role": "assistant", "content": content}
        return {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            **proof_fields(self.modulus, result),
        }


def make_user_data(modulus: bytes, tls_certificate_hash: bytes = TLS_CERTIFICATE_HASH) -> bytes:
    """The user data of a key's document: two multihashes."""
    return MULTIHASH + tls_certificate_hash + MULTIHASH + sha256(spki(modulus)).digest()


def proof_fields(modulus: bytes, result: Result) -> dict[str, Any]:
    """The fields of a response that prove it."""
    return {
        "tee_signature": base64.b64encode(result.signature).decode(),
        "tee_request_hash": result.request_hash.hex(),
        "tee_output_hash": result.response_hash.hex(),
        "tee_timestamp": result.served_at_s,
        "tee_id": f"0x{tee_id(modulus).hex()}",
    }
