// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Receipt} from "../types/Group.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {INitroAttestation} from "./INitroAttestation.sol";
import {ISettlement} from "./ISettlement.sol";
import {IVerifier} from "./IVerifier.sol";
import {IVerifierRouter} from "./IVerifierRouter.sol";

/// @notice What backs a group of OpenGradient's results: all of them are signed by one key.
struct OpenGradientEvidence {
    /// @dev The measurement with which the key was admitted.
    bytes32 measurement;
    /// @dev Modulus of the key, 256 bytes.
    bytes modulus;
    /// @dev The group's receipts, as in the group.
    Receipt[] receipts;
    /// @dev RSA-PSS signature over each receipt's result, 256 bytes, in the order of the receipts.
    bytes[] signatures;
}

/// @title Verifier of results in OpenGradient's format, of the tier TEE
/// @notice OpenGradient's tee-gateway runs in an AWS Nitro enclave, makes an RSA key of 2048 bits at each start, and signs
/// request hash, response hash and time of each result. Groups of such results settle here at the tier TEE with the label
/// {Labels-UNBOUND}, always: statistics can keep them apart from results that are bound.
///
/// WHAT UNBOUND MEANS. The signature names no chain, contract, prover, payer, price, model id or nonce. Whoever has seen a
/// result can show it again: in another group, for another prover or payer, on another chain, as often as he finds a nonce.
/// Within one group a result counts once; across groups nothing can prevent that it counts again. So:
/// - a count of this route is a count of showings: it proves that the result was made in the enclave at some time, not that
/// it was made for this payer, nor that this prover had a part in it;
/// - a contract that acts on results of this route compares request and response hash with its own, and acts once on each;
/// - whoever shows others' results uses up the value cap of the key for the model (see {IModelRegistry-setValueCap}): the
/// cap limits what a stolen key may do, and also what an honest one may;
/// - the model's name is in the request that is hashed, no commitment to its weights is: the gateway passes requests on to
/// models elsewhere, and the signature proves what passed through it.
///
/// KEYS. {admit} takes an attestation document of the enclave. OpenGradient's documents have no challenge and say no
/// lifetime: fresh means that the document is {MAX_DOCUMENT_AGE} old at most, and a key is good for {KEY_LIFETIME} after its
/// last document. A document is shown, not asked for: anybody may show it, on each chain. It proves that the enclave of the
/// measurement speaks for the key. An enclave of other code can say so of the same key; that is why a key is admitted
/// together with a measurement, why evidence names both, and why nobody can spoil a key for others.
/// A key cannot be revoked by itself. The owner of the model removes the measurement ({IModelRegistry-removeMeasurement}):
/// from then on no key of that code settles for the model.
///
/// EVIDENCE. `abi.encode(OpenGradientEvidence)`, in its canonical form. The receipts must be those of the group: they must
/// have its digest. A receipt's `servedAt` is the time that was signed, its hashes are those that were signed. The time is
/// the enclave's word, and nothing bounds the age of a result whose key is good.
interface IOpenGradientVerifier is IVerifier {
    /// @notice A key was admitted, or admitted for longer.
    /// @param teeId Id of the key: keccak256 of its SubjectPublicKeyInfo in DER, OpenGradient's `tee_id`.
    /// @param measurement Hash of the code that speaks for the key.
    /// @param tlsCertificateHash SHA-256 of the certificate of the enclave's web server, in DER.
    /// @param validUntil Unix time in seconds from which the key is refused.
    /// @param development The document is of the development root, and proves nothing.
    event KeyAdmitted(
        bytes32 indexed teeId,
        bytes32 indexed measurement,
        bytes32 indexed tlsCertificateHash,
        uint40 validUntil,
        bool development
    );

    /* KEYS */

    /// @notice The modulus is not an odd number of 2048 bits.
    error ModulusNotRsa2048(uint256 length);
    /// @notice The enclave runs in debug mode: its operator reads and changes everything in it.
    error DebugEnclave();
    /// @notice The document is too old, or of the future; both in Unix seconds.
    error DocumentNotFresh(uint256 timestamp, uint256 blockTimestamp);
    /// @notice The document's user data are not two SHA-256 multihashes: 12 20 and 32 bytes, twice.
    error WrongUserData(bytes found);
    /// @notice The document speaks for another key; both are SHA-256 of a SubjectPublicKeyInfo in DER.
    error WrongSigningKey(bytes32 attested, bytes32 shown);

    /* EVIDENCE */

    /// @notice The evidence is an ABI encoding, but not the canonical one: gaps, other offsets, or bytes behind it.
    error NonCanonicalEvidence();
    /// @notice The evidence holds no receipts.
    error NoReceipts();
    /// @notice There is not one signature for each receipt.
    error SignatureCountMismatch(uint256 expected, uint256 actual);
    /// @notice The key was not admitted with this measurement, or its time is over (Unix seconds; zero: never admitted).
    error KeyNotAdmitted(bytes32 teeId, bytes32 measurement, uint256 validUntil);
    /// @notice The receipts are not those of the group.
    error GroupMismatch(bytes32 expected, bytes32 actual);
    /// @notice The receipt at this position has request and time of an earlier one.
    error ResultRepeated(uint256 index);
    /// @notice The signature at this position is not the key's over its receipt's result.
    error ResultNotSigned(uint256 index);

    /// @notice Admits a key for {KEY_LIFETIME} from now on. Anybody may call it, again to renew. A measurement that no model
    /// accepts may be admitted, too: it is of no use.
    /// @param modulus Modulus of the key, 256 bytes; the exponent is 65537.
    /// @param document Attestation document of the enclave (see {INitroAttestation}).
    /// @param hints For the document's signatures (see {INitroAttestation-verify}).
    /// @return teeId Id of the key.
    function admit(bytes calldata modulus, bytes calldata document, bytes[] calldata hints)
        external
        returns (bytes32 teeId);

    /// @notice Until when a key is good.
    /// @param teeId Id of the key.
    /// @param measurement Hash of the code that speaks for it.
    /// @return timestamp Unix time in seconds from which it is refused; zero when it was never admitted.
    function validUntil(bytes32 teeId, bytes32 measurement) external view returns (uint40 timestamp);

    /// @notice Key of the verdict: the value cap counts for a key and a model. {ISettlement-backedAmount} takes it.
    /// @param teeId Id of the key.
    /// @param modelId The model.
    /// @return capKey keccak256 of both.
    function capKeyOf(bytes32 teeId, bytes32 modelId) external pure returns (bytes32 capKey);

    /// @notice Id of a key; reverts with {ModulusNotRsa2048}.
    /// @param modulus Modulus of the key, 256 bytes.
    /// @return teeId keccak256 of its SubjectPublicKeyInfo in DER.
    function teeIdOf(bytes calldata modulus) external pure returns (bytes32 teeId);

    /// @notice Age in seconds, and seconds in the future, beyond which a document is not fresh.
    /// @return age The age.
    function MAX_DOCUMENT_AGE() external view returns (uint256 age);

    /// @notice How long a key is good after its last document, in seconds.
    /// @return lifetime The lifetime.
    function KEY_LIFETIME() external view returns (uint40 lifetime);

    /// @notice The contract whose groups are verified.
    /// @return settlement The contract.
    function SETTLEMENT() external view returns (ISettlement settlement);

    /// @notice Verifies the attestation documents.
    /// @return attestation The verifier.
    function ATTESTATION() external view returns (INitroAttestation attestation);

    /// @notice The registry that says which measurements a model accepts, and which value a key may back.
    /// @return models The registry.
    function MODELS() external view returns (IModelRegistry models);

    /// @notice The router that knows the route of this verifier.
    /// @return router The router.
    function ROUTER() external view returns (IVerifierRouter router);
}
