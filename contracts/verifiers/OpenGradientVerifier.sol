// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {RsaPss2048} from "../crypto/RsaPss2048.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {INitroAttestation} from "../interfaces/INitroAttestation.sol";
import {IOpenGradientVerifier, OpenGradientEvidence} from "../interfaces/IOpenGradientVerifier.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {MerkleRoot} from "../libraries/MerkleRoot.sol";
import {ReceiptHash} from "../libraries/ReceiptHash.sol";
import {AttestationClaims, Platform} from "../types/Claims.sol";
import {Receipt} from "../types/Group.sol";
import {Tier} from "../types/Tier.sol";
import {Labels, Verdict} from "../types/Verdict.sol";

/// @title OpenGradientVerifier
/// @notice See {IOpenGradientVerifier}.
contract OpenGradientVerifier is IOpenGradientVerifier {
    /// @inheritdoc IOpenGradientVerifier
    uint256 public constant MAX_DOCUMENT_AGE = 10 minutes;
    /// @inheritdoc IOpenGradientVerifier
    uint40 public constant KEY_LIFETIME = 24 hours;

    /// @dev Name and version, chain and contract, no salt.
    bytes1 private constant DOMAIN_FIELDS = 0x0f;
    bytes32 private constant DOMAIN_NAME = keccak256("Veritally");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");

    uint256 private constant MODULUS_BYTES = 256;
    /// @dev What stands before and behind the modulus in the SubjectPublicKeyInfo of an RSA key of 2048 bits: the
    /// algorithm rsaEncryption, and the exponent 65537.
    bytes private constant SPKI_HEAD = hex"30820122300d06092a864886f70d01010105000382010f003082010a0282010100";
    bytes private constant SPKI_TAIL = hex"0203010001";

    uint256 private constant USER_DATA_BYTES = 68;
    /// @dev Start of a multihash: SHA-256, 32 bytes.
    bytes2 private constant MULTIHASH = 0x1220;

    /// @inheritdoc IOpenGradientVerifier
    ISettlement public immutable SETTLEMENT;
    /// @inheritdoc IOpenGradientVerifier
    INitroAttestation public immutable ATTESTATION;
    /// @inheritdoc IOpenGradientVerifier
    IModelRegistry public immutable MODELS;
    /// @inheritdoc IOpenGradientVerifier
    IVerifierRouter public immutable ROUTER;
    uint8 private immutable LABELS;

    /// @inheritdoc IOpenGradientVerifier
    mapping(bytes32 teeId => mapping(bytes32 measurement => uint40)) public validUntil;

    /// @param settlement Whose groups are verified.
    /// @param models Registry of models and measurements; its router is where this verifier gets its route.
    /// @param attestation Verifies attestation documents. What rests on a development root has the label DEVELOPMENT.
    constructor(ISettlement settlement, IModelRegistry models, INitroAttestation attestation) {
        SETTLEMENT = settlement;
        MODELS = models;
        ROUTER = models.ROUTER();
        ATTESTATION = attestation;
        bool development = attestation.PLATFORM() == Platform.DEVELOPMENT;
        LABELS = development ? Labels.UNBOUND | Labels.DEVELOPMENT : Labels.UNBOUND;
    }

    /* KEYS */

    /// @inheritdoc IOpenGradientVerifier
    function admit(bytes calldata modulus, bytes calldata document, bytes[] calldata hints)
        external
        returns (bytes32 teeId)
    {
        bytes memory spki = _spkiOf(modulus);
        AttestationClaims memory claims = ATTESTATION.verify(document, hints);
        require(!claims.debug, DebugEnclave());
        require(_isFresh(claims.timestamp), DocumentNotFresh(claims.timestamp, block.timestamp));
        (bytes32 tlsCertificateHash, bytes32 attested) = _readUserData(claims.userData);
        require(attested == sha256(spki), WrongSigningKey(attested, sha256(spki)));

        teeId = keccak256(spki);
        uint40 until = uint40(block.timestamp) + KEY_LIFETIME;
        validUntil[teeId][claims.measurement] = until;

        emit KeyAdmitted(teeId, claims.measurement, tlsCertificateHash, until, LABELS & Labels.DEVELOPMENT != 0);
    }

    /// @inheritdoc IOpenGradientVerifier
    function teeIdOf(bytes calldata modulus) external pure returns (bytes32) {
        return keccak256(_spkiOf(modulus));
    }

    /// @inheritdoc IOpenGradientVerifier
    function capKeyOf(bytes32 teeId, bytes32 modelId) public pure returns (bytes32) {
        return Hashes.efficientKeccak256(teeId, modelId);
    }

    /* EVIDENCE */

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (Verdict memory verdict) {
        OpenGradientEvidence calldata shown = _read(evidence);
        bytes32 teeId = keccak256(_spkiOf(shown.modulus));
        uint256 until = validUntil[teeId][shown.measurement];
        require(block.timestamp < until, KeyNotAdmitted(teeId, shown.measurement, until));
        MODELS.requireMeasurement(claim.modelId, shown.measurement);
        _requireGroup(claim, shown.receipts);
        _requireDistinct(shown.receipts);
        _requireSigned(shown);

        return Verdict({
            labels: LABELS,
            key: capKeyOf(teeId, claim.modelId),
            valueCap: MODELS.valueCapOf(claim.modelId, claim.asset),
            refused: 0
        });
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.TEE;
    }

    /* PARTS OF A DOCUMENT */

    function _isFresh(uint256 timestamp) private view returns (bool) {
        return timestamp <= block.timestamp + MAX_DOCUMENT_AGE && block.timestamp <= timestamp + MAX_DOCUMENT_AGE;
    }

    /// @dev Two multihashes: of the web server's certificate, and of the signing key.
    function _readUserData(bytes memory userData) private pure returns (bytes32 tlsCertificateHash, bytes32 keyHash) {
        require(userData.length == USER_DATA_BYTES, WrongUserData(userData));
        bytes2 first;
        bytes2 second;
        assembly ("memory-safe") {
            first := mload(add(userData, 32))
            tlsCertificateHash := mload(add(userData, 34))
            second := mload(add(userData, 66))
            keyHash := mload(add(userData, 68))
        }
        require(first == MULTIHASH && second == MULTIHASH, WrongUserData(userData));
    }

    /// @dev SubjectPublicKeyInfo in DER.
    function _spkiOf(bytes calldata modulus) private pure returns (bytes memory) {
        require(
            modulus.length == MODULUS_BYTES && modulus[0] >= 0x80 && uint8(modulus[MODULUS_BYTES - 1]) & 1 == 1,
            ModulusNotRsa2048(modulus.length)
        );
        return bytes.concat(SPKI_HEAD, modulus, SPKI_TAIL);
    }

    /* PARTS OF THE EVIDENCE */

    /// @dev The encoding is canonical, so that what is read from it in place is all that it holds.
    function _read(bytes calldata evidence) private pure returns (OpenGradientEvidence calldata shown) {
        assembly {
            shown := add(evidence.offset, 32)
        }
        require(keccak256(evidence) == keccak256(abi.encode(shown)), NonCanonicalEvidence());
        uint256 count = shown.receipts.length;
        require(count != 0, NoReceipts());
        require(shown.signatures.length == count, SignatureCountMismatch(count, shown.signatures.length));
    }

    function _requireGroup(Claim calldata claim, Receipt[] calldata receipts) private view {
        bytes32 domain = MessageHashUtils.toDomainSeparator(
            DOMAIN_FIELDS, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(SETTLEMENT), 0
        );
        bytes32[] memory hashes = ReceiptHash.hashAll(
            ReceiptHash.Common({
                domainSeparator: domain, modelId: claim.modelId, prover: claim.prover, asset: claim.asset
            }),
            receipts
        );
        bytes32 structHash = ReceiptHash.hashGroup(MerkleRoot.compute(hashes), ROUTER.routeOf(address(this)));
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        require(digest == claim.groupDigest, GroupMismatch(claim.groupDigest, digest));
    }

    /// @dev Puts what each receipt is known by into a table of at least twice as many places, the next free one from where
    /// it belongs: the cost grows with the receipts, not with their square.
    function _requireDistinct(Receipt[] calldata receipts) private pure {
        uint256 count = receipts.length;
        uint256 places = 2;
        while (places < 2 * count) places *= 2;
        bytes32[] memory table = new bytes32[](places);
        for (uint256 i; i < count; ++i) {
            bytes32 mark =
                Hashes.efficientKeccak256(receipts[i].requestHash, bytes32(uint256(receipts[i].terms.servedAt())));
            uint256 place = uint256(mark) & (places - 1);
            while (table[place] != 0) {
                require(table[place] != mark, ResultRepeated(i));
                place = (place + 1) & (places - 1);
            }
            table[place] = mark;
        }
    }

    /// @dev Of what a check allocates nothing lives on: without freeing it the group would pay for all checks at once.
    function _requireSigned(OpenGradientEvidence calldata shown) private view {
        bytes memory modulus = shown.modulus;
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i; i < shown.receipts.length; ++i) {
            require(RsaPss2048.isValid(_digestOf(shown.receipts[i]), shown.signatures[i], modulus), ResultNotSigned(i));
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @dev What is signed is keccak256 of the result; RSA-PSS hashes that again.
    function _digestOf(Receipt calldata receipt) private pure returns (bytes32) {
        bytes32 message =
            keccak256(abi.encode(receipt.requestHash, receipt.responseHash, uint256(receipt.terms.servedAt())));
        return sha256(abi.encode(message));
    }
}
