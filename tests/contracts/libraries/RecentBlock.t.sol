// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {RecentBlock} from "../../../contracts/libraries/RecentBlock.sol";

/// What EIP-2935 keeps, as far as callers see it: the hashes of the last 8,191 blocks; it reverts for others.
contract HistoryStandIn {
    uint256 private constant WINDOW = 8_191;

    fallback() external {
        uint256 number = abi.decode(msg.data, (uint256));
        require(number < block.number && number + WINDOW >= block.number);
        bytes32 hash = keccak256(abi.encode("history", number));
        assembly {
            mstore(0, hash)
            return(0, 0x20)
        }
    }
}

contract RecentBlockTest is Test {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant CURRENT = 100_000;

    function setUp() public {
        vm.roll(CURRENT);
    }

    function testFuzz_hashOf_isBlockhashForTheLast256(uint256 distance) public {
        distance = bound(distance, 1, 256);
        vm.setBlockhash(CURRENT - distance, "hash");
        assertEq(RecentBlock.hashOf(CURRENT - distance), "hash");
    }

    function testFuzz_hashOf_asksTheHistoryForOlderOnes(uint256 number) public {
        number = bound(number, CURRENT - 9_000, CURRENT - 257);
        assertEq(RecentBlock.hashOf(number), 0, "without a history");
        vm.etch(HISTORY, type(HistoryStandIn).runtimeCode);
        bytes32 expected = number + 8_191 >= CURRENT ? keccak256(abi.encode("history", number)) : bytes32(0);
        assertEq(RecentBlock.hashOf(number), expected, "with one");
    }

    function testFuzz_hashOf_isZeroForWhatIsNotThereYet(uint256 number) public {
        number = bound(number, CURRENT, type(uint256).max);
        vm.etch(HISTORY, type(HistoryStandIn).runtimeCode);
        assertEq(RecentBlock.hashOf(number), 0);
    }

    function test_hashOf_atTheEdges() public {
        vm.etch(HISTORY, type(HistoryStandIn).runtimeCode);
        vm.setBlockhash(CURRENT - 256, "hash");
        assertEq(RecentBlock.hashOf(CURRENT - 256), "hash");
        assertEq(RecentBlock.hashOf(CURRENT - 257), keccak256(abi.encode("history", CURRENT - 257)));
        assertEq(RecentBlock.hashOf(CURRENT - 8_191), keccak256(abi.encode("history", CURRENT - 8_191)));
        assertEq(RecentBlock.hashOf(CURRENT - 8_192), 0);
    }

    /// Something else at the address, which answers with more or less than a word.
    function test_hashOf_takesOnlyAWord() public {
        vm.etch(HISTORY, hex"60015f5360405ff3"); // returns 64 bytes, the first is not zero
        assertEq(RecentBlock.hashOf(CURRENT - 257), 0);
    }
}
