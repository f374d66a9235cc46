// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Merkle roots and proofs, written apart from the contracts' library: recursive, on copies.
library ReferenceTree {
    function root(bytes32[] memory level) internal pure returns (bytes32) {
        return level.length == 1 ? level[0] : root(_above(level));
    }

    function proof(bytes32[] memory level, uint256 index) internal pure returns (bytes32[] memory nodes) {
        if (level.length == 1) return nodes;
        bytes32[] memory rest = proof(_above(level), index / 2);
        uint256 sibling = index ^ 1;
        if (sibling >= level.length) return rest;
        nodes = new bytes32[](rest.length + 1);
        nodes[0] = level[sibling];
        for (uint256 i; i < rest.length; ++i) {
            nodes[i + 1] = rest[i];
        }
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((level.length + 1) / 2);
        for (uint256 i; i < next.length; ++i) {
            bool alone = 2 * i + 1 == level.length;
            next[i] = alone ? level[2 * i] : _pair(level[2 * i], level[2 * i + 1]);
        }
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }
}
