// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {
    Group,
    GroupResult,
    PaymentScheme,
    Receipt as InferenceReceipt,
    SettledGroup
} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {SettlementTest} from "./base/SettlementTest.sol";

contract SettlementSettleTest is SettlementTest {
    function test_settle_oneOfEachTierInOneTransaction() public {
        Group[] memory groups = new Group[](3);
        groups[0] = signedGroup(one(paidReceipt(Tier.SIGNED)));
        groups[1] = teeGroup(one(paidReceipt(Tier.TEE)));
        groups[2] = zkmlGroup(one(zkReceipt(Tier.ZKML)));

        GroupResult[] memory results = settleAs(prover.addr, groups);

        for (uint8 tier = uint8(Tier.SIGNED); tier <= uint8(Tier.ZKML); ++tier) {
            assertEq(results[tier - 1].settled, 1, "settled");
            assertEq(results[tier - 1].reason, "", "reason");
            assertEq(settlement.tally(Tier(tier)), 1, "tally");
            assertEq(settlement.modelTally(modelId, Tier(tier)), 1, "model tally");
            assertEq(settlement.amountTally(address(usdc), Tier(tier)), PRICE, "amount tally");
            assertEq(usdc.balanceOf(payAddresses.addressOf(prover.addr, tier)), PRICE, "paid");
            SettledGroup memory group = settlement.settledGroup(rootOf(groups[tier - 1]));
            assertEq(group.tier, tier, "stored tier");
            assertEq(group.count, 1, "stored count");
            assertEq(group.blockNumber, block.number, "stored block");
            assertEq(group.labels, tier == uint8(Tier.SIGNED) ? 0 : Labels.DEVELOPMENT, "stored labels");
        }
        assertEq(settlement.nextSeq(), 3, "seq");
        assertEq(settlement.tally(Tier.NONE), 3, "all");
        assertEq(usdc.balanceOf(address(settlement)), 0, "Settlement holds nothing");
        assertEq(usdc.balanceOf(payer.addr), 1_000_000 - 3 * PRICE, "payer");
    }

    function testFuzz_settle_emitsEverythingAboutTheInference(uint96 amount, uint64 servedAt, uint64 nonce) public {
        InferenceReceipt memory receipt = freeReceipt(nonce);
        receipt.payer = payer.addr;
        amount = uint96(bound(amount, 1, MAX_PRICE));
        receipt.terms = packTerms(nonce, amount, servedAt, 1);
        Group memory group = signedGroup(one(receipt));
        uint256 terms = Terms.unwrap(packTerms(0, amount, servedAt, 1)) | uint256(PaymentScheme.UPTO) << 8;

        vm.expectEmit(address(settlement));
        emit ISettlement.InferenceSettled(
            rootOf(group),
            payer.addr,
            Tier.SIGNED,
            modelId,
            prover.addr,
            address(usdc),
            receipt.requestHash,
            receipt.responseHash,
            terms
        );
        vm.expectEmit(address(settlement));
        emit ISettlement.GroupSettled(rootOf(group), modelId, prover.addr, SIGNED_ROUTE, Tier.SIGNED, 1, 0, 0, 0);
        settleOne(group);

        assertTrue(settlement.isNonceUsed(prover.addr, nonce));
        assertEq(usdc.balanceOf(payAddresses.addressOf(prover.addr, 1)), amount);
    }

    function test_settle_marksDevelopmentEvidence() public {
        Group memory group = teeGroup(one(freeReceipt(7)));
        vm.recordLogs();
        settleOne(group);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (,,,,, uint256 terms) = abi.decode(logs[0].data, (bytes32, address, address, bytes32, bytes32, uint256));
        assertEq(terms & 1, 1, "development flag");
    }

    /// An analyst tells by it which enclave a group rests on; signatures and proofs rest on none.
    function test_settle_namesTheKeyBehindAGroup() public {
        Group[] memory groups = new Group[](3);
        groups[0] = signedGroup(one(freeReceipt(101)));
        groups[1] = teeGroup(one(freeReceipt(102)));
        groups[2] = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        bytes32[3] memory keys = [bytes32(0), keyOf(enclave), bytes32(0)];

        vm.recordLogs();
        settleAs(prover.addr, groups);

        uint256 seen;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlement.GroupSettled.selector) continue;
            (,,,,, bytes32 key) = abi.decode(logs[i].data, (bytes4, Tier, uint32, uint32, uint8, bytes32));
            assertEq(key, keys[seen++], "key");
        }
        assertEq(seen, 3, "groups");
        assertNotEq(keys[1], 0, "the enclave's key has a name");
    }

    function testFuzz_settle_numbersInferencesWithoutGaps(uint8 first, uint8 second) public {
        uint256 firstCount = bound(first, 1, 9);
        uint256 secondCount = bound(second, 1, 9);
        Group[] memory groups = new Group[](3);
        groups[0] = signedGroup(_freeReceipts(0, firstCount));
        groups[1] = signedGroup(_freeReceipts(100, 3));
        groups[1].evidence = hex"";
        groups[2] = teeGroup(_freeReceipts(200, secondCount));

        vm.recordLogs();
        settleAs(prover.addr, groups);

        uint64 expected;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlement.InferenceSettled.selector) continue;
            (,,,,, uint256 terms) = abi.decode(logs[i].data, (bytes32, address, address, bytes32, bytes32, uint256));
            assertEq(terms >> 192, expected++, "seq");
        }
        assertEq(expected, firstCount + secondCount, "events");
        assertEq(settlement.nextSeq(), expected, "next seq");
        assertEq(settlement.tally(Tier.SIGNED), firstCount);
        assertEq(settlement.tally(Tier.TEE), secondCount);
    }

    function testFuzz_settle_storesTheRootOfManyReceipts(uint8 count) public {
        Group memory group = signedGroup(_freeReceipts(0, bound(count, 1, 40)));
        settleOne(group);
        assertEq(settlement.settledGroup(rootOf(group)).count, group.receipts.length);
    }

    function test_settle_byARelayerWithTheProversSignature() public {
        Group memory group = teeGroup(one(paidReceipt(Tier.TEE)));
        group.authorization = authorize(prover, group);
        GroupResult memory result = settleAs(relayer, one(group))[0];
        assertEq(result.settled, 1);
    }

    function test_settle_anAboveFloorTier() public {
        GroupResult memory result = settleOne(zkmlGroup(one(zkReceipt(Tier.SIGNED))));
        assertEq(result.settled, 1);
        assertEq(settlement.tally(Tier.ZKML), 1);
        assertEq(usdc.balanceOf(payAddresses.addressOf(prover.addr, uint8(Tier.SIGNED))), PRICE);
    }

    function test_settle_aBadGroupDoesNotBlockItsNeighbours() public {
        Group[] memory groups = new Group[](3);
        groups[0] = signedGroup(one(paidReceipt(Tier.SIGNED)));
        groups[1] = teeGroup(one(paidReceipt(Tier.TEE)));
        groups[1].evidence = sign(payer, digestOf(groups[1]));
        groups[2] = zkmlGroup(one(zkReceipt(Tier.ZKML)));

        GroupResult[] memory results = settleAs(prover.addr, groups);

        assertEq(results[0].settled, 1);
        assertEq(results[1].settled, 0);
        assertGt(results[1].reason.length, 0);
        assertEq(results[2].settled, 1);
        assertEq(settlement.tally(Tier.TEE), 0);
        assertEq(settlement.nextSeq(), 2);
    }

    function test_settle_storesTheRootOfWhatSettledOnly() public {
        InferenceReceipt[] memory receipts = two(paidReceipt(Tier.SIGNED), paidReceipt(Tier.SIGNED));
        receipts[1].payer = relayer; // signed by nobody
        Group memory group = signedGroup(receipts);

        GroupResult memory result = settleOne(group);

        assertEq(result.settled, 1);
        assertEq(result.skipped, 1);
        assertEq(settlement.settledGroup(rootOf(group)).tier, 0, "root with the skipped receipt");
        bytes32 settledHash = settlement.receiptHash(modelId, prover.addr, address(usdc), receipts[0]);
        assertEq(settlement.settledGroup(settledHash).count, 1, "root of the settled one");
        assertFalse(settlement.isNonceUsed(prover.addr, receipts[1].terms.nonce()), "nonce of the skipped receipt");
    }

    function test_settle_aSkippedReceiptMayComeAgain() public {
        Vm.Wallet memory poor = vm.createWallet("poor");
        InferenceReceipt memory receipt = paidReceipt(Tier.SIGNED);
        receipt.payer = poor.addr;
        Group memory group = signedGroup(one(receipt));
        group.payments[0] = payWith(receipt, 0, poor, payAddresses.addressOf(prover.addr, receipt.terms.floor()));
        assertEq(settleOne(group).skipped, 1);

        fund(poor, PRICE);
        assertEq(settleOne(group).settled, 1);
    }

    function _freeReceipts(uint64 firstNonce, uint256 count) private view returns (InferenceReceipt[] memory receipts) {
        receipts = new InferenceReceipt[](count);
        for (uint64 i; i < count; ++i) {
            receipts[i] = freeReceipt(firstNonce + i);
        }
    }
}
