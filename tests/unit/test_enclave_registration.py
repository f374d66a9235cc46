"""What enclaves ask the registry for: the same bytes and digests as in the vectors that forge reads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attestation_vectors import FOLDER
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from veritally.attestation.binding import KeyBinding, KeyKind
from veritally.attestation.claims import Platform
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.registration import Registration, key_id

FILE = json.loads((FOLDER / "registrations.json").read_text(encoding="utf-8"))
PROVER = Account.from_key(keccak(text="prover")).address
CHAIN_ID = 84532
CHALLENGE_BLOCK = 7


def raw(vector: dict[str, Any], key: str) -> bytes:
    return bytes.fromhex(vector[key].removeprefix("0x"))


def registration(vector: dict[str, Any]) -> Registration:
    kind = KeyKind(vector["kind"])
    key, model = raw(vector, "publicKey"), raw(vector, "modelId")
    binding = KeyBinding(CHAIN_ID, FILE["registry"], kind, key, PROVER, model)
    challenge, until_s = raw(vector, "challenge"), vector["validUntil"]
    return Registration(Platform.DEVELOPMENT, binding, CHALLENGE_BLOCK, challenge, until_s)


@pytest.mark.parametrize("name", FILE["enclaves"])
def test_user_data_digest_and_hints_are_those_of_the_vectors(name: str) -> None:
    vector = FILE["enclaves"][name]
    asked = registration(vector)
    assert asked.user_data() == raw(vector, "userData")
    assert asked.digest() == raw(vector, "digest")
    hints = [f"0x{hint.hex()}" for hint in make_nitro_hints(raw(vector, "document"))]
    assert hints == vector["hints"]


def test_the_argument_is_the_contracts_struct() -> None:
    vector = FILE["enclaves"]["p256"]
    key, model = raw(vector, "publicKey"), raw(vector, "modelId")
    expected = (3, 2, key, PROVER, model, CHALLENGE_BLOCK, vector["validUntil"])
    assert registration(vector).as_argument() == expected


@pytest.mark.parametrize(
    "change",
    [
        {"platform": Platform.NITRO},
        {"challenge": b"\x01" * 32},
        {"valid_until_s": 1},
        {"binding": {"chain_id": 1}},
        {"binding": {"registry": "0x" + "33" * 20}},
        {"binding": {"kind": KeyKind.P256}},
        {"binding": {"public_key": b"\x01" * 64}},
        {"binding": {"prover": "0x" + "44" * 20}},
        {"binding": {"model_commitment": b"\x01" * 32}},
    ],
    ids=str,
)
def test_the_key_signs_every_field(change: dict[str, Any]) -> None:
    asked = registration(FILE["enclaves"]["enclave"])
    if "binding" in change:
        change = {"binding": replace(asked.binding, **change["binding"])}
    assert replace(asked, **change).digest() != asked.digest()


def test_a_secp256k1_key_is_named_by_its_address_and_others_by_their_hash() -> None:
    vector = FILE["enclaves"]["enclave"]
    point = raw(vector, "publicKey")
    signer = Account.from_key(keccak(text="enclave")).address
    by_address = keccak(encode(("uint8", "address"), (1, signer)))
    assert key_id(KeyKind.SECP256K1, point) == by_address
    by_hash = keccak(encode(("uint8", "bytes32"), (2, keccak(point))))
    assert key_id(KeyKind.P256, point) == by_hash


def test_the_file_is_the_one_that_its_tool_writes() -> None:
    tool = Path(__file__).parents[2] / "tools" / "make_registration_vectors.py"
    subprocess.run([sys.executable, str(tool), "--check"], check=True)
