// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {ReceiptHash} from "../../../contracts/libraries/ReceiptHash.sol";
import {Group, Receipt as InferenceReceipt} from "../../../contracts/types/Group.sol";

/// Against a slow version in plain Solidity.
contract ReceiptHashTest is Test {
    bytes32 private constant TYPEHASH = keccak256(
        "Receipt(bytes32 modelId,address prover,address asset,bytes32 requestHash,bytes32 responseHash,address payer,uint256 terms)"
    );

    function testFuzz_hashAll_isTheTypedDataHashOfEach(
        ReceiptHash.Common calldata common,
        InferenceReceipt[] calldata receipts
    ) public pure {
        bytes32[] memory hashes = ReceiptHash.hashAll(common, receipts);
        assertEq(hashes.length, receipts.length, "length");
        for (uint256 i; i < receipts.length; ++i) {
            bytes32 structHash = keccak256(
                abi.encode(
                    TYPEHASH,
                    common.modelId,
                    common.prover,
                    common.asset,
                    receipts[i].requestHash,
                    receipts[i].responseHash,
                    receipts[i].payer,
                    receipts[i].terms
                )
            );
            assertEq(hashes[i], keccak256(abi.encodePacked(hex"1901", common.domainSeparator, structHash)), "hash");
        }
    }

    function testFuzz_hashGroup_isTheStructHash(bytes32 root, bytes4 route) public pure {
        bytes32 typehash = keccak256("Group(bytes32 root,bytes4 route)");
        assertEq(ReceiptHash.hashGroup(root, route), keccak256(abi.encode(typehash, root, route)));
    }

    function testFuzz_hashAll_leavesOtherMemoryAlone(
        ReceiptHash.Common calldata common,
        InferenceReceipt[] calldata receipts,
        bytes calldata other
    ) public pure {
        bytes memory before = other;
        bytes32[] memory hashes = ReceiptHash.hashAll(common, receipts);
        bytes memory afterwards = abi.encodePacked(hashes);
        assertEq(before, other, "before");
        assertEq(hashes.length * 32, afterwards.length, "afterwards");
    }
}
