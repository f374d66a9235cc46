"""Merkle trees over receipt hashes, as `contracts/libraries/MerkleRoot.sol` builds them.

Neighbours are hashed as a sorted pair, so that a proof needs no sides; an odd last node moves up as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eth_utils.crypto import keccak

from veritally.errors import InvalidMerkleInputError

_NODE_BYTES = 32


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over 32-byte `leaves` in their order; the root of one leaf is that leaf.

    Raises:
        InvalidMerkleInputError: there is no leaf, or one has not 32 bytes.
    """
    return list(_levels(leaves))[-1][0]


def merkle_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The nodes that lead from `leaves[index]` to the root, in the form of OpenZeppelin's MerkleProof.

    Raises:
        InvalidMerkleInputError: there is no leaf, one has not 32 bytes, or `index` is outside.
    """
    if not 0 <= index < len(leaves):
        raise InvalidMerkleInputError(f"there is no leaf {index} among {len(leaves)}")
    return _proof(list(_levels(leaves)), index)


def merkle_proofs(leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """What `merkle_proof` gives for each leaf; the tree is hashed once.

    Raises:
        InvalidMerkleInputError: there is no leaf, or one has not 32 bytes.
    """
    levels = list(_levels(leaves))
    return [_proof(levels, index) for index in range(len(leaves))]


def verify_merkle_proof(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` leads from `leaf` to `root`."""
    node = leaf
    for sibling in proof:
        node = _hash_pair(node, sibling)
    return node == root


def _proof(levels: Sequence[Sequence[bytes]], index: int) -> tuple[bytes, ...]:
    proof = []
    for level in levels:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        index //= 2
    return tuple(proof)


def _levels(leaves: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The levels of the tree from the leaves to the root."""
    if not leaves:
        raise InvalidMerkleInputError("there are no leaves")
    for leaf in leaves:
        if len(leaf) != _NODE_BYTES:
            raise InvalidMerkleInputError(f"a leaf has {len(leaf)} bytes instead of {_NODE_BYTES}")
    level = list(leaves)
    yield level
    while len(level) > 1:
        pairs = [_hash_pair(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[2 * len(pairs) :]
        yield level


def _hash_pair(left: bytes, right: bytes) -> bytes:
    return bytes(keccak(min(left, right) + max(left, right)))
