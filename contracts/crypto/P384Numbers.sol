// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Numbers of two words, the high one and the low one, without a modulus.
library P384Numbers {
    /// @notice A number of 48 bytes.
    /// @param data What holds it; the caller knows that it is long enough.
    /// @param at The offset of its first byte.
    /// @return h Its upper word.
    /// @return l Its lower word.
    function read(bytes calldata data, uint256 at) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            at := add(data.offset, at)
            h := shr(128, calldataload(at))
            l := calldataload(add(at, 16))
        }
    }

    /// @notice Whether a < b.
    function isBelow(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            yes := or(lt(ah, bh), and(eq(ah, bh), lt(al, bl)))
        }
    }

    /// @notice a + b.
    function add(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            l := add(al, bl)
            h := add(add(ah, bh), lt(l, bl))
        }
    }

    /// @notice a - b, for b that is not above a.
    function subtract(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            l := sub(al, bl)
            h := sub(sub(ah, bh), gt(bl, al))
        }
    }
}
