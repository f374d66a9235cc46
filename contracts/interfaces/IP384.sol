// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title ECDSA over the curve P-384
/// @notice Verifies signatures as FIPS 186-5 defines them, with the help of a hint that anybody computes from the
/// signature (`veritally.attestation.p384.make_hint`) and that needs no trust.
interface IP384 {
    /// @notice Whether `publicKey` signed the hash.
    /// @dev The hint only saves work. A wrong one makes a valid signature fail; none makes an invalid signature pass.
    /// Both s and n - s are accepted, as ECDSA says: never use a signature as a name of what it signs.
    /// @param hashHigh The first 32 bytes of the SHA-384 hash that was signed.
    /// @param hashLow Its last 16 bytes.
    /// @param signature r, then s, of 48 bytes each.
    /// @param publicKey x, then y, of 48 bytes each.
    /// @param hint v (24 bytes), w (24), t (48), y of R (48) and flags (1).
    /// @return valid False when the signature is invalid, when a length is wrong, or when the hint does not fit.
    function verify(
        bytes32 hashHigh,
        bytes16 hashLow,
        bytes calldata signature,
        bytes calldata publicKey,
        bytes calldata hint
    ) external view returns (bool valid);
}
