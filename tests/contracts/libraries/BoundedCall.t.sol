// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {BoundedCall} from "../../../contracts/libraries/BoundedCall.sol";

contract Callee {
    fallback() external {
        (uint256 size, bool fails, uint256 burn) = abi.decode(msg.data, (uint256, bool, uint256));
        uint256 until = gasleft() > burn ? gasleft() - burn : 0;
        while (gasleft() > until) {}
        assembly {
            codecopy(0, 0, 32)
            mstore(0, caller())
            mstore(0x20, gas())
            if fails { revert(0, size) }
            return(0, size)
        }
    }
}

contract BoundedCallTest is Test {
    address private callee = address(new Callee());

    function testFuzz_tryCall_keepsAPartOfTheAnswer(uint16 size, uint16 maxBytes, bool fails, bool isStatic) public {
        (bool success, bytes memory output) =
            _call(isStatic, callee, 10_000_000, maxBytes, abi.encode(uint256(size), fails, uint256(0)));
        assertEq(success, !fails, "success");
        assertEq(output.length, size < maxBytes ? size : maxBytes, "length");
        if (output.length >= 32) assertEq(address(uint160(uint256(bytes32(output)))), address(this), "content");
        uint256 free;
        assembly {
            free := mload(0x40)
        }
        assertEq(free % 32, 0, "memory goes on at a whole word");
        bytes memory next = new bytes(32);
        assertEq(next, abi.encode(uint256(0)), "memory behind the answer is free");
    }

    /// Also where the memory was used before.
    function testFuzz_tryCall_fillsTheLastWordWithZeroes(uint8 size, uint8 maxBytes, bool fails, bool isStatic) public {
        bytes memory input = abi.encode(uint256(size), fails, uint256(0));
        assembly {
            let free := mload(0x40)
            for { let end := add(free, 0x400) } lt(free, end) { free := add(free, 0x20) } { mstore(free, not(0)) }
        }
        (, bytes memory output) = _call(isStatic, callee, 10_000_000, maxBytes, input);
        uint256 behind;
        assembly {
            behind := mload(add(add(output, 0x20), mload(output)))
        }
        uint256 rest = (32 - output.length % 32) % 32;
        if (rest != 0) assertEq(behind >> (8 * (32 - rest)), 0);
    }

    function testFuzz_tryCall_aBombCostsTheCalleeOnly(uint32 size, bool fails, bool isStatic) public {
        size = uint32(bound(size, 0, 2_000_000));
        bytes memory input = abi.encode(uint256(size), fails, uint256(0));
        uint256 gasBefore = gasleft();
        (, bytes memory output) = _call(isStatic, callee, 300_000, 64, input);
        assertLt(gasBefore - gasleft(), 300_000 + 10_000, "gas");
        assertLe(output.length, 64, "answer");
    }

    /// Either it gets what it would get with plenty, to the last unit, or the caller says that there is too little.
    function testFuzz_tryCall_givesTheGasThatItPromises(uint32 gasLimit, uint32 extra, bool isStatic) public {
        gasLimit = uint32(bound(gasLimit, 30_000, 2_000_000));
        uint256 available = gasLimit + bound(extra, 0, gasLimit / 63 + 25_000);
        bytes memory input = abi.encode(uint256(64), false, uint256(0));
        (, bytes memory plenty) = this.callWith(isStatic, callee, gasLimit, input);
        try this.callWith{gas: available}(isStatic, callee, gasLimit, input) returns (bool, bytes memory output) {
            assertEq(output, plenty, "it got the gas");
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), ISettlement.NotEnoughGas.selector, "or the caller says so");
            assertLt(available, uint256(gasLimit) * 64 / 63 + 15_000, "and only if there was too little");
        }
    }

    function testFuzz_tryCall_failsWithoutCode(address target, bool isStatic) public {
        vm.assume(target.code.length == 0 && uint160(target) > 0xffff);
        (bool success, bytes memory output) = _call(isStatic, target, 100_000, 32, "");
        assertFalse(success);
        assertEq(output.length, 0);
    }

    function testFuzz_tryCall_survivesACalleeThatBurnsEverything(uint32 gasLimit, bool isStatic) public {
        gasLimit = uint32(bound(gasLimit, 10_000, 1_000_000));
        (bool success, bytes memory output) =
            _call(isStatic, callee, gasLimit, 32, abi.encode(uint256(32), false, uint256(2_000_000)));
        assertFalse(success);
        assertEq(output.length, 0);
    }

    function testFuzz_revertWith_revertsWithTheBytes(bytes calldata reason) public {
        vm.expectRevert(reason.length == 0 ? bytes("") : reason);
        this.revertWith(reason);
    }

    function revertWith(bytes calldata reason) external pure {
        BoundedCall.revertWith(reason);
    }

    function callWith(bool isStatic, address target, uint256 gasLimit, bytes calldata input)
        external
        returns (bool, bytes memory)
    {
        return _call(isStatic, target, gasLimit, 64, input);
    }

    function _call(bool isStatic, address target, uint256 gasLimit, uint256 maxBytes, bytes memory input)
        private
        returns (bool, bytes memory)
    {
        return isStatic
            ? BoundedCall.tryStaticCall(target, gasLimit, maxBytes, input)
            : BoundedCall.tryCall(target, gasLimit, maxBytes, input);
    }
}
