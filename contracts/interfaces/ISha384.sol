// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title SHA-384
interface ISha384 {
    /// @notice SHA-384 of `data`.
    /// @param data Any bytes.
    /// @return high The first 32 bytes of the digest.
    /// @return low Its last 16 bytes.
    function hash(bytes calldata data) external pure returns (bytes32 high, bytes16 low);
}
