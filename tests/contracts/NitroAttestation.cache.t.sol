// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {ICertificateCache} from "../../contracts/interfaces/ICertificateCache.sol";
import {AttestationTest} from "./base/AttestationTest.sol";

/// What is remembered of certificates, and what is checked again although it is remembered. The chain below is that of
/// tools/nitro_chain.py: root, instance, enclave.
contract NitroAttestationCacheTest is AttestationTest {
    uint256 private constant INSTANCE_SERIAL = 1;
    uint256 private constant ROOT_SERIAL = 0x1234;
    uint256 private constant LEAF_SERIAL = 0x00e0083b70b784c89706e956617541349d014e8fde;

    Accepted private plain;
    Accepted private shortLived;
    Accepted private twin;
    /// Certificates of `plain`, the root first.
    bytes[] private chain;

    function setUp() public override {
        super.setUp();
        string memory json = _readVectors("nitro_certificates");
        _useSoftwareRoot(json);
        Accepted[] memory vectors = _readAccepted(json);
        shortLived = _find(vectors, "an authority that expires first");
        twin = _find(vectors, "the twin of the signature");
        plain = _find(_readAccepted(_readVectors("nitro_documents")), "tag 18");
        chain = vm.parseJsonBytesArray(json, ".chain");
    }

    /* REMEMBERING */

    function test_verify_remembersEveryCertificate() public {
        bytes32[3] memory ids = _ids();
        vm.expectEmit(address(verifier));
        emit ICertificateCache.CertificateCached(ids[0], 0, ROOT_SERIAL, 2_115_360_000);
        vm.expectEmit(address(verifier));
        emit ICertificateCache.CertificateCached(ids[1], ids[0], INSTANCE_SERIAL, 1_800_086_400);
        vm.expectEmit(address(verifier));
        emit ICertificateCache.CertificateCached(ids[2], ids[1], LEAF_SERIAL, 1_800_010_800);
        verifier.verify(plain.document, plain.hints);
        for (uint256 i; i < 3; ++i) {
            assertTrue(verifier.isCached(ids[i]));
        }
    }

    function test_cacheCertificates_remembersAChainForAnybody() public {
        vm.prank(makeAddr("anybody"));
        bytes32 id = verifier.cacheCertificates(chain, _certificateHints());
        assertEq(id, _ids()[2]);
        assertTrue(verifier.isCached(id));
        verifier.verify(plain.document, _documentHintOnly());
    }

    function test_cacheCertificates_takesTheRootAlone() public {
        bytes[] memory root = new bytes[](1);
        root[0] = chain[0];
        assertEq(verifier.cacheCertificates(root, new bytes[](0)), _ids()[0]);
    }

    function test_cacheCertificates_takesAChainInSteps() public {
        bytes[] memory upper = new bytes[](2);
        (upper[0], upper[1]) = (chain[0], chain[1]);
        bytes[] memory hints = new bytes[](1);
        hints[0] = plain.hints[0];
        verifier.cacheCertificates(upper, hints);
        hints = _certificateHints();
        hints[0] = "";
        verifier.cacheCertificates(chain, hints);
        assertTrue(verifier.isCached(_ids()[2]));
    }

    function test_cacheCertificates_emitsNothingTheSecondTime() public {
        verifier.cacheCertificates(chain, _certificateHints());
        vm.recordLogs();
        verifier.cacheCertificates(chain, new bytes[](2));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_cacheCertificates_reverts_whenAHintIsMissing() public {
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.WrongHintCount.selector, 1, 2));
        verifier.cacheCertificates(chain, new bytes[](1));
    }

    function test_cacheCertificates_reverts_whenThereIsNoCertificate() public {
        vm.expectRevert(ICertificateCache.EmptyChain.selector);
        verifier.cacheCertificates(new bytes[](0), new bytes[](0));
    }

    function test_cacheCertificates_reverts_whenTheChainStartsBelowTheRoot() public {
        bytes[] memory lower = new bytes[](2);
        (lower[0], lower[1]) = (chain[1], chain[2]);
        verifier.verify(plain.document, plain.hints);
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.WrongRoot.selector, sha256(chain[1]), verifier.ROOT()));
        verifier.cacheCertificates(lower, new bytes[](1));
    }

    function test_cacheCertificates_reverts_whenACachedOneComesUnderAnother() public {
        verifier.verify(plain.document, plain.hints);
        bytes[] memory short = new bytes[](2);
        (short[0], short[1]) = (chain[0], chain[2]);
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateCache.WrongIssuer.selector, _issuerHash("instance"), _issuerHash("root"))
        );
        verifier.cacheCertificates(short, new bytes[](1));
    }

    function test_verify_reverts_whenAnUncachedCertificateHasNoHint() public {
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.CertificateSignatureInvalid.selector, _ids()[1]));
        verifier.verify(plain.document, _documentHintOnly());
    }

    function test_verify_remembersNothingOfWhatItRefuses() public {
        bytes[] memory hints = plain.hints;
        hints[2] = "";
        vm.expectRevert();
        verifier.verify(plain.document, hints);
        assertFalse(verifier.isCached(_ids()[0]));
    }

    /* EXPIRY */

    function test_verify_reverts_whenACachedGrandparentHasExpired() public {
        verifier.verify(shortLived.document, shortLived.hints);
        uint256 end = shortLived.notAfter;
        vm.warp(end);
        verifier.verify(shortLived.document, shortLived.hints);
        vm.warp(end + 1);
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.CertificateExpired.selector, end, end + 1));
        verifier.verify(shortLived.document, shortLived.hints);
    }

    function test_verify_reverts_whenACachedCertificateIsNotValidYet() public {
        verifier.verify(plain.document, plain.hints);
        uint256 start = plain.timestamp - 300;
        vm.warp(start);
        verifier.verify(plain.document, plain.hints);
        vm.warp(start - 1);
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.CertificateNotYetValid.selector, start, start - 1));
        verifier.verify(plain.document, plain.hints);
    }

    /* REVOCATION */

    function test_revoke_refusesTheCertificateAtOnce() public {
        _assertRevocationStops("instance", LEAF_SERIAL, false);
    }

    function test_revoke_refusesWhatIsCached() public {
        _assertRevocationStops("instance", LEAF_SERIAL, true);
    }

    function test_revoke_refusesAllBelowAnAuthority() public {
        _assertRevocationStops("root", INSTANCE_SERIAL, true);
    }

    function test_revoke_ofTheRootRefusesAll() public {
        _assertRevocationStops("root", ROOT_SERIAL, true);
    }

    function test_revoke_refusesTheTwinOfTheSignatureToo() public {
        verifier.verify(twin.document, twin.hints);
        _revoke("instance", LEAF_SERIAL);
        bytes memory reason =
            abi.encodeWithSelector(ICertificateCache.RevokedCertificate.selector, _issuerHash("instance"), LEAF_SERIAL);
        vm.expectRevert(reason);
        verifier.verify(twin.document, twin.hints);
        vm.expectRevert(reason);
        verifier.verify(plain.document, plain.hints);
    }

    function test_revoke_leavesOthersAlone() public {
        _revoke("instance", LEAF_SERIAL - 1);
        _revoke("root", LEAF_SERIAL);
        verifier.verify(plain.document, plain.hints);
    }

    function test_revoke_isForEver() public {
        _revoke("instance", LEAF_SERIAL);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateCache.AlreadyRevoked.selector, _issuerHash("instance"), LEAF_SERIAL)
        );
        verifier.revoke(_issuerHash("instance"), LEAF_SERIAL);
    }

    function testFuzz_revoke_isForTheOwnerOnly(address caller) public {
        vm.assume(caller != owner);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        verifier.revoke(0, 1);
    }

    function test_ownership_passesInTwoSteps() public {
        address next = makeAddr("next");
        vm.prank(owner);
        verifier.transferOwnership(next);
        assertEq(verifier.owner(), owner);
        vm.prank(next);
        verifier.acceptOwnership();
        assertEq(verifier.owner(), next);
    }

    function _assertRevocationStops(string memory issuer, uint256 serialNumber, bool cached) private {
        if (cached) verifier.verify(plain.document, plain.hints);
        vm.expectEmit(address(verifier));
        emit ICertificateCache.CertificateRevoked(_issuerHash(issuer), serialNumber);
        _revoke(issuer, serialNumber);
        assertTrue(verifier.isRevoked(_issuerHash(issuer), serialNumber));
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateCache.RevokedCertificate.selector, _issuerHash(issuer), serialNumber)
        );
        verifier.verify(plain.document, plain.hints);
    }

    function _revoke(string memory issuer, uint256 serialNumber) private {
        vm.prank(owner);
        verifier.revoke(_issuerHash(issuer), serialNumber);
    }

    function _ids() private view returns (bytes32[3] memory ids) {
        bytes32 above;
        for (uint256 i; i < 3; ++i) {
            above = keccak256(abi.encode(above, keccak256(chain[i])));
            ids[i] = above;
        }
    }

    function _certificateHints() private view returns (bytes[] memory hints) {
        hints = new bytes[](2);
        (hints[0], hints[1]) = (plain.hints[0], plain.hints[1]);
    }

    function _documentHintOnly() private view returns (bytes[] memory hints) {
        hints = new bytes[](3);
        hints[2] = plain.hints[2];
    }

    function _issuerHash(string memory commonName) private pure returns (bytes32) {
        bytes memory name = abi.encodePacked(
            hex"310b300906035504060c025a5a",
            hex"31253023060355040a0c1c",
            "DEVELOPMENT ONLY - NOT A TEE",
            hex"31",
            uint8(bytes(commonName).length + 9),
            hex"30",
            uint8(bytes(commonName).length + 7),
            hex"06035504030c",
            uint8(bytes(commonName).length),
            commonName
        );
        return keccak256(abi.encodePacked(hex"30", uint8(name.length), name));
    }

    function _find(Accepted[] memory vectors, string memory name) private pure returns (Accepted memory) {
        for (uint256 i; i < vectors.length; ++i) {
            if (keccak256(bytes(vectors[i].name)) == keccak256(bytes(name))) return vectors[i];
        }
        revert(name);
    }
}
