// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AttestationTest} from "./base/AttestationTest.sol";

/// A real document with any one byte changed is refused, cached certificates or not; other hints change no answer.
contract NitroAttestationMutationTest is AttestationTest {
    Accepted private vector;

    function setUp() public override {
        super.setUp();
        _useAws();
        vector = _readReal()[0];
        vm.warp(vector.timestamp);
    }

    function testFuzz_verify_refusesAnyChangedByte(uint256 position, uint8 change) public {
        verifier.verify(vector.document, vector.hints);
        _assertRefused(position, change);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesAnyChangedByteWithoutCache(uint256 position, uint8 change) public {
        _assertRefused(position, change);
    }

    function testFuzz_verify_refusesAnyShorterDocument(uint256 length) public {
        bytes memory document = vector.document;
        length = bound(length, 0, document.length - 1);
        assembly ("memory-safe") {
            mstore(document, length)
        }
        vm.expectRevert();
        verifier.verify(document, vector.hints);
    }

    function testFuzz_verify_refusesLongerDocuments(bytes calldata tail) public {
        vm.assume(tail.length != 0);
        vm.expectRevert();
        verifier.verify(bytes.concat(vector.document, tail), vector.hints);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_givesTheSameAnswerOrNoneForOtherHints(uint256 which, uint256 position, uint8 change)
        public
    {
        bytes[] memory hints = vector.hints;
        bytes memory hint = hints[which % hints.length];
        hint[position % hint.length] ^= bytes1(change);
        (bool success, bytes memory answer) =
            address(verifier).call(abi.encodeCall(verifier.verify, (vector.document, hints)));
        if (success) assertEq(answer, abi.encode(verifier.verify(vector.document, vector.hints)));
        else assertNotEq(change, 0);
    }

    function _assertRefused(uint256 position, uint8 change) private {
        bytes memory document = vector.document;
        document[position % document.length] ^= bytes1(change == 0 ? 1 : change);
        vm.expectRevert();
        verifier.verify(document, vector.hints);
    }
}
