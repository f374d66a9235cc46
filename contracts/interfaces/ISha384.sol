// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title SHA-384
/// @notice The hash function of FIPS 180-4, which the EVM has no precompile for.
interface ISha384 {
    /// @notice Hashes `data`.
    /// @param data Any number of bytes.
    /// @return high The first 32 bytes of the hash.
    /// @return low The last 16 bytes of the hash.
    function hash(bytes calldata data) external pure returns (bytes32 high, bytes16 low);
}
