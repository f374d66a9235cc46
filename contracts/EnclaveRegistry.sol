// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IEnclaveRegistry} from "./interfaces/IEnclaveRegistry.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {DevelopmentChains} from "./libraries/DevelopmentChains.sol";

/// @title EnclaveRegistry
/// @notice See {IEnclaveRegistry}.
contract EnclaveRegistry is IEnclaveRegistry, EIP712 {
    /// @notice Longest life of a key in seconds.
    uint40 public constant MAX_LIFETIME = 7 days;

    bytes32 private constant ADMISSION_TYPEHASH = keccak256(
        "Admission(address key,address prover,bytes32 modelId,bytes32 measurement,uint40 validFrom,uint40 validUntil)"
    );

    /// @inheritdoc IEnclaveRegistry
    IModelRegistry public immutable MODELS;
    /// @inheritdoc IEnclaveRegistry
    address public immutable ROOT;

    mapping(address key => EnclaveKey) private _keys;

    /// @param models Says which measurements a model accepts.
    /// @param developmentRoot Admits keys; only on development chains.
    constructor(IModelRegistry models, address developmentRoot) EIP712("Veritally EnclaveRegistry", "1") {
        require(DevelopmentChains.isOne(), DevelopmentRootRefused(block.chainid));
        MODELS = models;
        ROOT = developmentRoot;
    }

    /// @inheritdoc IEnclaveRegistry
    function register(Admission calldata admission, bytes calldata rootSignature, bytes calldata keySignature)
        external
    {
        address key = admission.key;
        require(_keys[key].validUntil == 0, KeyTaken(key));
        require(
            admission.validFrom < admission.validUntil && admission.validUntil > block.timestamp
                && admission.validUntil - admission.validFrom <= MAX_LIFETIME,
            BadValidity(admission.validFrom, admission.validUntil)
        );
        bytes32 digest = admissionDigest(admission);
        require(_signed(ROOT, digest, rootSignature), NotAdmittedByRoot(ROOT));
        require(_signed(key, digest, keySignature), NoProofOfPossession(key));

        _keys[key] = EnclaveKey({
            prover: admission.prover,
            validFrom: admission.validFrom,
            validUntil: admission.validUntil,
            development: true,
            modelId: admission.modelId,
            measurement: admission.measurement,
            revokedAt: 0
        });

        emit EnclaveRegistered(
            key,
            admission.prover,
            admission.modelId,
            admission.measurement,
            admission.validFrom,
            admission.validUntil,
            true
        );
    }

    /// @inheritdoc IEnclaveRegistry
    function revoke(address key) external {
        EnclaveKey storage entry = _keys[key];
        require(entry.validUntil != 0, UnknownEnclaveKey(key));
        require(entry.revokedAt == 0, EnclaveKeyNotValid(key, block.timestamp));
        require(msg.sender == entry.prover || msg.sender == ROOT, MayNotRevoke(key, msg.sender));

        entry.revokedAt = uint40(block.timestamp);

        emit EnclaveRevoked(key, msg.sender, uint40(block.timestamp));
    }

    /// @inheritdoc IEnclaveRegistry
    function requireActive(address key, bytes32 modelId, address prover) external view returns (bool development) {
        EnclaveKey storage entry = _keys[key];
        require(entry.validUntil != 0, UnknownEnclaveKey(key));
        require(entry.modelId == modelId && entry.prover == prover, EnclaveKeyMismatch(key, modelId, prover));
        require(
            block.timestamp >= entry.validFrom && block.timestamp < entry.validUntil && entry.revokedAt == 0,
            EnclaveKeyNotValid(key, block.timestamp)
        );
        MODELS.requireMeasurement(modelId, entry.measurement);
        return entry.development;
    }

    /// @inheritdoc IEnclaveRegistry
    function getKey(address key) external view returns (EnclaveKey memory) {
        return _keys[key];
    }

    /// @inheritdoc IEnclaveRegistry
    function admissionDigest(Admission calldata admission) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ADMISSION_TYPEHASH, admission)));
    }

    function _signed(address signer, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(digest, signature);
        return error == ECDSA.RecoverError.NoError && recovered == signer;
    }
}
