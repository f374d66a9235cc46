from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from veritally.errors import InvalidMerkleInputError
from veritally.merkle import merkle_proof, merkle_proofs, merkle_root, verify_merkle_proof

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "receipts.json").read_text(encoding="utf-8")
)["merkle"]

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def pair(a: bytes, b: bytes) -> bytes:
    return bytes(keccak(b"".join(sorted((a, b)))))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{len(vector['leaves'])} leaves")
def test_root_and_proof_are_the_pinned_ones(vector: dict[str, Any]) -> None:
    leaves = [bytes.fromhex(leaf[2:]) for leaf in vector["leaves"]]
    assert "0x" + merkle_root(leaves).hex() == vector["root"]
    assert ["0x" + node.hex() for node in merkle_proof(leaves, len(leaves) - 1)] == vector["lastLeafProof"]


def test_root_of_one_to_five_leaves_by_hand() -> None:
    a, b, c, d, e = (keccak(bytes([i])) for i in range(5))
    assert merkle_root([a]) == a
    assert merkle_root([a, b]) == merkle_root([b, a]) == pair(a, b)
    assert merkle_root([a, b, c]) == pair(pair(a, b), c)
    assert merkle_root([a, b, c, d]) == pair(pair(a, b), pair(c, d))
    assert merkle_root([a, b, c, d, e]) == pair(pair(pair(a, b), pair(c, d)), e)


@given(leaves=LEAVES, data=st.data())
def test_every_leaf_has_a_proof_that_fits_no_other_leaf(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle_root(leaves), merkle_proof(leaves, index)
    assert verify_merkle_proof(root, leaves[index], proof)
    assert not verify_merkle_proof(root, keccak(leaves[index]), proof)
    assert not verify_merkle_proof(keccak(root), leaves[index], proof)
    assert merkle_proofs(leaves) == [merkle_proof(leaves, place) for place in range(len(leaves))]


def test_no_leaves_are_refused() -> None:
    with pytest.raises(InvalidMerkleInputError, match="no leaves"):
        merkle_root([])


def test_a_short_leaf_is_refused() -> None:
    with pytest.raises(InvalidMerkleInputError, match="31 bytes"):
        merkle_root([b"\x00" * 32, b"\x00" * 31])


@pytest.mark.parametrize("index", [-1, 2])
def test_a_proof_outside_is_refused(index: int) -> None:
    with pytest.raises(InvalidMerkleInputError, match="no leaf"):
        merkle_proof([b"\x00" * 32, b"\x01" * 32], index)
