// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ModelOracle} from "../../contracts/examples/ModelOracle.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {VerdictTest} from "./base/VerdictTest.sol";

contract ExamplesTest is VerdictTest {
    bytes32 private constant REQUEST = keccak256("request");

    ModelOracle private oracle;

    function setUp() public override {
        super.setUp();
        oracle = new ModelOracle(settlement, modelId, prover.addr);
    }

    function testFuzz_report_actsOnASettledInferenceOnce(bytes calldata answer, address anybody) public {
        InferenceReceipt memory receipt = _settle(VERDICT_ROUTE, answer, uint64(block.timestamp));
        vm.expectEmit(address(oracle));
        emit ModelOracle.Answered(REQUEST, uint64(block.timestamp));
        vm.prank(anybody);
        _report(receipt, answer);
        assertEq(oracle.responseTo(REQUEST), answer);
        assertEq(oracle.servedAt(REQUEST), block.timestamp);

        vm.expectRevert(abi.encodeWithSelector(ModelOracle.NotNewer.selector, block.timestamp, block.timestamp));
        _report(receipt, answer);
    }

    function testFuzz_report_refusesWhatTheProverOnlySigned(bytes calldata answer) public {
        InferenceReceipt memory receipt = _settle(SIGNED_ROUTE, answer, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotSettled.selector, Tier.SIGNED, Tier.TEE));
        _report(receipt, answer);
    }

    function testFuzz_report_refusesLabelledEvidence(uint8 labels, bytes calldata answer) public {
        labels = uint8(bound(labels, 1, Labels.ALL));
        verifier.say(labels, 0, 0);
        InferenceReceipt memory receipt = _settle(VERDICT_ROUTE, answer, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(ModelOracle.LabelledEvidence.selector, labels));
        _report(receipt, answer);
    }

    /// The key that signs is attested by the development root.
    function testFuzz_report_refusesADevelopmentEnclave(bytes calldata answer) public {
        InferenceReceipt memory receipt = _receipt(1, answer, uint64(block.timestamp));
        assertEq(settleOne(teeGroup(one(receipt))).settled, 1);
        vm.expectRevert(abi.encodeWithSelector(ModelOracle.LabelledEvidence.selector, Labels.DEVELOPMENT));
        _report(receipt, answer);
    }

    /// The root that is looked up is the one of the whole group.
    function testFuzz_report_readsTheLabelsUnderAProof(uint8 labels, bytes calldata answer, uint64 other) public {
        labels = uint8(bound(labels, 0, Labels.ALL));
        other = uint64(bound(other, 2, type(uint64).max));
        verifier.say(labels, 0, 0);
        InferenceReceipt memory receipt = _receipt(1, answer, uint64(block.timestamp));
        Group memory group = judgedGroup(two(receipt, freeReceipt(other)), noPayment());
        assertEq(settleOne(group).settled, 2);

        bytes32[] memory proof = new bytes32[](1);
        proof[0] = settlement.receiptHash(modelId, prover.addr, address(usdc), group.receipts[1]);
        if (labels != 0) vm.expectRevert(abi.encodeWithSelector(ModelOracle.LabelledEvidence.selector, labels));
        oracle.report(address(usdc), receipt, proof, answer);
        assertEq(oracle.servedAt(REQUEST), labels == 0 ? block.timestamp : 0);
    }

    function testFuzz_report_refusesWhatIsNotSettled(bytes calldata answer, uint64 nonce) public {
        InferenceReceipt memory receipt = _receipt(nonce, answer, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotSettled.selector, Tier.NONE, Tier.TEE));
        _report(receipt, answer);
    }

    function testFuzz_report_refusesAnotherAnswer(bytes calldata answer, bytes calldata other) public {
        vm.assume(keccak256(answer) != keccak256(other));
        InferenceReceipt memory receipt = _settle(VERDICT_ROUTE, answer, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(ModelOracle.OtherResponse.selector, keccak256(answer), keccak256(other)));
        _report(receipt, other);
    }

    function testFuzz_report_refusesAnotherProver(address other) public {
        vm.assume(other != prover.addr);
        oracle = new ModelOracle(settlement, modelId, other);
        InferenceReceipt memory receipt = _settle(VERDICT_ROUTE, "answer", uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotSettled.selector, Tier.NONE, Tier.TEE));
        _report(receipt, "answer");
    }

    /// A time to come would keep out every later response.
    function testFuzz_report_refusesTheFuture(uint64 time) public {
        time = uint64(bound(time, block.timestamp + 1, type(uint64).max));
        InferenceReceipt memory receipt = _settle(VERDICT_ROUTE, "answer", time);
        vm.expectRevert(abi.encodeWithSelector(ModelOracle.NotNewer.selector, 0, time));
        _report(receipt, "answer");
    }

    function testFuzz_report_keepsTheNewest(uint64 first, uint64 second) public {
        first = uint64(bound(first, 1, block.timestamp));
        second = uint64(bound(second, 0, first));
        _report(_settle(VERDICT_ROUTE, "new", first), "new");
        InferenceReceipt memory older = _settle(VERDICT_ROUTE, "old", second);
        vm.expectRevert(abi.encodeWithSelector(ModelOracle.NotNewer.selector, first, second));
        _report(older, "old");
        assertEq(oracle.responseTo(REQUEST), "new");
    }

    uint64 private _next;

    function _receipt(uint64 nonce, bytes memory answer, uint64 servedAt)
        private
        view
        returns (InferenceReceipt memory receipt)
    {
        receipt = freeReceipt(nonce);
        receipt.requestHash = REQUEST;
        receipt.responseHash = keccak256(answer);
        receipt.terms = packTerms(nonce, 0, servedAt, uint8(Tier.SIGNED));
    }

    /// Settles one free receipt; alone in its group, it is the root.
    function _settle(bytes4 route, bytes memory answer, uint64 servedAt)
        private
        returns (InferenceReceipt memory receipt)
    {
        receipt = _receipt(++_next, answer, servedAt);
        bool judged = route == VERDICT_ROUTE;
        Group memory group = judged ? judgedGroup(one(receipt), noPayment()) : signedGroup(one(receipt));
        assertEq(settleOne(group).settled, 1);
    }

    function _report(InferenceReceipt memory receipt, bytes memory answer) private {
        oracle.report(address(usdc), receipt, new bytes32[](0), answer);
    }
}
