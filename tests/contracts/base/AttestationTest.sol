// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {NitroAttestation} from "../../../contracts/attestation/NitroAttestation.sol";
import {P384} from "../../../contracts/crypto/P384.sol";
import {Sha384} from "../../../contracts/crypto/Sha384.sol";
import {IP384} from "../../../contracts/interfaces/IP384.sol";
import {ISha384} from "../../../contracts/interfaces/ISha384.sol";
import {AttestationClaims, Platform} from "../../../contracts/types/Claims.sol";

/// Deploys the verifier of Nitro documents with real SHA-384 and P-384, and reads documents and expected answers from
/// tests/vectors/attestation.
abstract contract AttestationTest is Test {
    /// What a vector says of a document that is accepted; the fields are in the order of the alphabet, as the parser
    /// wants them.
    struct Accepted {
        bool debug;
        bytes document;
        bytes[] hints;
        bytes32 measurement;
        string name;
        bytes nonce;
        uint64 notAfter;
        bytes publicKey;
        uint64 timestamp;
        bytes userData;
    }

    struct Refused {
        bytes document;
        bytes[] hints;
        string name;
        bytes reason;
    }

    string private constant FOLDER = "tests/vectors/attestation/";
    string private constant ACCEPTED =
        "Accepted(bool debug,bytes document,bytes[] hints,bytes32 measurement,string name,bytes nonce,uint64 notAfter,bytes publicKey,uint64 timestamp,bytes userData)";
    string private constant REFUSED = "Refused(bytes document,bytes[] hints,string name,bytes reason)";

    address internal immutable owner = makeAddr("owner");
    ISha384 internal sha384_;
    IP384 internal p384;
    NitroAttestation internal verifier;

    function setUp() public virtual {
        sha384_ = new Sha384();
        p384 = new P384();
    }

    /// Deploys a verifier for AWS's root.
    function _useAws() internal {
        bytes32 root = 0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b;
        verifier = new NitroAttestation(sha384_, p384, root, Platform.NITRO, owner);
    }

    /// Deploys a verifier for the software root of a file of vectors, and goes to the time of its documents.
    function _useSoftwareRoot(string memory json) internal {
        vm.warp(vm.parseJsonUint(json, ".timestamp"));
        bytes32 root = vm.parseJsonBytes32(json, ".root");
        verifier = new NitroAttestation(sha384_, p384, root, Platform.DEVELOPMENT, owner);
    }

    function _readVectors(string memory name) internal view returns (string memory json) {
        return vm.readFile(string.concat(FOLDER, name, ".json"));
    }

    function _readAccepted(string memory json) internal pure returns (Accepted[] memory) {
        return abi.decode(vm.parseJsonTypeArray(json, ".accepted", ACCEPTED), (Accepted[]));
    }

    function _readRefused(string memory json) internal pure returns (Refused[] memory) {
        return abi.decode(vm.parseJsonTypeArray(json, ".refused", REFUSED), (Refused[]));
    }

    /// The real documents, each with its hints and claims.
    function _readReal() internal view returns (Accepted[] memory vectors) {
        string memory json = _readVectors("nitro_real");
        vectors = _readAccepted(json);
        for (uint256 i; i < vectors.length; ++i) {
            vectors[i].document = vm.readFileBinary(string.concat(FOLDER, "nitro/", vectors[i].name, ".cose"));
        }
    }

    function _assertClaims(Platform platform, AttestationClaims memory claims, Accepted memory expected) internal view {
        assertEq(uint8(claims.platform), uint8(platform), expected.name);
        assertEq(claims.root, verifier.ROOT(), expected.name);
        assertEq(claims.measurement, expected.measurement, expected.name);
        assertEq(claims.userData, expected.userData, expected.name);
        assertEq(claims.nonce, expected.nonce, expected.name);
        assertEq(claims.publicKey, expected.publicKey, expected.name);
        assertEq(claims.timestamp, expected.timestamp, expected.name);
        assertEq(claims.notAfter, expected.notAfter, expected.name);
        assertEq(claims.debug, expected.debug, expected.name);
    }
}
