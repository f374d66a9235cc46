// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Platform} from "./Claims.sol";

/// @notice Kinds of keys that an enclave signs results with.
enum KeyKind {
    NONE,
    SECP256K1,
    P256,
    RSA_PSS_2048
}

/// @notice What an enclave asks for when it registers its key, or renews it.
struct Registration {
    /// @dev Who vouches for the enclave.
    Platform platform;
    KeyKind kind;
    /// @dev x and y (64 bytes) of a point of secp256k1 or P-256, or the modulus (256 bytes) of an RSA key with the
    /// exponent 65537.
    bytes publicKey;
    /// @dev The only prover that the key signs for.
    address prover;
    /// @dev The only model that it signs for; the commitment to model owner and weights.
    bytes32 modelId;
    /// @dev Block whose hash is the challenge in the document.
    uint64 challengeBlock;
    /// @dev Unix seconds, exclusive; at most seven days ahead.
    uint40 validUntil;
}

/// @notice A registered key. Up to `kind` one slot.
struct EnclaveKey {
    address prover;
    /// @dev Unix seconds, exclusive.
    uint40 validUntil;
    /// @dev Unix seconds from which the key is refused; zero when it is not revoked.
    uint40 revokedAt;
    bool development;
    KeyKind kind;
    bytes32 modelId;
    bytes32 measurement;
    Platform platform;
    /// @dev Unix seconds, inclusive.
    uint40 validFrom;
    /// @dev Unix seconds from which on what the key signed is to be doubted; zero when nothing is known. What settled
    /// stays settled.
    uint40 compromisedAt;
}
