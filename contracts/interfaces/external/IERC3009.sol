// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The part of EIP-3009 that the x402 scheme `exact` uses
/// @notice A token whose owners sign transfers that anybody may bring to it.
interface IERC3009 {
    /// @notice Moves `value` base units on the signature of `from`.
    /// @param from The payer.
    /// @param to The recipient.
    /// @param value Base units.
    /// @param validAfter Unix seconds, exclusive.
    /// @param validBefore Unix seconds, exclusive.
    /// @param nonce Random, used once.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}
