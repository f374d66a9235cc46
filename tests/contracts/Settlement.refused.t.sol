// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Group, GroupResult, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {VerdictTest} from "./base/VerdictTest.sol";

/// Evidence that backs some receipts of its group and not the others.
contract SettlementRefusedTest is VerdictTest {
    function testFuzz_settle_skipsTheReceiptsThatAreNotBacked(uint256 refused, uint256 count, bool paid) public {
        count = bound(count, 1, 40);
        verifier.refuse(refused);
        Group memory group = paid
            ? judgedGroup(receiptsOf(250, count, payer.addr, 100, 1), upto(0, uint32(count), payer, 1, 4_000, 1))
            : judgedGroup(receiptsOf(250, count, address(0), 0, 1), noPayment());
        uint256 settled;
        for (uint256 i; i < count; ++i) {
            if (refused >> i & 1 == 0) ++settled;
            else expectReceiptSkipped(group, i, abi.encodeWithSelector(ISettlement.NotBacked.selector, i));
        }
        uint256 balance = usdc.balanceOf(payer.addr);

        GroupResult memory result = settleOne(group);

        assertEq(result.settled, settled, "settled");
        assertEq(result.skipped, count - settled, "skipped");
        assertEq(balance - usdc.balanceOf(payer.addr), paid ? 100 * settled : 0, "collected");
        assertEq(settlement.tally(Tier.TEE), settled, "counted");
        for (uint256 i; i < count; ++i) {
            assertEq(settlement.isNonceUsed(prover.addr, uint64(250 + i)), refused >> i & 1 == 0, "nonce");
        }
    }

    /// The first reason of several.
    function test_settle_saysFirstThatAReceiptIsNotBacked() public {
        verifier.refuse(1);
        Group memory group = judgedGroup(one(receiptOf(1, payer.addr, 100, 3)), noPayment());
        expectReceiptSkipped(group, 0, abi.encodeWithSelector(ISettlement.NotBacked.selector, 0));
        settleOne(group);
    }

    /// No bit names what lies beyond the 256th receipt.
    function test_settle_takesReceiptsBeyondTheBits() public {
        verifier.refuse(type(uint256).max);
        GroupResult memory result = settleOne(judgedGroup(receiptsOf(1, 258, address(0), 0, 1), noPayment()));
        assertEq(result.settled, 2);
        assertTrue(settlement.isNonceUsed(prover.addr, 257) && settlement.isNonceUsed(prover.addr, 258));
    }

    /// What was not backed settles later, with the same nonce and new evidence.
    function testFuzz_settle_settlesLaterWhatWasNotBacked(uint8 bad) public {
        bad = uint8(bound(bad, 0, 3));
        verifier.refuse(1 << bad);
        InferenceReceipt[] memory receipts = receiptsOf(1, 4, address(0), 0, 1);
        settleOne(judgedGroup(receipts, noPayment()));
        verifier.refuse(0);
        GroupResult memory result = settleOne(judgedGroup(one(receipts[bad]), noPayment()));
        assertEq(result.settled, 1);
        assertEq(settlement.nextSeq(), 4);
    }

    /* REAL PROOFS */

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_settle_oneBadProofSinksNoOther(uint8 count, uint8 bad, uint256 position) public {
        count = uint8(bound(count, 2, 4));
        bad = uint8(bound(bad, 0, count - 1));
        InferenceReceipt[] memory receipts = new InferenceReceipt[](count);
        ZkProof[] memory proofs = new ZkProof[](count);
        for (uint256 i; i < count; ++i) {
            receipts[i] = zkReceipt(Tier.ZKML);
            proofs[i] = zkProof(0);
        }
        Group memory group = zkmlGroup(receipts);
        proofs[bad].proof[bound(position, 0, proofs[bad].proof.length - 1)] ^= 0x01;
        group.evidence = abi.encode(uint32(0), proofs);
        uint256 balance = usdc.balanceOf(payer.addr);

        expectReceiptSkipped(group, bad, abi.encodeWithSelector(ISettlement.NotBacked.selector, bad));
        GroupResult memory result = settleOne(group);

        assertEq(result.settled, count - 1, "settled");
        assertEq(balance - usdc.balanceOf(payer.addr), uint256(PRICE) * (count - 1), "collected");
        assertFalse(settlement.isNonceUsed(prover.addr, receipts[bad].terms.nonce()), "nonce");
    }

    function test_settle_refusesAGroupWithoutAGoodProof() public {
        Group memory group = zkmlGroup(two(zkReceipt(Tier.ZKML), zkReceipt(Tier.ZKML)));
        ZkProof[] memory proofs = new ZkProof[](2);
        (proofs[0], proofs[1]) = (zkProof(0), zkProof(0));
        proofs[0].proof[100] ^= 0x01;
        proofs[1].proof[100] ^= 0x01;
        group.evidence = abi.encode(uint32(0), proofs);
        assertGroupRefused(group, abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 1));
    }
}
