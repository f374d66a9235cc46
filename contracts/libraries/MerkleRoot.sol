// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Merkle root over leaves in memory; its proofs are checked by OpenZeppelin's MerkleProof.
/// @dev Neighbours are hashed as a sorted pair; an odd last node moves up unchanged. Leaves are hashes of 66 bytes, so
/// that no inner node, a hash of 64, can pass for a leaf.
library MerkleRoot {
    /// @notice Root over the leaves, which stay as they are. There must be one at least.
    /// @dev The levels are written over each other behind the free memory pointer.
    function compute(bytes32[] memory leaves) internal pure returns (bytes32 root) {
        assembly ("memory-safe") {
            let count := mload(leaves)
            let level := mload(0x40)
            let source := add(leaves, 0x20)
            for {} gt(count, 1) { count := shr(1, add(count, 1)) } {
                let target := level
                let last := add(source, shl(5, and(count, not(1))))
                for {} lt(source, last) { source := add(source, 0x40) } {
                    let a := mload(source)
                    let b := mload(add(source, 0x20))
                    // the scratch space gets the smaller one first
                    let place := shl(5, gt(a, b))
                    mstore(place, a)
                    mstore(xor(place, 0x20), b)
                    mstore(target, keccak256(0x00, 0x40))
                    target := add(target, 0x20)
                }
                if and(count, 1) { mstore(target, mload(last)) }
                source := level
            }
            root := mload(source)
        }
    }

    /// @notice Root over those leaves that are not zero. They move to the front of the array, which shrinks.
    function computeNonZero(bytes32[] memory leaves) internal pure returns (bytes32 root) {
        uint256 count;
        for (uint256 i; i < leaves.length; ++i) {
            if (leaves[i] != 0) leaves[count++] = leaves[i];
        }
        assembly ("memory-safe") {
            mstore(leaves, count)
        }
        return compute(leaves);
    }
}
