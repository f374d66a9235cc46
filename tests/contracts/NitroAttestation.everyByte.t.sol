// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AttestationTest} from "./base/AttestationTest.sol";
import {EveryByte} from "./base/EveryByte.sol";

/// A real document with any byte changed is refused, while the certificates of its chain are cached.
contract NitroAttestationEveryByteTest is AttestationTest, EveryByte {
    Accepted private vector;

    function setUp() public override {
        super.setUp();
        _useAws();
        vector = _readReal()[0];
        vm.warp(vector.timestamp);
        verifier.verify(vector.document, vector.hints);
    }

    function fixturePosition() public view returns (uint256[] memory) {
        return _positionsIn(vector.document.length);
    }

    function table_verify_refusesAChangeOfEachByte(uint256 position) public {
        bytes memory document = vector.document;
        bytes[] memory hints = vector.hints;
        bytes1 right = document[position];
        for (uint256 i; i < _changes().length; ++i) {
            document[position] = right ^ _changes()[i];
            vm.expectRevert();
            verifier.verify(document, hints);
        }
    }
}
