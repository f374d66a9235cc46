// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICertificateCache} from "../../contracts/interfaces/ICertificateCache.sol";
import {Platform} from "../../contracts/types/Claims.sol";
import {AttestationTest} from "./base/AttestationTest.sol";

/// Documents that AWS's hardware made (tests/vectors/attestation/README.md).
contract NitroAttestationRealTest is AttestationTest {
    Accepted[] private vectors;

    function setUp() public override {
        super.setUp();
        _useAws();
        Accepted[] memory read = _readReal();
        for (uint256 i; i < read.length; ++i) {
            vectors.push(read[i]);
        }
    }

    function test_verify_acceptsRealDocuments() public {
        for (uint256 i; i < vectors.length; ++i) {
            vm.warp(vectors[i].timestamp);
            _assertClaims(Platform.NITRO, verifier.verify(vectors[i].document, vectors[i].hints), vectors[i]);
        }
        assertEq(vectors.length, 4, "documents");
    }

    function test_verify_acceptsThemAgainWithOneHint() public {
        for (uint256 i; i < vectors.length; ++i) {
            vm.warp(vectors[i].timestamp);
            verifier.verify(vectors[i].document, vectors[i].hints);
            for (uint256 j; j + 1 < vectors[i].hints.length; ++j) {
                vectors[i].hints[j] = "";
            }
            _assertClaims(Platform.NITRO, verifier.verify(vectors[i].document, vectors[i].hints), vectors[i]);
        }
    }

    function test_verify_flagsDebugMode() public {
        uint256 flagged;
        for (uint256 i; i < vectors.length; ++i) {
            vm.warp(vectors[i].timestamp);
            if (verifier.verify(vectors[i].document, vectors[i].hints).debug) ++flagged;
        }
        assertEq(flagged, 1, "one of the documents");
        assertTrue(vectors[1].debug, vectors[1].name);
    }

    function test_verify_acceptsUntilTheFirstExpiry() public {
        for (uint256 i; i < vectors.length; ++i) {
            vm.warp(vectors[i].notAfter);
            verifier.verify(vectors[i].document, vectors[i].hints);
        }
    }

    function test_verify_reverts_afterTheFirstExpiry() public {
        for (uint256 i; i < vectors.length; ++i) {
            uint256 notAfter = vectors[i].notAfter;
            vm.warp(notAfter + 1);
            vm.expectRevert(
                abi.encodeWithSelector(ICertificateCache.CertificateExpired.selector, notAfter, notAfter + 1)
            );
            verifier.verify(vectors[i].document, vectors[i].hints);
        }
    }

    function testFuzz_verify_reverts_longBefore(uint256 timestamp) public {
        Accepted memory vector = vectors[timestamp % vectors.length];
        timestamp = bound(timestamp, 0, vector.notAfter - 30 days);
        vm.warp(timestamp);
        vm.expectPartialRevert(ICertificateCache.CertificateNotYetValid.selector);
        verifier.verify(vector.document, vector.hints);
    }

    function test_verify_reverts_withoutAHint() public {
        Accepted memory vector = vectors[0];
        vm.warp(vector.timestamp);
        bytes[] memory hints = new bytes[](vector.hints.length - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateCache.WrongHintCount.selector, hints.length, vector.hints.length)
        );
        verifier.verify(vector.document, hints);
    }
}
