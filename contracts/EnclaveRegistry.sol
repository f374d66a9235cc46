// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IEnclaveRegistry} from "./interfaces/IEnclaveRegistry.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {DevelopmentChains} from "./libraries/DevelopmentChains.sol";
import {EnclaveSignature} from "./libraries/EnclaveSignature.sol";
import {RecentBlock} from "./libraries/RecentBlock.sol";
import {AttestationClaims, Platform} from "./types/Claims.sol";
import {EnclaveKey, KeyKind, Registration} from "./types/EnclaveKey.sol";
import {Receipt} from "./types/Group.sol";

/// @title EnclaveRegistry
/// @notice See {IEnclaveRegistry}.
contract EnclaveRegistry is IEnclaveRegistry, EIP712 {
    /// @notice Longest life of a key in seconds, counted from its registration or renewal.
    uint40 public constant MAX_LIFETIME = 7 days;
    /// @notice Largest distance in seconds between a document's time and the block's, either way.
    uint40 public constant MAX_DOCUMENT_AGE = 10 minutes;

    /// @inheritdoc IEnclaveRegistry
    bytes32 public constant BINDING_TAG = keccak256("Veritally enclave binding, version 1");

    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(uint8 platform,uint8 kind,bytes32 publicKeyHash,address prover,bytes32 modelId,bytes32 challenge,uint40 validUntil)"
    );

    /// @inheritdoc IEnclaveRegistry
    IModelRegistry public immutable MODELS;
    /// @inheritdoc IEnclaveRegistry
    ISettlement public immutable SETTLEMENT;

    /// @inheritdoc IEnclaveRegistry
    mapping(Platform platform => IAttestationVerifier verifier) public verifierOf;

    mapping(bytes32 key => EnclaveKey) private _keys;

    /// @param models Says which measurements a model accepts.
    /// @param settlement Whose receipts the keys sign.
    /// @param verifiers One for each platform whose documents are taken.
    constructor(IModelRegistry models, ISettlement settlement, IAttestationVerifier[] memory verifiers)
        EIP712("Veritally EnclaveRegistry", "1")
    {
        MODELS = models;
        SETTLEMENT = settlement;
        for (uint256 i; i < verifiers.length; ++i) {
            Platform platform = verifiers[i].PLATFORM();
            bool isFree = platform != Platform.NONE && address(verifierOf[platform]) == address(0);
            require(isFree, PlatformTaken(platform));
            bool isAllowed = platform != Platform.DEVELOPMENT || DevelopmentChains.isOne();
            require(isAllowed, DevelopmentPlatformRefused(block.chainid));
            verifierOf[platform] = verifiers[i];
        }
    }

    /* REGISTRATION */

    /// @inheritdoc IEnclaveRegistry
    function register(
        Registration calldata asked,
        bytes calldata document,
        bytes[] calldata hints,
        bytes calldata signature
    ) external returns (bytes32 key) {
        key = EnclaveSignature.keyOf(asked.kind, asked.publicKey);
        uint256 latest = block.timestamp + MAX_LIFETIME;
        require(
            asked.validUntil > block.timestamp && asked.validUntil <= latest,
            BadValidity(asked.validUntil, block.timestamp + 1, latest)
        );
        require(EnclaveSignature.signerOf(registrationDigest(asked), signature) == key, NoProofOfPossession(key));
        AttestationClaims memory claims = _verify(asked, document, hints);

        if (_keys[key].validUntil == 0) {
            _create(key, asked, claims);
        } else {
            _renew(key, asked, claims);
        }
    }

    /// @inheritdoc IEnclaveRegistry
    function keyOf(KeyKind kind, bytes calldata publicKey) external pure returns (bytes32) {
        return EnclaveSignature.keyOf(kind, publicKey);
    }

    /// @inheritdoc IEnclaveRegistry
    function userDataOf(Registration calldata asked) public view returns (bytes memory) {
        bytes32 binding = keccak256(
            abi.encode(
                BINDING_TAG,
                block.chainid,
                address(this),
                asked.kind,
                keccak256(asked.publicKey),
                asked.prover,
                asked.modelId
            )
        );
        return abi.encode(binding, _challengeOf(asked));
    }

    /// @inheritdoc IEnclaveRegistry
    function registrationDigest(Registration calldata asked) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    REGISTRATION_TYPEHASH,
                    asked.platform,
                    asked.kind,
                    keccak256(asked.publicKey),
                    asked.prover,
                    asked.modelId,
                    _challengeOf(asked),
                    asked.validUntil
                )
            )
        );
    }

    /* STOPPING */

    /// @inheritdoc IEnclaveRegistry
    function revoke(bytes32 key) external {
        EnclaveKey storage entry = _stoppable(key);
        require(entry.revokedAt == 0, EnclaveKeyRevoked(key, entry.revokedAt));

        _revoke(key, entry);
    }

    /// @inheritdoc IEnclaveRegistry
    function declareCompromised(bytes32 key, uint40 since) external {
        EnclaveKey storage entry = _stoppable(key);
        uint40 latest = entry.compromisedAt == 0 ? uint40(block.timestamp) : entry.compromisedAt - 1;
        require(since >= entry.validFrom && since <= latest, BadCompromiseTime(since, entry.validFrom, latest));

        _doubt(key, entry, since);
    }

    /// @inheritdoc IEnclaveRegistry
    function reportEquivocation(bytes32 key, SignedReceipt calldata first, SignedReceipt calldata second) external {
        EnclaveKey storage entry = _known(key);
        Receipt calldata one = first.receipt;
        Receipt calldata other = second.receipt;
        uint64 nonce = one.terms.nonce();
        require(
            one.requestHash == other.requestHash && nonce == other.terms.nonce(),
            RequestsDiffer(one.requestHash, other.requestHash, nonce, other.terms.nonce())
        );
        require(one.responseHash != other.responseHash, ResponsesAgree(one.responseHash));
        require(_signedBy(key, entry, first), NotSignedByKey(key, 0));
        require(_signedBy(key, entry, second), NotSignedByKey(key, 1));

        if (entry.compromisedAt != entry.validFrom) _doubt(key, entry, entry.validFrom);

        emit EquivocationShown(key, msg.sender, one.requestHash, nonce, one.responseHash, other.responseHash);
    }

    /* USE */

    /// @inheritdoc IEnclaveRegistry
    function requireActive(bytes32 key, bytes32 modelId, address prover) external view returns (bool development) {
        EnclaveKey storage entry = _known(key);
        require(entry.modelId == modelId && entry.prover == prover, EnclaveKeyMismatch(key, modelId, prover));
        require(entry.revokedAt == 0, EnclaveKeyRevoked(key, entry.revokedAt));
        require(block.timestamp < entry.validUntil, EnclaveKeyExpired(key, entry.validUntil, block.timestamp));
        MODELS.requireMeasurement(modelId, entry.measurement);
        return entry.development;
    }

    /// @inheritdoc IEnclaveRegistry
    function getKey(bytes32 key) external view returns (EnclaveKey memory) {
        return _keys[key];
    }

    /* INTERNALS */

    /// @dev The verifier remembers certificates: it is a contract that was chosen for good when this one was deployed, so
    /// that calling it before anything is stored is safe.
    function _verify(Registration calldata asked, bytes calldata document, bytes[] calldata hints)
        private
        returns (AttestationClaims memory claims)
    {
        IAttestationVerifier verifier = verifierOf[asked.platform];
        require(address(verifier) != address(0), PlatformNotSupported(asked.platform));
        claims = verifier.verify(document, hints);

        require(!claims.debug, DebugEnclave());
        bytes memory expected = userDataOf(asked);
        require(keccak256(claims.userData) == keccak256(expected), WrongUserData(claims.userData, expected));
        require(
            claims.timestamp + MAX_DOCUMENT_AGE >= block.timestamp
                && claims.timestamp <= block.timestamp + MAX_DOCUMENT_AGE,
            DocumentNotFresh(claims.timestamp, block.timestamp)
        );
        MODELS.requireMeasurement(asked.modelId, claims.measurement);
    }

    function _create(bytes32 key, Registration calldata asked, AttestationClaims memory claims) private {
        bool development = claims.platform == Platform.DEVELOPMENT;
        uint40 validFrom = uint40(block.timestamp);
        _keys[key] = EnclaveKey({
            prover: asked.prover,
            validUntil: asked.validUntil,
            revokedAt: 0,
            development: development,
            kind: asked.kind,
            modelId: asked.modelId,
            measurement: claims.measurement,
            platform: claims.platform,
            validFrom: validFrom,
            compromisedAt: 0
        });

        emit EnclaveRegistered(
            key,
            asked.prover,
            asked.modelId,
            asked.kind,
            asked.publicKey,
            claims.platform,
            claims.root,
            claims.measurement,
            validFrom,
            asked.validUntil,
            development
        );
    }

    function _renew(bytes32 key, Registration calldata asked, AttestationClaims memory claims) private {
        EnclaveKey storage entry = _keys[key];
        require(entry.revokedAt == 0, EnclaveKeyRevoked(key, entry.revokedAt));
        require(
            entry.modelId == asked.modelId && entry.prover == asked.prover,
            EnclaveKeyMismatch(key, asked.modelId, asked.prover)
        );
        require(entry.measurement == claims.measurement, MeasurementChanged(key, entry.measurement, claims.measurement));
        require(asked.validUntil >= entry.validUntil, NotLonger(key, entry.validUntil, asked.validUntil));
        if (asked.validUntil == entry.validUntil) return; // somebody else was quicker with the same request

        entry.validUntil = asked.validUntil;

        emit EnclaveRenewed(key, asked.prover, asked.modelId, uint40(block.timestamp), asked.validUntil);
    }

    function _revoke(bytes32 key, EnclaveKey storage entry) private {
        entry.revokedAt = uint40(block.timestamp);

        emit EnclaveRevoked(key, msg.sender, uint40(block.timestamp));
    }

    function _doubt(bytes32 key, EnclaveKey storage entry, uint40 since) private {
        entry.compromisedAt = since;

        emit EnclaveCompromised(key, msg.sender, since);

        if (entry.revokedAt == 0) _revoke(key, entry);
    }

    function _challengeOf(Registration calldata asked) private view returns (bytes32 challenge) {
        challenge = RecentBlock.hashOf(asked.challengeBlock);
        require(challenge != 0, ChallengeUnknown(asked.challengeBlock, block.number));
    }

    function _known(bytes32 key) private view returns (EnclaveKey storage entry) {
        entry = _keys[key];
        require(entry.validUntil != 0, UnknownEnclaveKey(key));
    }

    /// @dev A key that the caller may stop.
    function _stoppable(bytes32 key) private view returns (EnclaveKey storage entry) {
        entry = _known(key);
        bool allowed = msg.sender == entry.prover || msg.sender == MODELS.getModel(entry.modelId).owner;
        require(allowed, MayNotStop(key, msg.sender));
    }

    function _signedBy(bytes32 key, EnclaveKey storage entry, SignedReceipt calldata exhibit)
        private
        view
        returns (bool)
    {
        bytes32 leaf = SETTLEMENT.receiptHash(entry.modelId, entry.prover, exhibit.asset, exhibit.receipt);
        bytes32 root = MerkleProof.processProofCalldata(exhibit.proof, leaf);
        return EnclaveSignature.signerOf(SETTLEMENT.groupDigest(root, exhibit.route), exhibit.signature) == key;
    }
}
