// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {MerkleRoot} from "../../../contracts/libraries/MerkleRoot.sol";
import {ReferenceTree} from "../base/ReferenceTree.sol";

/// Against a slow version in plain Solidity.
contract MerkleRootTest is Test {
    function testFuzz_compute_isTheReferenceRoot(bytes32[] calldata random) public pure {
        vm.assume(random.length > 0);
        bytes32[] memory leaves = random;
        assertEq(MerkleRoot.compute(leaves), ReferenceTree.root(random), "root");
        assertEq(keccak256(abi.encode(leaves)), keccak256(abi.encode(random)), "the leaves stay");
    }

    function test_compute_forEveryCount() public pure {
        for (uint256 count = 1; count <= 130; ++count) {
            bytes32[] memory leaves = new bytes32[](count);
            for (uint256 i; i < count; ++i) {
                leaves[i] = keccak256(abi.encode(count, i));
            }
            assertEq(MerkleRoot.compute(leaves), ReferenceTree.root(leaves));
        }
    }

    function testFuzz_compute_doesNotDependOnDirtyMemory(bytes32[] calldata random, uint256 dirt) public pure {
        vm.assume(random.length > 0);
        bytes32[] memory leaves = random;
        assembly {
            let free := mload(0x40)
            for { let i } lt(i, 64) { i := add(i, 1) } { mstore(add(free, mul(i, 0x20)), dirt) }
        }
        assertEq(MerkleRoot.compute(leaves), ReferenceTree.root(random));
    }

    function testFuzz_computeNonZero_isTheRootOverTheOthers(bytes32[] calldata random, uint256 zeros) public pure {
        vm.assume(random.length > 0);
        bytes32[] memory leaves = random;
        bytes32[] memory kept = new bytes32[](random.length);
        uint256 count;
        for (uint256 i; i < leaves.length; ++i) {
            if (zeros >> (i % 256) & 1 == 1) leaves[i] = 0;
            if (leaves[i] != 0) kept[count++] = leaves[i];
        }
        vm.assume(count > 0);
        assembly {
            mstore(kept, count)
        }
        assertEq(MerkleRoot.computeNonZero(leaves), ReferenceTree.root(kept));
    }
}
