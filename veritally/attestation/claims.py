"""What a verified attestation document says. Same fields and order as `contracts/types/Claims.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast


class Platform(IntEnum):
    """Who vouches for the enclave; same numbers as `contracts/types/Claims.sol`."""

    NONE = 0
    NITRO = 1
    TDX = 2
    DEVELOPMENT = 3
    """A software root: DEVELOPMENT ONLY - NOT A TEE."""

    @property
    def label(self) -> str:
        """Lower-case name, as used in JSON and tables."""
        return self.name.lower()


@dataclass(frozen=True)
class AttestationClaims:
    """Claims of a document whose signature and certificates were verified up to a pinned root."""

    platform: Platform
    root: bytes
    """SHA-256 of the pinned root certificate."""
    measurement: bytes
    """Hash of the enclave's code identity, 32 bytes."""
    user_data: bytes
    nonce: bytes
    public_key: bytes
    timestamp_s: int
    """Unix seconds at which the platform made the document; zero where the platform does not say."""
    not_after_s: int
    """Unix seconds until which every certificate of the chain is valid, inclusive."""
    debug: bool
    """The enclave ran in debug mode: its owner could read and change it."""


def read_claims(answer: Any) -> AttestationClaims:
    """Claims as a contract returns them: its struct has the same fields in the same order."""
    platform, *rest = cast(tuple[Any, ...], answer)
    return AttestationClaims(Platform(platform), *rest)
