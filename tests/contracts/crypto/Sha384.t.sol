// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Sha384} from "../../../contracts/crypto/Sha384.sol";

contract Sha384Test is Test {
    uint256 private constant LONGEST = 4395;

    Sha384 private sha384;

    function setUp() public {
        sha384 = new Sha384();
    }

    /// The examples of NIST, and the empty message.
    function test_hash_nistExamples() public view {
        assertEq(
            _hash(""),
            hex"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
        );
        assertEq(
            _hash("abc"),
            hex"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        );
        assertEq(
            _hash(
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
            ),
            hex"09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"
        );
    }

    /// All lengths up to 300, and those around the borders of blocks.
    function test_hash_vectors() public view {
        string memory json = vm.readFile("tests/vectors/attestation/sha384.json");
        uint256[] memory lengths = vm.parseJsonUintArray(json, ".length");
        bytes[] memory hashes = vm.parseJsonBytesArray(json, ".hash");
        bytes memory message = new bytes(LONGEST);
        for (uint256 i; i < LONGEST; ++i) {
            message[i] = bytes1(uint8(37 * i + i / 256));
        }
        for (uint256 i; i < lengths.length; ++i) {
            assertEq(_hash(_prefix(message, lengths[i])), hashes[i], vm.toString(lengths[i]));
        }
        assertEq(lengths.length, 312, "lengths");
    }

    /// What stands in the calldata after the message does not matter.
    function testFuzz_hash_ignoresWhatFollows(bytes memory message, bytes memory following) public view {
        bytes memory expected = _hash(message);
        bytes memory padding = new bytes((32 - message.length % 32) % 32);
        (bool success, bytes memory output) = address(sha384)
            .staticcall(
                abi.encodePacked(Sha384.hash.selector, uint256(32), message.length, message, padding, following)
            );
        assertTrue(success);
        (bytes32 high, bytes16 low) = abi.decode(output, (bytes32, bytes16));
        assertEq(abi.encodePacked(high, low), expected);
    }

    function _hash(bytes memory message) private view returns (bytes memory) {
        (bytes32 high, bytes16 low) = sha384.hash(message);
        return abi.encodePacked(high, low);
    }

    function _prefix(bytes memory message, uint256 length) private pure returns (bytes memory prefix) {
        prefix = new bytes(length);
        for (uint256 i; i < length; ++i) {
            prefix[i] = message[i];
        }
    }
}
