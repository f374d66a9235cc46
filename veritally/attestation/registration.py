"""What an enclave asks for when it registers its key, as `EnclaveRegistry` reads and hashes it."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from veritally.attestation.binding import KeyBinding, KeyKind
from veritally.attestation.claims import Platform
from veritally.receipts import eip712_digest, eip712_domain_separator

REGISTRATION_TYPE = (
    "Registration(uint8 platform,uint8 kind,bytes32 publicKeyHash,address prover,"
    "bytes32 modelId,bytes32 challenge,uint40 validUntil)"
)

_FIELDS = ("bytes32", "uint8", "uint8", "bytes32", "address", "bytes32", "bytes32", "uint40")


def key_id(kind: KeyKind, public_key: bytes) -> bytes:
    """The 32 bytes that name a key in the registry; `public_key` as in `KeyBinding`."""
    fingerprint = bytes(keccak(public_key))
    if kind is KeyKind.SECP256K1:
        fingerprint = fingerprint[12:].rjust(32, b"\0")  # the key's address
    return bytes(keccak(encode(("uint8", "bytes32"), (int(kind), fingerprint))))


@dataclass(frozen=True)
class Registration:
    """A request to register a key, or to renew one that is registered."""

    platform: Platform
    """Who vouches for the enclave."""
    binding: KeyBinding
    """For whom and where the key is meant."""
    challenge_block: int
    """Number of the block whose hash is the challenge."""
    challenge: bytes
    """That hash, 32 bytes."""
    valid_until_s: int
    """Unix seconds, exclusive."""

    def user_data(self) -> bytes:
        """The 64 bytes for the document.

        Raises:
            BindingError: a field is out of its range.
        """
        return self.binding.user_data(self.challenge)

    def digest(self) -> bytes:
        """The EIP-712 digest that the key signs to show that the enclave has it."""
        binding = self.binding
        values = (
            keccak(text=REGISTRATION_TYPE),
            int(self.platform),
            int(binding.kind),
            keccak(binding.public_key),
            to_checksum_address(binding.prover),
            binding.model_commitment,
            self.challenge,
            self.valid_until_s,
        )
        separator = eip712_domain_separator(
            "Veritally EnclaveRegistry", "1", binding.chain_id, binding.registry
        )
        return eip712_digest(separator, keccak(encode(_FIELDS, values)))

    def as_argument(self) -> tuple[int, int, bytes, str, bytes, int, int]:
        """The struct `Registration` of `contracts/types/EnclaveKey.sol`."""
        binding = self.binding
        return (
            int(self.platform),
            int(binding.kind),
            binding.public_key,
            to_checksum_address(binding.prover),
            binding.model_commitment,
            self.challenge_block,
            self.valid_until_s,
        )
