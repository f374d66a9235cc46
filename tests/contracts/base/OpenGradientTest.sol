// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OpenGradientEvidence} from "../../../contracts/interfaces/IOpenGradientVerifier.sol";
import {Claim, Statement} from "../../../contracts/interfaces/IVerifier.sol";
import {Group, Receipt as InferenceReceipt} from "../../../contracts/types/Group.sol";
import {OpenGradientVerifier} from "../../../contracts/verifiers/OpenGradientVerifier.sol";
import {SettlementTest} from "./SettlementTest.sol";

/// A deployment with the verifier of OpenGradient's results behind a route of its own, and a key that signs them
/// (tests/vectors/attestation/opengradient.json). The key's private exponent is known, so that tests sign what they like.
abstract contract OpenGradientTest is SettlementTest {
    struct Shown {
        bytes document;
        bytes[] hints;
    }

    bytes4 internal constant OPENGRADIENT_ROUTE = bytes4(keccak256("veritally.tee-unbound.v1"));
    uint256 private constant PADDING_BYTES = 190;

    OpenGradientVerifier internal verifier;
    string internal json;
    bytes internal modulus;
    bytes internal privateExponent;
    bytes32 internal teeId;
    bytes32 internal measurement;
    Shown internal shown;
    uint256 internal madeAt;

    function setUp() public virtual override {
        super.setUp();
        json = vm.readFile("tests/vectors/attestation/opengradient.json");
        modulus = vm.parseJsonBytes(json, ".key.modulus");
        privateExponent = vm.parseJsonBytes(json, ".key.privateExponent");
        teeId = vm.parseJsonBytes32(json, ".key.teeId");
        measurement = vm.parseJsonBytes32(json, ".document.measurement");
        shown = read(".document");
        madeAt = vm.parseJsonUint(json, ".timestamp");
        vm.warp(madeAt);
        verifier = new OpenGradientVerifier(settlement, models, attestation);
    }

    /* KEYS */

    function read(string memory path) internal view returns (Shown memory) {
        return Shown({
            document: vm.parseJsonBytes(json, string.concat(path, ".document")),
            hints: vm.parseJsonBytesArray(json, string.concat(path, ".hints"))
        });
    }

    /// Admits the key, accepts its measurement for the model and opens the route.
    function open() internal {
        verifier.admit(modulus, shown.document, shown.hints);
        vm.prank(prover.addr);
        models.acceptMeasurement(modelId, measurement);
        openRoute(OPENGRADIENT_ROUTE, address(verifier), 200_000, 60_000);
    }

    /* EVIDENCE */

    function openGradientGroup(InferenceReceipt[] memory receipts) internal view returns (Group memory group) {
        group = bareGroup(OPENGRADIENT_ROUTE, receipts);
        group.evidence = abi.encode(evidenceFor(receipts));
    }

    function evidenceFor(InferenceReceipt[] memory receipts)
        internal
        view
        returns (OpenGradientEvidence memory evidence)
    {
        evidence.measurement = measurement;
        evidence.modulus = modulus;
        evidence.receipts = receipts;
        evidence.signatures = new bytes[](receipts.length);
        for (uint256 i; i < receipts.length; ++i) {
            evidence.signatures[i] = signResult(receipts[i]);
        }
    }

    function claimFor(InferenceReceipt[] memory receipts) internal view returns (Claim memory) {
        Group memory group = bareGroup(OPENGRADIENT_ROUTE, receipts);
        return Claim({
            modelId: group.modelId,
            prover: group.prover,
            asset: group.asset,
            groupDigest: digestOf(group),
            statements: new Statement[](0)
        });
    }

    /// What OpenGradient's enclave signs: keccak256 of both hashes and the time.
    function signResult(InferenceReceipt memory receipt) internal view returns (bytes memory) {
        bytes32 message =
            keccak256(abi.encodePacked(receipt.requestHash, receipt.responseHash, uint256(receipt.terms.servedAt())));
        return signPss(sha256(abi.encodePacked(message)), 32);
    }

    /// RSASSA-PSS with a salt of this length, from 1 to 64 bytes; the encoded message must be no multiple of 3, as the
    /// modulus is a power of it.
    function signPss(bytes32 digest, uint256 saltBytes) internal view returns (bytes memory signature) {
        bytes memory encoded;
        for (uint256 i = 1; encoded.length == 0 || _isMultipleOfThree(encoded); ++i) {
            bytes32 seed = keccak256(abi.encode(i));
            bytes memory salt = abi.encodePacked(seed, seed);
            assembly {
                mstore(salt, saltBytes)
            }
            encoded = _encode(digest, salt);
        }
        bool success;
        (success, signature) = address(5)
            .staticcall(abi.encodePacked(uint256(256), uint256(256), uint256(256), encoded, privateExponent, modulus));
        require(success, "modexp");
    }

    function _encode(bytes32 digest, bytes memory salt) private pure returns (bytes memory) {
        bytes32 hash = sha256(abi.encodePacked(uint64(0), digest, salt));
        bytes memory block_ = abi.encodePacked(new bytes(PADDING_BYTES + 32 - salt.length), uint8(1), salt, uint8(0));
        bytes32[7] memory words = abi.decode(block_, (bytes32[7]));
        for (uint32 i; i < 7; ++i) {
            words[i] ^= sha256(abi.encodePacked(hash, i));
        }
        words[0] &= bytes32(type(uint256).max >> 1);
        bytes memory masked = abi.encode(words);
        assembly {
            mstore(masked, 223)
        }
        return abi.encodePacked(masked, hash, uint8(0xbc));
    }

    /// 2^256 is 1 modulo 3, so the words' sum decides.
    function _isMultipleOfThree(bytes memory number) private pure returns (bool) {
        uint256[8] memory words = abi.decode(number, (uint256[8]));
        uint256 sum;
        for (uint256 i; i < 8; ++i) {
            sum += words[i] % 3;
        }
        return sum % 3 == 0;
    }
}
