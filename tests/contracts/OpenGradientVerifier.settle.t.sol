// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {IOpenGradientVerifier, OpenGradientEvidence} from "../../contracts/interfaces/IOpenGradientVerifier.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {Group, GroupResult, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {OpenGradientTest} from "./base/OpenGradientTest.sol";

/// Groups of OpenGradient's results through the real Settlement.
contract OpenGradientVerifierSettleTest is OpenGradientTest {
    /// Of a group with two receipts: signed once, because that takes long.
    bytes private evidenceOfTwo;

    function setUp() public override {
        super.setUp();
        open();
        evidenceOfTwo = abi.encode(evidenceFor(_receipts(2)));
    }

    function test_settle_paysAndLabels() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.TEE);
        Group memory group = openGradientGroup(one(receipt));
        uint8 labels = Labels.UNBOUND | Labels.DEVELOPMENT;

        vm.expectEmit(address(settlement));
        emit ISettlement.InferenceSettled(
            rootOf(group),
            payer.addr,
            Tier.TEE,
            modelId,
            prover.addr,
            address(usdc),
            receipt.requestHash,
            receipt.responseHash,
            Terms.unwrap(packTerms(0, PRICE, uint64(madeAt), uint8(Tier.TEE))) | uint256(PaymentScheme.UPTO) << 8
                | labels
        );
        bytes32 key = verifier.capKeyOf(teeId, modelId);
        vm.expectEmit(address(settlement));
        emit ISettlement.GroupSettled(
            rootOf(group), modelId, prover.addr, OPENGRADIENT_ROUTE, Tier.TEE, 1, 0, labels, key
        );
        assertEq(settleOne(group).reason, "");
        assertEq(usdc.balanceOf(payAddresses.addressOf(prover.addr, uint8(Tier.TEE))), PRICE, "paid");
        assertEq(settlement.settledGroup(rootOf(group)).labels, labels, "stored labels");
        assertEq(settlement.backedAmount(key, address(usdc)), PRICE, "backed");
    }

    /// The vector's result is signed in Python.
    function test_settle_takesTheResultOfTheVectors() public {
        InferenceReceipt memory receipt = freeReceipt(1);
        receipt.requestHash = vm.parseJsonBytes32(json, ".result.requestHash");
        receipt.responseHash = vm.parseJsonBytes32(json, ".result.responseHash");
        receipt.terms = packTerms(1, 0, uint64(vm.parseJsonUint(json, ".result.servedAt")), uint8(Tier.SIGNED));
        OpenGradientEvidence memory evidence = evidenceFor(one(receipt));
        evidence.signatures[0] = vm.parseJsonBytes(json, ".result.signature");
        Group memory group = bareGroup(OPENGRADIENT_ROUTE, one(receipt));
        group.evidence = abi.encode(evidence);
        assertEq(settleOne(group).settled, 1);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_settle_takesGroups(uint256 count) public {
        count = bound(count, 1, 20);
        assertEq(settleOne(openGradientGroup(_receipts(count))).settled, count);
        assertEq(settlement.tally(Tier.TEE), count, "tally");
    }

    /// What unbound means: the same result counts again with another nonce, for whoever shows it.
    function test_settle_countsAgainInAnotherGroup() public {
        Group memory group = openGradientGroup(one(freeReceipt(1)));
        InferenceReceipt memory receipt = freeReceipt(1);
        receipt.terms = packTerms(2, 0, uint64(madeAt), uint8(Tier.SIGNED));
        Group memory again = openGradientGroup(one(receipt));
        again.prover = relayer;
        assertEq(settleOne(group).settled, 1);
        assertEq(settleAs(relayer, one(again))[0].settled, 1);
    }

    function test_settle_stopsAtTheValueCap() public {
        vm.prank(prover.addr);
        models.setValueCap(modelId, address(usdc), PRICE);
        assertEq(settleOne(openGradientGroup(one(paidReceipt(Tier.TEE)))).settled, 1);
        bytes32 key = verifier.capKeyOf(teeId, modelId);
        assertGroupRefused(
            openGradientGroup(one(paidReceipt(Tier.TEE))),
            abi.encodeWithSelector(ISettlement.ValueCapExceeded.selector, key, address(usdc), 2 * PRICE, PRICE)
        );
    }

    /* REFUSED */

    function test_settle_refuses_otherReceipts() public {
        Group memory group = openGradientGroup(_receipts(2));
        group.receipts[1].requestHash = keccak256("another");
        _assertOtherGroup(group, openGradientGroup(_receipts(2)));
    }

    function test_settle_refuses_otherOrder() public {
        InferenceReceipt[] memory receipts = _receipts(3);
        Group memory group = openGradientGroup(receipts);
        (receipts[0], receipts[2]) = (receipts[2], receipts[0]);
        group.receipts = receipts;
        bytes32 expected = digestOf(group);
        group.evidence = abi.encode(evidenceFor(_receipts(3)));
        assertGroupRefused(
            group,
            abi.encodeWithSelector(
                IOpenGradientVerifier.GroupMismatch.selector, expected, digestOf(openGradientGroup(_receipts(3)))
            )
        );
    }

    /// Terms are not signed by the enclave; the digest holds the evidence to those of the group.
    function test_settle_refuses_otherTerms() public {
        Group memory group = openGradientGroup(_receipts(1));
        group.receipts[0].terms = packTerms(9, 0, uint64(madeAt), uint8(Tier.SIGNED));
        _assertOtherGroup(group, openGradientGroup(_receipts(1)));
    }

    function test_settle_refuses_expiredKey() public {
        uint256 until = madeAt + 24 hours;
        vm.warp(until - 1);
        assertEq(settleOne(openGradientGroup(one(freeReceipt(1)))).settled, 1);
        vm.warp(until);
        assertGroupRefused(
            openGradientGroup(one(freeReceipt(2))),
            abi.encodeWithSelector(IOpenGradientVerifier.KeyNotAdmitted.selector, teeId, measurement, until)
        );
    }

    function test_settle_refuses_keyOfOtherCode() public {
        bytes32 other = vm.parseJsonBytes32(json, ".documentOfOtherCode.measurement");
        OpenGradientEvidence memory evidence = evidenceFor(_receipts(1));
        evidence.measurement = other;
        Group memory group = openGradientGroup(_receipts(1));
        group.evidence = abi.encode(evidence);
        assertGroupRefused(
            group, abi.encodeWithSelector(IOpenGradientVerifier.KeyNotAdmitted.selector, teeId, other, 0)
        );

        Shown memory forged = read(".documentOfOtherCode");
        verifier.admit(modulus, forged.document, forged.hints);
        assertGroupRefused(
            group, abi.encodeWithSelector(IModelRegistry.MeasurementNotAccepted.selector, modelId, other, 0, 0)
        );
    }

    function test_settle_refuses_keyThatIsNotAdmitted() public {
        OpenGradientEvidence memory evidence = evidenceFor(_receipts(1));
        evidence.modulus = vm.parseJsonBytes(json, ".otherModulus");
        bytes32 other = verifier.teeIdOf(evidence.modulus);
        _assertRefused(
            _receipts(1),
            evidence,
            abi.encodeWithSelector(IOpenGradientVerifier.KeyNotAdmitted.selector, other, measurement, 0)
        );
    }

    /// The model's owner stops all keys of the code at once.
    function test_settle_refuses_removedMeasurement() public {
        vm.prank(prover.addr);
        models.removeMeasurement(modelId, measurement);
        assertGroupRefused(
            openGradientGroup(_receipts(1)),
            abi.encodeWithSelector(IModelRegistry.MeasurementNotAccepted.selector, modelId, measurement, madeAt, madeAt)
        );
    }

    function test_settle_refuses_signatureOverOtherRequest() public {
        InferenceReceipt[] memory other = _receipts(2);
        other[1].requestHash = keccak256("another");
        _assertNotSigned(_receipts(2), evidenceFor(other).signatures);
    }

    function test_settle_refuses_signatureOverOtherResponse() public {
        InferenceReceipt[] memory other = _receipts(2);
        other[1].responseHash = keccak256("another");
        _assertNotSigned(_receipts(2), evidenceFor(other).signatures);
    }

    function test_settle_refuses_signatureOverOtherTime() public {
        InferenceReceipt[] memory other = _receipts(2);
        other[1].terms = packTerms(2, 0, uint64(madeAt - 1), uint8(Tier.SIGNED));
        _assertNotSigned(_receipts(2), evidenceFor(other).signatures);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_settle_refuses_otherSaltLength(uint256 saltBytes) public {
        saltBytes = bound(saltBytes, 1, 64);
        vm.assume(saltBytes != 32);
        InferenceReceipt[] memory receipts = _receipts(2);
        bytes[] memory signatures = evidenceFor(receipts).signatures;
        bytes32 message =
            keccak256(abi.encodePacked(receipts[1].requestHash, receipts[1].responseHash, uint256(madeAt)));
        signatures[1] = signPss(sha256(abi.encodePacked(message)), saltBytes);
        _assertNotSigned(receipts, signatures);
    }

    /// The second half of the double hash: a signature over the message itself.
    function test_settle_refuses_signatureOverTheMessageItself() public {
        InferenceReceipt[] memory receipts = _receipts(2);
        bytes[] memory signatures = evidenceFor(receipts).signatures;
        bytes32 message =
            keccak256(abi.encodePacked(receipts[1].requestHash, receipts[1].responseHash, uint256(madeAt)));
        signatures[1] = signPss(message, 32);
        _assertNotSigned(receipts, signatures);
    }

    /// Found before any signature is looked at.
    function testFuzz_settle_refuses_repeatedResult(uint256 count, uint256 first, uint256 second) public {
        count = bound(count, 2, 64);
        second = bound(second, 1, count - 1);
        first = bound(first, 0, second - 1);
        InferenceReceipt[] memory receipts = _receipts(count);
        receipts[second].requestHash = receipts[first].requestHash;
        OpenGradientEvidence memory evidence = evidenceFor(new InferenceReceipt[](0));
        evidence.receipts = receipts;
        evidence.signatures = new bytes[](count);
        _assertRefused(
            receipts, evidence, abi.encodeWithSelector(IOpenGradientVerifier.ResultRepeated.selector, second)
        );
    }

    function test_settle_takesTheSameRequestAtAnotherTime() public {
        InferenceReceipt[] memory receipts = _receipts(2);
        receipts[1].requestHash = receipts[0].requestHash;
        receipts[1].terms = packTerms(2, 0, uint64(madeAt - 1), uint8(Tier.SIGNED));
        assertEq(settleOne(openGradientGroup(receipts)).settled, 2);
    }

    function testFuzz_settle_refuses_otherSignatureCount(uint256 count) public {
        count = bound(count, 0, 4);
        vm.assume(count != 2);
        OpenGradientEvidence memory evidence = evidenceFor(new InferenceReceipt[](0));
        evidence.receipts = _receipts(2);
        evidence.signatures = new bytes[](count);
        _assertRefused(
            _receipts(2),
            evidence,
            abi.encodeWithSelector(IOpenGradientVerifier.SignatureCountMismatch.selector, 2, count)
        );
    }

    function test_settle_refuses_noReceipts() public {
        OpenGradientEvidence memory evidence = evidenceFor(new InferenceReceipt[](0));
        _assertRefused(_receipts(1), evidence, abi.encodeWithSelector(IOpenGradientVerifier.NoReceipts.selector));
    }

    function test_settle_refuses_modulusOfOtherLength() public {
        OpenGradientEvidence memory evidence = evidenceFor(_receipts(1));
        evidence.modulus = new bytes(384);
        _assertRefused(
            _receipts(1), evidence, abi.encodeWithSelector(IOpenGradientVerifier.ModulusNotRsa2048.selector, 384)
        );
    }

    function test_settle_refuses_bytesBehindTheEvidence() public {
        Group memory group = openGradientGroup(_receipts(1));
        group.evidence = abi.encodePacked(group.evidence, uint256(0));
        assertGroupRefused(group, abi.encodeWithSelector(IOpenGradientVerifier.NonCanonicalEvidence.selector));
    }

    function testFuzz_settle_refuses_whatIsNoEncoding(bytes memory evidence) public {
        Group memory group = bareGroup(OPENGRADIENT_ROUTE, _receipts(1));
        group.evidence = evidence;
        bytes4 error = bytes4(settleOne(group).reason);
        assertTrue(
            error == IVerifier.MalformedEvidence.selector
                || error == IOpenGradientVerifier.NonCanonicalEvidence.selector,
            "reason"
        );
    }

    function testFuzz_settle_refuses_changedBit(uint256 place, uint8 bit) public {
        Group memory group = bareGroup(OPENGRADIENT_ROUTE, _receipts(2));
        group.evidence = evidenceOfTwo;
        place = bound(place, 0, group.evidence.length - 1);
        group.evidence[place] ^= bytes1(uint8(1) << (bit % 8));
        GroupResult memory result = settleOne(group);
        assertEq(result.settled, 0, "settled");
        assertGt(result.reason.length, 3, "reason");
    }

    /* PARTS */

    function _receipts(uint256 count) private view returns (InferenceReceipt[] memory receipts) {
        receipts = new InferenceReceipt[](count);
        for (uint64 i; i < count; ++i) {
            receipts[i] = freeReceipt(i + 1);
        }
    }

    function _assertRefused(
        InferenceReceipt[] memory receipts,
        OpenGradientEvidence memory evidence,
        bytes memory reason
    ) private {
        Group memory group = bareGroup(OPENGRADIENT_ROUTE, receipts);
        group.evidence = abi.encode(evidence);
        assertGroupRefused(group, reason);
    }

    /// Requires that the second of two signatures is refused.
    function _assertNotSigned(InferenceReceipt[] memory receipts, bytes[] memory signatures) private {
        OpenGradientEvidence memory evidence = evidenceFor(receipts);
        evidence.signatures = signatures;
        _assertRefused(receipts, evidence, abi.encodeWithSelector(IOpenGradientVerifier.ResultNotSigned.selector, 1));
    }

    function _assertOtherGroup(Group memory group, Group memory shownGroup) private {
        assertGroupRefused(
            group,
            abi.encodeWithSelector(IOpenGradientVerifier.GroupMismatch.selector, digestOf(group), digestOf(shownGroup))
        );
    }
}
