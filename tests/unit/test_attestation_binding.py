from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from attestation_vectors import FOLDER
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.attestation.binding import TAG_V1, KeyBinding, KeyKind
from veritally.attestation.errors import BindingError

FILE = json.loads((FOLDER / "binding.json").read_text(encoding="utf-8"))
BINDING = KeyBinding(31337, "0x" + "11" * 20, KeyKind.SECP256K1, bytes(64), "0x" + "22" * 20, bytes(32))
OTHERS = {
    "chain_id": 1,
    "registry": "0x" + "33" * 20,
    "kind": KeyKind.P256,
    "public_key": b"\x01" * 64,
    "prover": "0x" + "44" * 20,
    "model_commitment": b"\x01" * 32,
}


def raw(vector: dict[str, str], key: str) -> bytes:
    return bytes.fromhex(vector[key].removeprefix("0x"))


@pytest.mark.parametrize("vector", FILE["vectors"], ids=lambda vector: vector["commitment"][:10])
def test_bindings_are_those_of_the_vectors(vector: dict[str, str]) -> None:
    chain_id, kind = int(vector["chainId"]), KeyKind(int(vector["kind"]))
    key, model = raw(vector, "publicKey"), raw(vector, "modelCommitment")
    binding = KeyBinding(chain_id, vector["registry"], kind, key, vector["prover"], model)

    types = ("bytes32", "uint256", "address", "uint8", "bytes32", "address", "bytes32")
    values = (TAG_V1, chain_id, vector["registry"], int(kind), keccak(key), vector["prover"], model)
    assert raw(vector, "commitment") == keccak(encode(types, values))
    assert binding.user_data(raw(vector, "challenge")) == raw(vector, "userData")
    assert raw(vector, "userData") == raw(vector, "commitment") + raw(vector, "challenge")


def test_the_tag_is_the_hash_of_its_words() -> None:
    assert raw(FILE, "tag") == TAG_V1 == keccak(text="Veritally enclave binding, version 1")


def test_the_file_is_the_one_that_its_tool_writes() -> None:
    tool = Path(__file__).parents[2] / "tools" / "make_binding_vectors.py"
    subprocess.run([sys.executable, str(tool), "--check"], check=True)


def test_every_field_counts() -> None:
    made = {replace(BINDING, **{field: value}).commitment() for field, value in OTHERS.items()}
    assert len(made | {BINDING.commitment()}) == len(OTHERS) + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", 0),
        ("chain_id", 2**256),
        ("registry", "0x11"),
        ("kind", KeyKind.NONE),
        ("public_key", bytes(65)),
        ("prover", "prover"),
        ("model_commitment", bytes(31)),
    ],
)
def test_fields_out_of_range_are_named(field: str, value: object) -> None:
    with pytest.raises(BindingError, match=field):
        replace(BINDING, **{field: value}).user_data(bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_the_challenge_is_a_block_hash(length: int) -> None:
    with pytest.raises(BindingError, match="challenge"):
        BINDING.user_data(bytes(length))
