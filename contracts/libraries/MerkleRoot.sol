// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @notice Merkle root over leaves in memory; its proofs are checked by OpenZeppelin's MerkleProof.
/// @dev Neighbours are hashed as a sorted pair; an odd last node moves up unchanged. Leaves are hashes of more than
/// 64 bytes, so that no inner node can pass for a leaf.
library MerkleRoot {
    /// @notice Root over the first `count` leaves, which are overwritten. `count` must not be zero.
    function consume(bytes32[] memory leaves, uint256 count) internal pure returns (bytes32) {
        while (count > 1) {
            uint256 pairs = count / 2;
            for (uint256 i; i < pairs; ++i) {
                leaves[i] = Hashes.commutativeKeccak256(leaves[2 * i], leaves[2 * i + 1]);
            }
            if (count % 2 == 1) leaves[pairs] = leaves[count - 1];
            count = pairs + count % 2;
        }
        return leaves[0];
    }
}
