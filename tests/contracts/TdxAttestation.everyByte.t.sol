// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Platform} from "../../contracts/types/Claims.sol";
import {EveryByte} from "./base/EveryByte.sol";
import {TdxTest} from "./base/TdxTest.sol";

/// A real quote with any byte changed is refused.
contract TdxAttestationEveryByteTest is TdxTest, EveryByte {
    bytes private quote;
    bytes[] private hints;

    function setUp() public {
        string memory json = _readVectors("tdx_real");
        quote = vm.parseJsonBytes(json, ".document");
        hints = vm.parseJsonBytesArray(json, ".hints");
        _deploy(INTEL_ROOT, Platform.TDX);
        vm.warp(vm.parseJsonUint(json, ".timestamp"));
        Step[] memory steps = _readSteps(json, ".steps");
        for (uint256 i; i < steps.length; ++i) {
            (bool success,) = targets[steps[i].target].call(steps[i].data);
            assertTrue(success);
        }
        attestation.verify(quote, hints);
    }

    function fixturePosition() public view returns (uint256[] memory) {
        return _positionsIn(quote.length);
    }

    function table_verify_refusesAChangeOfEachByte(uint256 position) public {
        bytes memory changed = quote;
        bytes1 right = changed[position];
        for (uint256 i; i < _changes().length; ++i) {
            changed[position] = right ^ _changes()[i];
            vm.expectRevert();
            attestation.verify(changed, hints);
        }
    }
}
