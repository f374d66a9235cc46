// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {Group, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {VerdictTest} from "./base/VerdictTest.sol";

/// What a verifier says of the evidence, on its way into events and records. Its cap: Settlement.cap.t.sol.
contract SettlementVerdictTest is VerdictTest {
    function testFuzz_settle_carriesLabelsAndKey(uint8 labels, bytes32 key) public {
        labels = uint8(bound(labels, 0, Labels.ALL));
        verifier.say(labels, key, type(uint256).max);
        InferenceReceipt[] memory receipts = receiptsOf(1, 3, payer.addr, 100, 2);
        receipts[2] = receiptOf(3, address(0), 0, 1);
        Group memory group = judgedGroup(receipts, upto(0, 2, payer, 2, 200, 1));

        vm.recordLogs();
        assertAllSettled(group);

        _checkEvents(vm.getRecordedLogs(), labels, key, rootOf(group));
        assertEq(settlement.settledGroup(rootOf(group)).labels, labels, "stored");
    }

    /// A contract that acts on inferences learns the tier alone, and must look at the labels itself.
    function testFuzz_settledTier_saysNothingOfLabels(uint8 labels) public {
        labels = uint8(bound(labels, 0, Labels.ALL));
        verifier.say(labels, 0, 0);
        Group memory group = judgedGroup(one(freeReceipt(1)), noPayment());
        assertAllSettled(group);

        bytes32[] memory proof = new bytes32[](0);
        settlement.requireSettled(modelId, prover.addr, address(usdc), group.receipts[0], proof, Tier.TEE);
        assertEq(settlement.settledGroup(rootOf(group)).labels, labels);
    }

    function testFuzz_settle_refusesUnknownLabels(uint256 labels, bytes32 key, uint256 valueCap) public {
        verifier.say(bound(labels, uint256(Labels.ALL) + 1, type(uint256).max), key, valueCap);
        _assertMalformed();
        verifier.say(uint256(Labels.ALL) + 1, key, valueCap);
        _assertMalformed();
        verifier.say(uint256(1) << 255 | Labels.DEVELOPMENT, key, valueCap);
        _assertMalformed();
    }

    function testFuzz_settle_refusesAnswersThatAreNoVerdict(uint256 size) public {
        size = bound(size, 0, 20_000);
        vm.assume(size != 128);
        verifier.sayBytes(size);
        _assertMalformed();
    }

    function test_settle_refusesAnswersOneByteTooShortOrTooLong() public {
        verifier.sayBytes(127);
        _assertMalformed();
        verifier.sayBytes(129);
        _assertMalformed();
    }

    function _assertMalformed() private {
        InferenceReceipt[] memory receipts = one(receiptOf(1, payer.addr, 100, 1));
        Group memory group = judgedGroup(receipts, upto(0, 1, payer, 1, 100, 1));
        assertGroupRefused(group, abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
        assertFalse(settlement.isNonceUsed(prover.addr, 1), "nonce");
    }

    /// Two inferences that were paid, a free one, and their group.
    function _checkEvents(Vm.Log[] memory logs, uint8 labels, bytes32 key, bytes32 root) private pure {
        uint256 seen;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ISettlement.InferenceSettled.selector) {
                PaymentScheme scheme = seen < 2 ? PaymentScheme.UPTO : PaymentScheme.NONE;
                (,,,,, uint256 terms) = abi.decode(logs[i].data, (bytes32, address, address, bytes32, bytes32, uint256));
                assertEq(terms & 0xffffff, uint256(scheme) << 8 | labels, "flags");
                ++seen;
            }
            if (logs[i].topics[0] == ISettlement.GroupSettled.selector) {
                (,,,, uint256 said, bytes32 named) =
                    abi.decode(logs[i].data, (bytes4, Tier, uint32, uint32, uint256, bytes32));
                assertEq(said, labels, "group's labels");
                assertEq(named, key, "group's key");
                assertEq(logs[i].topics[1], root, "root");
                ++seen;
            }
        }
        assertEq(seen, 4, "events");
    }
}
