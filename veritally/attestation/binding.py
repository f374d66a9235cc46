"""The 64 bytes that an enclave lets its platform sign: they bind its key to chain, registry, prover, model.

The first half says for whom the key is. The second half is the hash of a recent block: the document is fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from veritally.attestation.errors import BindingError

TAG_V1 = bytes(keccak(text="Veritally enclave binding, version 1"))
BINDING_BYTES = 64

_FIELDS = ("bytes32", "uint256", "address", "uint8", "bytes32", "address", "bytes32")


class KeyKind(IntEnum):
    """What kind of key an enclave signs results with; same numbers as `contracts/types/EnclaveKey.sol`."""

    NONE = 0
    SECP256K1 = 1
    P256 = 2
    RSA_PSS_2048 = 3


_POINT_BYTES = 64
_MODULUS_BYTES = 256
_PUBLIC_KEY_BYTES = {
    KeyKind.SECP256K1: _POINT_BYTES,
    KeyKind.P256: _POINT_BYTES,
    KeyKind.RSA_PSS_2048: _MODULUS_BYTES,
}


@dataclass(frozen=True)
class KeyBinding:
    """For whom and where an enclave's key is meant."""

    chain_id: int
    registry: str
    """Address of the EnclaveRegistry."""
    kind: KeyKind
    public_key: bytes
    """x and y of a point, 64 bytes, or the modulus of an RSA key, 256 bytes."""
    prover: str
    """Address that is paid."""
    model_commitment: bytes
    """32 bytes."""

    def user_data(self, challenge: bytes) -> bytes:
        """The 64 bytes for the document. `challenge` is the hash of a recent block.

        Raises:
            BindingError: a field is out of its range.
        """
        _check("challenge", len(challenge) == 32, f"must have 32 bytes, has {len(challenge)}")
        return self.commitment() + challenge

    def commitment(self) -> bytes:
        """The first half: keccak256 over tag, chain, registry, key kind, key hash, prover and model.

        Raises:
            BindingError: a field is out of its range.
        """
        _check("chain_id", 0 < self.chain_id < 2**256, f"{self.chain_id} is no chain id")
        _check("kind", self.kind != KeyKind.NONE, "name the kind of the key")
        length, expected = len(self.public_key), _PUBLIC_KEY_BYTES[self.kind]
        _check("public_key", length == expected, f"must have {expected} bytes, has {length}")
        length = len(self.model_commitment)
        _check("model_commitment", length == 32, f"must have 32 bytes, has {length}")
        values = (
            TAG_V1,
            self.chain_id,
            _address("registry", self.registry),
            int(self.kind),
            keccak(self.public_key),
            _address("prover", self.prover),
            self.model_commitment,
        )
        return bytes(keccak(encode(_FIELDS, values)))


def _check(field: str, holds: bool, problem: str) -> None:
    if not holds:
        raise BindingError(field, problem)


def _address(field: str, value: str) -> str:
    try:
        return to_checksum_address(value)
    except ValueError:
        raise BindingError(field, f"{value!r} is no address") from None
