// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";

import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {Run} from "../../../contracts/libraries/ReceiptRun.sol";
import {SettledEvent} from "../../../contracts/libraries/SettledEvent.sol";
import {Group, PaymentScheme, Receipt as InferenceReceipt} from "../../../contracts/types/Group.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Tier} from "../../../contracts/types/Tier.sol";

/// Against a slow version in plain Solidity.
contract SettledEventTest is Test {
    using SettledEvent for SettledEvent.Log;

    struct Case {
        bytes32 modelId;
        address prover;
        address asset;
        uint64 firstSeq;
        uint8 labels;
        uint256 skipped;
        address payer;
    }

    /// Two runs of one group, some receipts of which were skipped: numbers go on without a gap.
    function testFuzz_emitRun_emitsWhatTheReceiptsSay(
        Case memory input,
        InferenceReceipt[] memory receipts,
        uint8 split,
        uint8 scheme
    ) public {
        vm.assume(receipts.length > 0 && receipts.length < 40);
        split = uint8(bound(split, 0, receipts.length));
        input.firstSeq = uint64(bound(input.firstSeq, 0, type(uint64).max - 50));
        Group memory group;
        (group.modelId, group.prover, group.asset) = (input.modelId, input.prover, input.asset);
        for (uint256 i; i < receipts.length; ++i) {
            receipts[i].payer = i < split ? input.payer : address(0);
        }
        group.receipts = receipts;

        vm.recordLogs();
        uint256 count = this.emitTwoRuns(group, input, split, PaymentScheme(scheme % 5));
        Vm.Log[] memory logs = vm.getRecordedLogs();

        uint256 seen;
        for (uint256 i; i < receipts.length; ++i) {
            if (input.skipped >> i & 1 == 1) continue;
            PaymentScheme expected = i < split ? PaymentScheme(scheme % 5) : PaymentScheme.NONE;
            _check(logs[seen], input, receipts[i], input.firstSeq + seen, expected);
            assertEq(logs[seen].topics[1], keccak256(abi.encode(i)), "receipt hash");
            ++seen;
        }
        assertEq(logs.length, seen, "events");
        assertEq(count, seen, "count");
    }

    function emitTwoRuns(Group calldata group, Case calldata input, uint256 split, PaymentScheme scheme)
        external
        returns (uint256)
    {
        uint256 end = group.receipts.length;
        bytes32[] memory hashes = new bytes32[](end);
        for (uint256 i; i < end; ++i) {
            if (input.skipped >> i & 1 == 0) hashes[i] = keccak256(abi.encode(i));
        }
        SettledEvent.Log memory log;
        log.open(group, input.firstSeq, Tier.TEE, input.labels);
        log.emitRun(group.receipts, hashes, Run(0, split, input.payer, 1), scheme);
        log.emitRun(group.receipts, hashes, Run(split, end, address(0), 1), PaymentScheme.NONE);
        return log.count;
    }

    function _check(
        Vm.Log memory log,
        Case memory input,
        InferenceReceipt memory receipt,
        uint256 seq,
        PaymentScheme scheme
    ) private pure {
        assertEq(log.topics[0], ISettlement.InferenceSettled.selector, "topic");
        assertEq(log.topics[2], bytes32(uint256(uint160(receipt.payer))), "payer");
        assertEq(log.topics[3], bytes32(uint256(Tier.TEE)), "tier");
        uint256 flags = uint256(scheme) * 256 + input.labels;
        bytes memory expected = abi.encode(
            input.modelId,
            input.prover,
            input.asset,
            receipt.requestHash,
            receipt.responseHash,
            abi.encodePacked(uint64(seq), uint192(Terms.unwrap(receipt.terms) | flags))
        );
        assembly {
            // the last word stands where its offset is, its length and content behind
            mstore(add(expected, 0xc0), mload(add(expected, 0x100)))
            mstore(expected, 0xc0)
        }
        assertEq(log.data, expected, "data");
    }
}
