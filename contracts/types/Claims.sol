// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Who vouches for an enclave. DEVELOPMENT is a software root for tests: it protects nothing.
enum Platform {
    NONE,
    NITRO,
    TDX,
    DEVELOPMENT
}

/// @notice What an attestation document says, once its signatures are verified.
struct AttestationClaims {
    Platform platform;
    /// @dev SHA-256 of the pinned root certificate.
    bytes32 root;
    /// @dev Hash of the enclave's code identity; the platform's verifier defines it.
    bytes32 measurement;
    /// @dev Chosen by the enclave; empty when it gave none. So are the next two.
    bytes userData;
    bytes nonce;
    bytes publicKey;
    /// @dev Unix seconds, by the platform's clock, at which the document was made. TDX quotes do not say: the block's time.
    uint64 timestamp;
    /// @dev Unix seconds until which, inclusive, every certificate of the chain is valid, and every list that was used.
    uint64 notAfter;
    /// @dev The enclave's memory may be open to its operator: nothing that it says may be trusted.
    bool debug;
}
