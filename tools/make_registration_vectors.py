"""Writes tests/vectors/attestation/registrations.json: what enclaves of the software root register.

DEVELOPMENT ONLY - NOT A TEE: every key is derived from a public word, so that each run writes the same file.
With --check it writes nothing, and fails when the file is not what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256, shake_256
from pathlib import Path

from coincurve import PrivateKey
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import pss
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from generated_files import write_or_check

from veritally.attestation import nitro
from veritally.attestation.binding import KeyBinding, KeyKind
from veritally.attestation.claims import Platform
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.software_root import SoftwareRoot
from veritally.receipts import eip712_digest, eip712_domain_separator

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "attestation" / "registrations.json"
CHAIN_ID = 84532
REGISTRY = f"0x{keccak(text='enclave registry')[12:].hex()}"
NOW_S = 1_800_000_000
RENEWED_AT_S = NOW_S + 5 * 24 * 3600
LIFETIME_S = 24 * 3600
CODE = {index: bytes([0x10 + index]) * 48 for index in range(5)}
DEBUG_CODE = CODE | {0: bytes(48)}
REGISTRATION_TYPE = (
    "Registration(uint8 platform,uint8 kind,bytes32 publicKeyHash,address prover,"
    "bytes32 modelId,bytes32 challenge,uint40 validUntil)"
)

GROUP_DIGEST = bytes(keccak(text="group digest"))
"""What the RSA key signs as evidence, because forge cannot sign with RSA."""


@dataclass(frozen=True)
class Case:
    """An enclave with its key, and what it asks for."""

    name: str
    kind: KeyKind = KeyKind.SECP256K1
    key: str = "enclave"
    """Word that the key is derived from; as `vm.createWallet` does for secp256k1."""
    weights: str = "weights"
    pcrs: Mapping[int, bytes] | None = None
    made_at_s: int = NOW_S


CASES = (
    Case("enclave"),
    Case("enclave_renewed", made_at_s=RENEWED_AT_S),
    Case("enclave_with_other_code", pcrs=CODE | {8: bytes([7]) * 48}, made_at_s=RENEWED_AT_S),
    Case("second_enclave", key="second enclave"),
    Case("enclave_of_other_model", key="other enclave", weights="other weights"),
    Case("enclave_in_debug_mode", key="debug enclave", pcrs=DEBUG_CODE),
    Case("p256", KeyKind.P256, "p256 enclave"),
    Case("rsa", KeyKind.RSA_PSS_2048, "rsa enclave"),
)


def private_number(word: str) -> int:
    """The private key of a word, as `vm.createWallet` makes it."""
    return int.from_bytes(keccak(text=word))


def address_of(word: str) -> str:
    """The address of a word's secp256k1 key."""
    return f"0x{keccak(_point(word))[12:].hex()}"


def rsa_key(word: str) -> RSA.RsaKey:
    """The RSA key of a word."""
    return RSA.generate(2048, randfunc=_stream(word))


def sign_rsa(word: str, digest: bytes) -> bytes:
    """Modulus and PS256 signature over the 32 bytes of a digest."""
    key = rsa_key(word)
    signer = pss.new(key, salt_bytes=32, rand_func=_stream(f"salt of {word}"))
    return key.n.to_bytes(256) + signer.sign(SHA256.new(digest))


def public_key(case: Case) -> bytes:
    """The key as a registration has it."""
    if case.kind == KeyKind.RSA_PSS_2048:
        return rsa_key(case.key).n.to_bytes(256)
    if case.kind == KeyKind.P256:
        point = ECC.construct(curve="P-256", d=private_number(case.key)).pointQ
        return int(point.x).to_bytes(32) + int(point.y).to_bytes(32)
    return _point(case.key)


def describe(case: Case, root: SoftwareRoot) -> dict[str, object]:
    """One vector."""
    challenge = bytes(keccak(text=f"block at {case.made_at_s}"))
    prover = address_of("prover")
    model_id = bytes(keccak(encode(("address", "bytes32"), (prover, keccak(text=case.weights)))))
    key = public_key(case)
    binding = KeyBinding(CHAIN_ID, REGISTRY, case.kind, key, prover, model_id)
    pcrs = case.pcrs or CODE
    document = root.document(pcrs, case.made_at_s, user_data=binding.user_data(challenge))
    asked = (Platform.DEVELOPMENT, case.kind, keccak(key), prover, model_id, challenge)
    valid_until_s = case.made_at_s + LIFETIME_S
    digest = registration_digest((*asked, valid_until_s))
    vector: dict[str, object] = {
        "kind": int(case.kind),
        "publicKey": to_hex(key),
        "modelId": to_hex(model_id),
        "measurement": to_hex(nitro.measurement(Platform.DEVELOPMENT, pcrs)),
        "madeAt": case.made_at_s,
        "validUntil": valid_until_s,
        "challenge": to_hex(challenge),
        "userData": to_hex(binding.user_data(challenge)),
        "digest": to_hex(digest),
        "document": to_hex(document),
        "hints": [to_hex(hint) for hint in make_nitro_hints(document)],
    }
    if case.kind == KeyKind.RSA_PSS_2048:
        vector["signature"] = to_hex(sign_rsa(case.key, digest))
        vector["groupDigest"] = to_hex(GROUP_DIGEST)
        vector["groupSignature"] = to_hex(sign_rsa(case.key, GROUP_DIGEST))
    return vector


def registration_digest(values: tuple[object, ...]) -> bytes:
    """EIP-712 digest of a registration."""
    types = ("bytes32", "uint8", "uint8", "bytes32", "address", "bytes32", "bytes32", "uint40")
    separator = eip712_domain_separator("Veritally EnclaveRegistry", "1", CHAIN_ID, REGISTRY)
    return eip712_digest(separator, keccak(encode(types, (keccak(text=REGISTRATION_TYPE), *values))))


def to_hex(data: bytes) -> str:
    """As Foundry reads bytes."""
    return f"0x{data.hex()}"


def render() -> str:
    """The file."""
    root = SoftwareRoot.of_test_mnemonic(CHAIN_ID)
    content = {
        "registry": REGISTRY,
        "root": to_hex(root.fingerprint),
        "enclaves": {case.name: describe(case, root) for case in CASES},
    }
    return json.dumps(content, indent=1) + "\n"


def _point(word: str) -> bytes:
    return PrivateKey.from_int(private_number(word)).public_key.format(compressed=False)[1:]


def _stream(word: str) -> Callable[[int], bytes]:
    state = {"taken": 0}

    def take(size: int) -> bytes:
        state["taken"] += 1
        seed = sha256(f"{word}/{state['taken']}".encode()).digest()
        return shake_256(seed).digest(size)

    return take


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    return write_or_check({TARGET: render()})


if __name__ == "__main__":
    raise SystemExit(main())
