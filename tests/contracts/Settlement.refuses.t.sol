// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {ISignedVerifier} from "../../contracts/interfaces/ISignedVerifier.sol";
import {IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {SettlementTest} from "./base/SettlementTest.sol";

contract SettlementRefusesTest is SettlementTest {
    bytes4 private constant PERMIT2_INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));

    /* GROUPS */

    function test_settle_refusesAWrongProverSignature() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.evidence = sign(payer, digestOf(group));
        assertGroupRefused(group, abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, prover.addr));
    }

    function testFuzz_settle_refusesEvidenceForOtherReceipts(uint8 field, uint96 change) public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        InferenceReceipt memory receipt = group.receipts[0];
        change = uint96(bound(change, 1, 100));
        field = uint8(bound(field, 0, 6));
        if (field == 0) receipt.requestHash = keccak256("other");
        if (field == 1) receipt.responseHash = keccak256("other");
        if (field == 2) receipt.payer = relayer;
        uint256 terms = Terms.unwrap(receipt.terms);
        if (field == 3) terms -= uint256(change) << 96;
        if (field == 4) terms += uint256(change) << 32;
        if (field == 5) terms += uint256(change) << 192;
        if (field == 6) terms += 1 << 24;
        receipt.terms = Terms.wrap(terms);
        assertGroupRefused(group, abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, prover.addr));
    }

    function test_settle_refusesEvidenceForAnotherModelOrAsset() public {
        bytes memory reason = abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, prover.addr);
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.modelId = keccak256("other model");
        assertGroupRefused(group, reason);
        group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.asset = address(this);
        assertGroupRefused(group, reason);
    }

    function test_settle_refusesSignedEvidenceOnTheTeeRoute() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.route = TEE_ROUTE;
        GroupResult memory result = settleOne(group);
        assertEq(bytes4(result.reason), IEnclaveRegistry.UnknownEnclaveKey.selector);
        assertEq(settlement.tally(Tier.TEE), 0);
    }

    function test_settle_refusesAStrangersGroup() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.authorization = authorize(payer, group);
        GroupResult memory result = settleAs(relayer, one(group))[0];
        assertEq(result.reason, abi.encodeWithSelector(ISettlement.NotAuthorized.selector, prover.addr, relayer));
        assertEq(settlement.nextSeq(), 0);
    }

    function testFuzz_settle_refusesAnUnknownRoute(bytes4 route) public {
        vm.assume(route != SIGNED_ROUTE && route != TEE_ROUTE && route != ZKML_ROUTE);
        Group memory group = bareGroup(route, one(paidReceipt(Tier.SIGNED)));
        group.evidence = sign(prover, digestOf(group));
        assertGroupRefused(group, abi.encodeWithSelector(IVerifierRouter.UnknownRoute.selector, route));
    }

    function test_settle_refusesAStoppedRoute() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        vm.prank(guardian);
        router.stop(SIGNED_ROUTE);
        assertGroupRefused(group, abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, SIGNED_ROUTE));
    }

    function test_settle_refusesAnEmptyGroup() public {
        Group memory group = bareGroup(SIGNED_ROUTE, new InferenceReceipt[](0));
        assertGroupRefused(group, abi.encodeWithSelector(ISettlement.EmptyGroup.selector));
    }

    function test_settle_refusesTwoPaymentsForOneReceipt() public {
        Group memory group = signedGroup(two(paidReceipt(Tier.SIGNED), paidReceipt(Tier.SIGNED)));
        bytes memory reason = abi.encodeWithSelector(ISettlement.PaymentOutOfOrder.selector, 1, 1, 2);
        group.payments[1].first = 0;
        assertGroupRefused(group, reason);
        group.payments[1].first = 2;
        assertGroupRefused(group, reason);
        (group.payments[1].first, group.payments[1].count) = (1, 0);
        assertGroupRefused(group, reason);
        (group.payments[1].first, group.payments[1].count) = (1, type(uint32).max);
        assertGroupRefused(group, reason);
    }

    function test_settle_refusesAPaymentThatIsNoEncoding() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.payments[0].data = hex"01";
        assertGroupRefused(group, abi.encodeWithSelector(ISettlement.MalformedGroup.selector));
    }

    function test_settleGroup_revertsForAnybodyElse() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.OnlySelf.selector, prover.addr));
        vm.prank(prover.addr);
        settlement.settleGroup(0, prover.addr, one(group));
    }

    /* TEE */

    function test_settle_refusesARevokedEnclaveKey() public {
        Group memory group = teeGroup(one(paidReceipt(Tier.TEE)));
        vm.prank(prover.addr);
        enclaves.revoke(keyOf(enclave));
        assertGroupRefused(
            group, abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyRevoked.selector, keyOf(enclave), block.timestamp)
        );
    }

    function test_settle_refusesAnExpiredEnclaveKey() public {
        Group memory group = teeGroup(one(freeReceipt(1)));
        uint40 validUntil = enclaves.getKey(keyOf(enclave)).validUntil;
        vm.warp(validUntil - 1);
        uint256 snapshot = vm.snapshotState();
        assertEq(settleOne(group).settled, 1, "last second");
        vm.revertToState(snapshot);
        vm.warp(block.timestamp + 1);
        assertGroupRefused(
            group,
            abi.encodeWithSelector(
                IEnclaveRegistry.EnclaveKeyExpired.selector, keyOf(enclave), validUntil, block.timestamp
            )
        );
    }

    function test_settle_refusesAnEnclaveKeyOfAnotherModel() public {
        Vm.Wallet memory other = vm.createWallet("other enclave");
        vm.startPrank(prover.addr);
        bytes32 otherModel = models.register(keccak256("other weights"), "");
        models.acceptMeasurement(otherModel, readHash("enclave", "measurement"));
        vm.stopPrank();
        registerEnclave("enclave_of_other_model", other);
        Group memory group = teeGroup(one(paidReceipt(Tier.TEE)));
        group.evidence = sign(other, digestOf(group));
        assertGroupRefused(
            group,
            abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyMismatch.selector, keyOf(other), modelId, prover.addr)
        );
    }

    /* ZKML */

    function testFuzz_settle_refusesAProofWithAChangedWord(uint256 word, uint8 bit) public {
        ZkProof memory item = zkProof(0);
        uint256 position = 32 * bound(word, 0, item.proof.length / 32 - 1) + bound(bit, 0, 255) / 8;
        item.proof[position] ^= bytes1(uint8(1 << (bit % 8)));
        assertGroupRefused(_zkGroup(item), abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    function testFuzz_settle_refusesAChangedInstance(uint256 index, uint256 value) public {
        ZkProof memory item = zkProof(0);
        index = bound(index, 0, item.instances.length - 1);
        value = bound(value, 0, FIELD_MODULUS - 1);
        vm.assume(value != item.instances[index]);
        item.instances[index] = value;
        assertGroupRefused(_zkGroup(item), abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    function testFuzz_settle_refusesAnInstanceOutsideTheField(uint256 index) public {
        ZkProof memory item = zkProof(0);
        index = bound(index, 0, item.instances.length - 1);
        item.instances[index] += FIELD_MODULUS;
        assertGroupRefused(
            _zkGroup(item),
            abi.encodeWithSelector(IZkmlVerifier.InstanceOutOfField.selector, index, item.instances[index])
        );
    }

    function test_settle_refusesAnInstanceTooManyOrTooFew() public {
        ZkProof memory item = zkProof(0);
        uint256 count = item.instances.length;
        uint256[] memory longer = new uint256[](count + 1);
        for (uint256 i; i < count; ++i) {
            longer[i] = item.instances[i];
        }
        item.instances = longer;
        assertGroupRefused(
            _zkGroup(item), abi.encodeWithSelector(IZkmlVerifier.InstanceCountMismatch.selector, count, count + 1)
        );
        assembly {
            mstore(longer, sub(count, 1))
        }
        assertGroupRefused(
            _zkGroup(item), abi.encodeWithSelector(IZkmlVerifier.InstanceCountMismatch.selector, count, count - 1)
        );
    }

    function test_settle_refusesAProofOfAnotherRequestOrResponse() public {
        (bytes32 request, bytes32 response) = zkHashes(zkProof(0));
        InferenceReceipt memory receipt = zkReceipt(Tier.ZKML);
        receipt.requestHash = keccak256("other");
        assertGroupRefused(
            zkmlGroup(one(receipt)),
            abi.encodeWithSelector(IZkmlVerifier.RequestMismatch.selector, receipt.requestHash, request)
        );
        receipt = zkReceipt(Tier.ZKML);
        receipt.responseHash = keccak256("other");
        assertGroupRefused(
            zkmlGroup(one(receipt)),
            abi.encodeWithSelector(IZkmlVerifier.ResponseMismatch.selector, receipt.responseHash, response)
        );
    }

    function test_settle_refusesAProofTooManyOrTooFew() public {
        Group memory group = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        group.evidence = abi.encode(uint32(0), new ZkProof[](0));
        assertGroupRefused(group, abi.encodeWithSelector(IZkmlVerifier.ProofCountMismatch.selector, 1, 0));
        group.evidence = abi.encode(uint32(0), new ZkProof[](2));
        assertGroupRefused(group, abi.encodeWithSelector(IZkmlVerifier.ProofCountMismatch.selector, 1, 2));
    }

    function test_settle_refusesEvidenceThatIsNoEncoding() public {
        Group memory group = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        group.evidence = hex"deadbeef";
        assertGroupRefused(group, abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
        group = teeGroup(one(paidReceipt(Tier.TEE)));
        group.evidence = hex"deadbeef";
        assertGroupRefused(group, abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
    }

    /* RECEIPTS */

    function test_settle_skipsAReceiptReplayedInTheSameGroup() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED);
        Group memory group = signedGroup(two(receipt, receipt));
        expectReceiptSkipped(group, 1, _alreadySettled(receipt));
        GroupResult memory result = settleOne(group);
        assertEq(result.settled, 1);
        assertEq(result.skipped, 1);
        assertEq(usdc.balanceOf(payer.addr), 1_000_000 - PRICE, "paid once");
        assertEq(settlement.tally(Tier.SIGNED), 1, "counted once");
    }

    function test_settle_skipsAReceiptReplayedInAnotherGroup() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED);
        settleOne(signedGroup(one(receipt)));
        Group memory again = teeGroup(one(receipt));
        expectReceiptSkipped(again, 0, _alreadySettled(receipt));
        assertEq(settleOne(again).skipped, 1);
        assertEq(settlement.nextSeq(), 1, "counted once");
        assertEq(usdc.balanceOf(payer.addr), 1_000_000 - PRICE, "paid once");
    }

    function test_settle_skipsAnAmountAboveTheSignedMaximum() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED, MAX_PRICE + 1);
        Group memory group = signedGroup(one(receipt));
        _assertSkipped(group, abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, MAX_PRICE + 1, MAX_PRICE));
    }

    function test_settle_takesTheSignedMaximum() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED, MAX_PRICE);
        assertEq(settleOne(signedGroup(one(receipt))).settled, 1);
    }

    function test_settle_skipsAPayAddressOfALowerTierThanTheFloor() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.TEE);
        Group memory group = teeGroup(one(receipt));
        group.payments[0] = payWith(receipt, 0, payer, payAddresses.addressOf(prover.addr, uint8(Tier.SIGNED)));
        _assertSkipped(group, _paymentFailed(abi.encodeWithSelector(PERMIT2_INVALID_SIGNER)));
    }

    function test_settle_skipsAFloorThatThePayerDidNotSign() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED);
        Group memory group = signedGroup(one(receipt));
        group.payments[0] = payWith(receipt, 0, payer, payAddresses.addressOf(prover.addr, uint8(Tier.ZKML)));
        _assertSkipped(group, _paymentFailed(abi.encodeWithSelector(PERMIT2_INVALID_SIGNER)));
    }

    function testFuzz_settle_skipsATierBelowTheFloor(uint8 floor) public {
        vm.assume(floor != uint8(Tier.SIGNED));
        InferenceReceipt memory receipt = freeReceipt(1);
        receipt.terms = packTerms(1, 0, 0, floor);
        _assertSkipped(
            signedGroup(one(receipt)), abi.encodeWithSelector(ISettlement.BelowFloor.selector, Tier.SIGNED, floor)
        );
    }

    function test_settle_skipsAPayerWithoutFundsAndSettlesTheOthers() public {
        Vm.Wallet memory poor = vm.createWallet("poor");
        vm.prank(poor.addr);
        usdc.approve(PERMIT2, type(uint256).max);
        InferenceReceipt[] memory receipts = two(paidReceipt(Tier.SIGNED), paidReceipt(Tier.SIGNED));
        receipts[0].payer = poor.addr;
        Group memory group = signedGroup(receipts);
        group.payments[0] =
            payWith(receipts[0], 0, poor, payAddresses.addressOf(prover.addr, receipts[0].terms.floor()));

        expectReceiptSkipped(group, 0, _paymentFailed(abi.encodeWithSignature("Error(string)", "TRANSFER_FROM_FAILED")));
        GroupResult memory result = settleOne(group);

        assertEq(result.settled, 1);
        assertEq(result.skipped, 1);
        assertEq(usdc.balanceOf(payer.addr), 1_000_000 - PRICE);
    }

    function test_settle_skipsAPaidReceiptWithoutPayment() public {
        Group memory group = signedGroup(one(paidReceipt(Tier.SIGNED)));
        group.payments = new Payment[](0);
        _assertSkipped(group, abi.encodeWithSelector(ISettlement.PaymentMissing.selector, 0));
    }

    function test_settle_skipsAPayerWithoutAnAmount() public {
        InferenceReceipt memory receipt = freeReceipt(1);
        receipt.payer = payer.addr;
        _assertSkipped(
            signedGroup(one(receipt)),
            abi.encodeWithSelector(ISettlement.PayerMismatch.selector, address(0), payer.addr, 0)
        );
    }

    function test_settle_skipsAPaymentAfterItsDeadline() public {
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED);
        Group memory group = signedGroup(one(receipt));
        uint256 deadline = block.timestamp + 300;
        vm.warp(deadline + 1);
        _assertSkipped(group, _paymentFailed(abi.encodeWithSignature("SignatureExpired(uint256)", deadline)));
    }

    /* GAS */

    function testFuzz_settle_neverTakesStarvationForBadEvidence(uint256 gasLimit) public {
        Group[] memory groups = one(zkmlGroup(one(zkReceipt(Tier.ZKML))));
        gasLimit = bound(gasLimit, 60_000, 2_500_000);
        vm.prank(prover.addr);
        try settlement.settle{gas: gasLimit}(groups) returns (GroupResult[] memory results) {
            assertEq(results[0].settled, 1, "either settled");
        } catch (bytes memory reason) {
            bool starved = reason.length == 0 || bytes4(reason) == ISettlement.NotEnoughGas.selector;
            assertTrue(starved, "or reverted for want of gas");
        }
    }

    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    function _zkGroup(ZkProof memory item) private returns (Group memory group) {
        InferenceReceipt memory receipt = paidReceipt(Tier.ZKML);
        (receipt.requestHash, receipt.responseHash) = zkHashes(item);
        ZkProof[] memory proofs = new ZkProof[](1);
        proofs[0] = item;
        group = bareGroup(ZKML_ROUTE, one(receipt));
        group.evidence = abi.encode(uint32(0), proofs);
    }

    function _assertSkipped(Group memory group, bytes memory reason) private {
        uint256 balance = usdc.balanceOf(payer.addr);
        expectReceiptSkipped(group, 0, reason);
        GroupResult memory result = settleOne(group);
        assertEq(result.reason, "", "the group itself is fine");
        assertEq(result.settled, 0, "settled");
        assertEq(result.skipped, 1, "skipped");
        assertEq(settlement.nextSeq(), 0, "seq");
        assertFalse(settlement.isNonceUsed(prover.addr, group.receipts[0].terms.nonce()), "nonce");
        assertEq(usdc.balanceOf(payer.addr), balance, "payer's balance");
    }

    function _alreadySettled(InferenceReceipt memory receipt) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISettlement.AlreadySettled.selector, prover.addr, receipt.terms.nonce());
    }

    function _paymentFailed(bytes memory cause) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlement.PaymentFailed.selector, cause);
    }
}
