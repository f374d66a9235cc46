// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Platform} from "../types/Claims.sol";
import {EnclaveKey, KeyKind, Registration} from "../types/EnclaveKey.sol";
import {Receipt} from "../types/Group.sol";
import {IAttestationVerifier} from "./IAttestationVerifier.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {ISettlement} from "./ISettlement.sol";

/// @title Keys that live in attested enclaves
/// @notice A key is registered by the document in which its platform vouches for the enclave that made it. Nobody admits
/// or owns anything here: which code may serve a model is its owner's choice ({IModelRegistry-acceptMeasurement}), which
/// hardware vendors are believed was fixed when this contract was deployed. Another vendor or another root means another
/// registry behind another route.
///
/// The enclave puts 64 bytes into the document's user data. The first half binds the key to its use:
/// keccak256(abi.encode({BINDING_TAG}, chain id, this registry, kind, keccak256(public key), prover, model id)). The second
/// is the challenge: the hash of a recent block, which nobody knew before. The key itself signs what it asks for.
///
/// A key can be revoked, which refuses it from now on, and be called compromised, which says since when what it signed is
/// to be doubted. Neither changes what has settled. A revoked key never comes back.
/// @dev A key's name is keccak256(abi.encode(kind, fingerprint)); the fingerprint is keccak256(public key), for SECP256K1
/// its last 20 bytes, which are the key's address. Forms of signatures: see the library EnclaveSignature.
interface IEnclaveRegistry {
    /// @notice A receipt that a key signed as part of a group.
    struct SignedReceipt {
        /// @dev Asset and route of the group.
        address asset;
        bytes4 route;
        Receipt receipt;
        /// @dev From the receipt's hash to the group's root.
        bytes32[] proof;
        /// @dev Over the group's digest.
        bytes signature;
    }

    /// @notice A key was registered.
    /// @param key Name of the key.
    /// @param prover The only prover that it signs for; it need not know of it.
    /// @param modelId The only model that it signs for.
    /// @param kind Its kind.
    /// @param publicKey x and y of a point, or the modulus.
    /// @param platform Who vouches for the enclave.
    /// @param root SHA-256 of the root certificate that the document descends from.
    /// @param measurement Hash of the enclave's code identity.
    /// @param validFrom Unix time in seconds of its first second.
    /// @param validUntil Unix time in seconds behind its last one.
    /// @param development The root is a development one: nothing protects the key.
    event EnclaveRegistered(
        bytes32 indexed key,
        address indexed prover,
        bytes32 indexed modelId,
        KeyKind kind,
        bytes publicKey,
        Platform platform,
        bytes32 root,
        bytes32 measurement,
        uint40 validFrom,
        uint40 validUntil,
        bool development
    );
    /// @notice A key was renewed with a new document.
    /// @param key Name of the key.
    /// @param prover Its prover.
    /// @param modelId Its model.
    /// @param renewedAt Unix time in seconds. A key that had expired was not valid in between.
    /// @param validUntil Unix time in seconds behind its last one.
    event EnclaveRenewed(
        bytes32 indexed key, address indexed prover, bytes32 indexed modelId, uint40 renewedAt, uint40 validUntil
    );
    /// @notice A key is refused from now on.
    /// @param key Name of the key.
    /// @param by Its prover, the model's owner, or who reported its equivocation.
    /// @param revokedAt Unix time in seconds.
    event EnclaveRevoked(bytes32 indexed key, address indexed by, uint40 revokedAt);
    /// @notice What a key signed from `compromisedAt` on is to be doubted.
    /// @param key Name of the key.
    /// @param by Its prover, the model's owner, or who reported its equivocation.
    /// @param compromisedAt Unix time in seconds.
    event EnclaveCompromised(bytes32 indexed key, address indexed by, uint40 compromisedAt);
    /// @notice A key signed two responses to one request.
    /// @param key Name of the key.
    /// @param reporter Who showed it.
    /// @param requestHash The request.
    /// @param nonce The prover's number of the receipt.
    /// @param firstResponseHash One response.
    /// @param secondResponseHash The other one.
    event EquivocationShown(
        bytes32 indexed key,
        address indexed reporter,
        bytes32 indexed requestHash,
        uint64 nonce,
        bytes32 firstResponseHash,
        bytes32 secondResponseHash
    );

    /* CONSTRUCTOR */

    /// @notice A verifier of development documents is refused on this chain.
    error DevelopmentPlatformRefused(uint256 chainId);
    /// @notice Two verifiers for one platform, or one for none.
    error PlatformTaken(Platform platform);

    /* REGISTRATION */

    /// @notice No documents of this platform are verified here.
    error PlatformNotSupported(Platform platform);
    /// @notice The chain does not tell the hash of this block: it is too old, or not there yet.
    error ChallengeUnknown(uint256 challengeBlock, uint256 currentBlock);
    /// @notice The key would expire in the past, or later than the longest lifetime allows.
    error BadValidity(uint256 validUntil, uint256 earliest, uint256 latest);
    /// @notice What is asked for is not signed by the key itself.
    error NoProofOfPossession(bytes32 key);
    /// @notice The enclave runs in debug mode: its operator can read the key.
    error DebugEnclave();
    /// @notice The document was made for something else: its user data is not the binding and the challenge.
    error WrongUserData(bytes found, bytes expected);
    /// @notice The document was not made within ten minutes of the block's time; both in unix seconds.
    error DocumentNotFresh(uint256 timestamp, uint256 blockTimestamp);
    /// @notice The document comes from other code than the one that the key was registered with.
    error MeasurementChanged(bytes32 key, bytes32 registered, bytes32 found);
    /// @notice A renewal must not end earlier than what it renews.
    error NotLonger(bytes32 key, uint256 validUntil, uint256 asked);

    /* USE */

    /// @notice No such key.
    error UnknownEnclaveKey(bytes32 key);
    /// @notice The key belongs to another model or prover.
    error EnclaveKeyMismatch(bytes32 key, bytes32 modelId, address prover);
    /// @notice The key is expired; both in unix seconds.
    error EnclaveKeyExpired(bytes32 key, uint256 validUntil, uint256 blockTimestamp);
    /// @notice The key is revoked.
    error EnclaveKeyRevoked(bytes32 key, uint256 revokedAt);

    /* STOPPING */

    /// @notice Neither the key's prover nor the model's owner.
    error MayNotStop(bytes32 key, address caller);
    /// @notice Not a time at which the key was registered, or not earlier than what was said before.
    error BadCompromiseTime(uint256 since, uint256 earliest, uint256 latest);
    /// @notice The signature is not the key's.
    error NotSignedByKey(bytes32 key, uint256 exhibit);
    /// @notice The receipts are not about one request under one number.
    error RequestsDiffer(bytes32 firstRequestHash, bytes32 secondRequestHash, uint64 firstNonce, uint64 secondNonce);
    /// @notice The receipts give the same response.
    error ResponsesAgree(bytes32 responseHash);

    /// @notice Registers a key, or renews one that is registered; the same again changes nothing. Anybody may send it. The
    /// model must accept the enclave's measurement.
    /// @dev `prover` is whom the key signs for, by the enclave's word. It is no consent: anybody can run an enclave that
    /// names somebody else. Nothing settles in a prover's name without the prover (see {ISettlement-settle}).
    /// @param asked What the enclave asks for.
    /// @param document The platform's document.
    /// @param hints What its verifier needs beside it ({IAttestationVerifier-verify}).
    /// @param signature The key's own, over {registrationDigest}.
    /// @return key Name of the key.
    function register(
        Registration calldata asked,
        bytes calldata document,
        bytes[] calldata hints,
        bytes calldata signature
    ) external returns (bytes32 key);

    /// @notice Refuses a key from now on, for ever. Only its prover or the model's owner.
    /// @param key Name of the key.
    function revoke(bytes32 key) external;

    /// @notice Says that what a key signed from `since` on is to be doubted, and revokes it. Only its prover or the
    /// model's owner. May be said again with an earlier time, never with a later one.
    /// @param key Name of the key.
    /// @param since Unix time in seconds, from the key's first second to now.
    function declareCompromised(bytes32 key, uint40 since) external;

    /// @notice Shows that a key signed two responses to one request, under one number of its prover. Anybody. The key is
    /// revoked and all that it ever signed is to be doubted.
    /// @dev An enclave that is asked the same twice may answer differently; then the receipts have different numbers. No
    /// honest enclave gives one number to two responses.
    /// @param key Name of the key; expired or revoked ones, too.
    /// @param first A receipt that it signed.
    /// @param second Another one: same request and nonce, other response.
    function reportEquivocation(bytes32 key, SignedReceipt calldata first, SignedReceipt calldata second) external;

    /// @notice Checks that `key` may sign for (modelId, prover) in this block, and that the model accepts its
    /// measurement; reverts when not.
    /// @param key Name of the key.
    /// @param modelId The model.
    /// @param prover The prover.
    /// @return development Only a development root vouches for it.
    function requireActive(bytes32 key, bytes32 modelId, address prover) external view returns (bool development);

    /// @notice A registered key.
    /// @param key Name of the key.
    /// @return entry Zeroes when unknown.
    function getKey(bytes32 key) external view returns (EnclaveKey memory entry);

    /// @notice Name of a public key.
    /// @param kind Its kind.
    /// @param publicKey x and y of a point, or the modulus.
    /// @return key The name.
    function keyOf(KeyKind kind, bytes calldata publicKey) external pure returns (bytes32 key);

    /// @notice The 64 bytes that the enclave puts into its document; reverts with {ChallengeUnknown}.
    /// @param asked What the enclave asks for.
    /// @return userData Binding and challenge.
    function userDataOf(Registration calldata asked) external view returns (bytes memory userData);

    /// @notice What the key signs: EIP-712 digest of `Registration(uint8 platform,uint8 kind,bytes32 publicKeyHash,address
    /// prover,bytes32 modelId,bytes32 challenge,uint40 validUntil)`; reverts with {ChallengeUnknown}.
    /// @param asked What the enclave asks for.
    /// @return digest The digest.
    function registrationDigest(Registration calldata asked) external view returns (bytes32 digest);

    /// @notice First field of every binding.
    /// @return tag The tag.
    function BINDING_TAG() external view returns (bytes32 tag);

    /// @notice The registry that says which measurements a model accepts.
    /// @return models The registry.
    function MODELS() external view returns (IModelRegistry models);

    /// @notice The contract whose receipts the keys sign.
    /// @return settlement The contract.
    function SETTLEMENT() external view returns (ISettlement settlement);

    /// @notice What verifies the documents of a platform.
    /// @param platform The platform.
    /// @return verifier Zero when there is none.
    function verifierOf(Platform platform) external view returns (IAttestationVerifier verifier);
}
