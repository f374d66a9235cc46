// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IModelRegistry} from "./IModelRegistry.sol";

/// @title Keys that live in attested enclaves
/// @notice For now a key is admitted by the signature of a pinned development root instead of a hardware vendor's
/// document. Such keys are marked `development`, and the registry refuses to be deployed outside development chains.
interface IEnclaveRegistry {
    /// @notice What the root vouches for. EIP-712 type
    /// `Admission(address key,address prover,bytes32 modelId,bytes32 measurement,uint40 validFrom,uint40 validUntil)`.
    struct Admission {
        /// @dev secp256k1 key, as its address.
        address key;
        address prover;
        bytes32 modelId;
        /// @dev Hash of the enclave's code identity.
        bytes32 measurement;
        /// @dev Unix seconds, inclusive.
        uint40 validFrom;
        /// @dev Unix seconds, exclusive; at most seven days after `validFrom`.
        uint40 validUntil;
    }

    /// @notice A registered key.
    struct EnclaveKey {
        address prover;
        uint40 validFrom;
        uint40 validUntil;
        bool development;
        bytes32 modelId;
        bytes32 measurement;
        /// @dev Unix seconds from which the key is refused; zero when it is not revoked.
        uint40 revokedAt;
    }

    /// @notice A key was admitted.
    /// @param key Address of the key.
    /// @param prover The only prover that it signs for.
    /// @param modelId The only model that it signs for.
    /// @param measurement Hash of the code that holds it.
    /// @param validFrom Unix time in seconds of its first second.
    /// @param validUntil Unix time in seconds behind its last one.
    /// @param development It was admitted by a development root.
    event EnclaveRegistered(
        address indexed key,
        address indexed prover,
        bytes32 indexed modelId,
        bytes32 measurement,
        uint40 validFrom,
        uint40 validUntil,
        bool development
    );
    /// @notice A key was revoked; what it signed before stays settled.
    /// @param key Address of the key.
    /// @param by Its prover or the root.
    /// @param revokedAt Unix time in seconds.
    event EnclaveRevoked(address indexed key, address indexed by, uint40 revokedAt);

    /// @notice The development root is refused on this chain.
    error DevelopmentRootRefused(uint256 chainId);
    /// @notice The admission is not signed by the root.
    error NotAdmittedByRoot(address root);
    /// @notice The key did not sign its own admission.
    error NoProofOfPossession(address key);
    /// @notice The key is registered already; keys are never registered twice.
    error KeyTaken(address key);
    /// @notice The validity window is empty, over already, or longer than the longest one.
    error BadValidity(uint256 validFrom, uint256 validUntil);
    /// @notice No such key.
    error UnknownEnclaveKey(address key);
    /// @notice Only the key's prover or the root may revoke it.
    error MayNotRevoke(address key, address caller);
    /// @notice The key is not valid now.
    error EnclaveKeyNotValid(address key, uint256 timestamp);
    /// @notice The key belongs to another model or prover.
    error EnclaveKeyMismatch(address key, bytes32 modelId, address prover);

    /// @notice Admits a key. Anybody may send it.
    /// @param admission What the root vouches for.
    /// @param rootSignature The root's EIP-712 signature.
    /// @param keySignature The key's signature over the same digest.
    function register(Admission calldata admission, bytes calldata rootSignature, bytes calldata keySignature) external;

    /// @notice Revokes a key from now on. Only its prover or the root.
    /// @param key The key.
    function revoke(address key) external;

    /// @notice Checks that `key` may sign for (modelId, prover) at this block, and that the model accepts its
    /// measurement; reverts when not.
    /// @param key The key.
    /// @param modelId The model.
    /// @param prover The prover.
    /// @return development The key was admitted by a development root.
    function requireActive(address key, bytes32 modelId, address prover) external view returns (bool development);

    /// @notice A registered key.
    /// @param key The key.
    /// @return entry Zeroes when unknown.
    function getKey(address key) external view returns (EnclaveKey memory entry);

    /// @notice EIP-712 digest of an admission.
    /// @param admission The admission.
    /// @return digest The digest.
    function admissionDigest(Admission calldata admission) external view returns (bytes32 digest);

    /// @notice The registry that says which measurements a model accepts.
    /// @return models The registry.
    function MODELS() external view returns (IModelRegistry models);

    /// @notice The pinned development root.
    /// @return root Its address.
    function ROOT() external view returns (address root);
}
