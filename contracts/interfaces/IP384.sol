// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title ECDSA on the curve P-384
interface IP384 {
    /// @notice Whether `signature` is the key's signature over a SHA-384 digest.
    /// @param hashHigh The first 32 bytes of the digest.
    /// @param hashLow Its last 16 bytes.
    /// @param signature r and s, 48 bytes each.
    /// @param publicKey x and y, 48 bytes each.
    /// @param hint Numbers that save work; a wrong hint makes a valid signature fail, and never an invalid one pass.
    /// @return valid Whether the signature is valid.
    function verify(
        bytes32 hashHigh,
        bytes16 hashLow,
        bytes calldata signature,
        bytes calldata publicKey,
        bytes calldata hint
    ) external view returns (bool valid);
}
