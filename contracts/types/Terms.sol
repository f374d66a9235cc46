// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The small values of a receipt in one word, from the high bits: nonce (64), amount (96), servedAt (64),
/// floor (8), and 24 bits that are zero in a receipt. The event of a settled inference has the same layout with the
/// sequence number in place of the nonce and flags in the low 24 bits.
type Terms is uint256;

using TermsLib for Terms global;

/// @notice Reads {Terms}.
library TermsLib {
    /// @notice The prover's own number for the receipt: unordered, used once.
    function nonce(Terms terms) internal pure returns (uint64) {
        return uint64(Terms.unwrap(terms) >> 192);
    }

    /// @notice Charged amount in base units of the group's asset.
    function amount(Terms terms) internal pure returns (uint96) {
        return uint96(Terms.unwrap(terms) >> 96);
    }

    /// @notice Unix time in seconds at which the prover served the result.
    function servedAt(Terms terms) internal pure returns (uint64) {
        return uint64(Terms.unwrap(terms) >> 32);
    }

    /// @notice Lowest tier (as a number) that the payer accepts.
    function floor(Terms terms) internal pure returns (uint8) {
        return uint8(Terms.unwrap(terms) >> 24);
    }

    /// @notice The floor with the low 24 bits below it.
    function floorAndFlags(Terms terms) internal pure returns (uint32) {
        return uint32(Terms.unwrap(terms));
    }

    /// @notice The low 24 bits.
    function flags(Terms terms) internal pure returns (uint24) {
        return uint24(Terms.unwrap(terms));
    }
}
