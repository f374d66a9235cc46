// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What a judged certificate says, and where in its bytes: one storage slot. Offsets and lengths are in bytes.
struct Certificate {
    /// @dev Unix seconds, inclusive.
    uint40 notBefore;
    /// @dev Unix seconds, inclusive; zero when the certificate is not cached.
    uint40 notAfter;
    /// @dev Whether it may sign certificates.
    bool isCa;
    /// @dev How many certificates of authorities may follow; {UNLIMITED_PATH} when it does not say.
    uint8 pathLength;
    /// @dev Magnitude of the serial number.
    uint16 serialOffset;
    uint8 serialLength;
    /// @dev Name of the issuer, with tag and length; so is the subject.
    uint16 issuerOffset;
    uint16 issuerLength;
    uint16 subjectOffset;
    uint16 subjectLength;
    /// @dev Public key: x and y, 48 bytes each.
    uint16 keyOffset;
}

/// @dev No chain is that long: nothing limits it.
uint8 constant UNLIMITED_PATH = type(uint8).max;
