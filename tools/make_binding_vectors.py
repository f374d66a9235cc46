"""Writes tests/vectors/attestation/binding.json: what enclaves let their platform sign.

With --check it writes nothing, and fails when the file is not what it would write.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from coincurve import PrivateKey
from eth_utils.crypto import keccak
from generated_files import write_or_check

from veritally.attestation.binding import TAG_V1, KeyBinding, KeyKind

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation" / "binding.json"
CHAIN_IDS = (1, 31337, 2**256 - 1)
PROVERS = ("0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0xffffffffffffffffffffffffffffffffffffffff")
REGISTRY = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def describe(binding: KeyBinding, challenge: bytes) -> dict[str, object]:
    """One vector; numbers as decimal strings, because JSON readers differ on large ones."""
    return {
        "chainId": str(binding.chain_id),
        "registry": binding.registry,
        "kind": int(binding.kind),
        "publicKey": to_hex(binding.public_key),
        "prover": binding.prover,
        "modelCommitment": to_hex(binding.model_commitment),
        "challenge": to_hex(challenge),
        "commitment": to_hex(binding.commitment()),
        "userData": to_hex(binding.user_data(challenge)),
    }


def to_hex(data: bytes) -> str:
    """As Foundry reads bytes."""
    return f"0x{data.hex()}"


def render() -> str:
    """The file."""
    vectors = []
    for number, (chain_id, kind, prover) in enumerate(
        product(CHAIN_IDS, (KeyKind.SECP256K1, KeyKind.P256, KeyKind.RSA_PSS_2048), PROVERS), start=1
    ):
        # A point of secp256k1 stands for keys of all kinds: only the number of bytes counts here.
        point = PrivateKey.from_int(number).public_key.format(compressed=False)[1:]
        public_key = point * 4 if kind == KeyKind.RSA_PSS_2048 else point
        model = bytes(keccak(text=f"model {number}"))
        binding = KeyBinding(chain_id, REGISTRY, kind, public_key, prover, model)
        vectors.append(describe(binding, bytes(keccak(text=f"block {number}"))))
    return json.dumps({"tag": to_hex(TAG_V1), "vectors": vectors}, indent=1) + "\n"


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    return write_or_check({TARGET: render()})


if __name__ == "__main__":
    raise SystemExit(main())
