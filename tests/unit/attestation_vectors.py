"""Real documents, and a software root for made ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from veritally.attestation.software_root import SoftwareRoot

FOLDER = Path(__file__).parents[1] / "vectors" / "attestation"
NOW_S = 1_800_000_000
"""When made documents are made."""
ROOT = SoftwareRoot.of_test_mnemonic(31337)
PCRS = {index: bytes([index + 1]) * 48 for index in range(16)}


@dataclass(frozen=True)
class RealDocument:
    """A document of a real enclave, with what is known about it from elsewhere."""

    name: str
    made_at_s: int
    debug: bool
    signer_valid_s: tuple[int, int]

    @property
    def path(self) -> Path:
        return FOLDER / "nitro" / f"{self.name}.cose"

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()


REAL = (
    RealDocument("og_evm_2026-02-12", 1770918962, False, (1770918959, 1770929762)),
    RealDocument("base_2026-01-03", 1767472867, False, (1767472825, 1767483628)),
    RealDocument("marlin_2024-02-26", 1708930921, False, (1708930773, 1708941576)),
    RealDocument("evervault_debug_2022-10-12", 1665582606, True, (1665582591, 1665593394)),
)


def tdx(name: str) -> bytes:
    return (FOLDER / "tdx" / name).read_bytes()
