// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";
import {ReferenceTree} from "./base/ReferenceTree.sol";

/// What dApps ask: has this receipt settled, and at which tier?
contract SettlementInclusionTest is PaymentTest {
    function testFuzz_settledTier_ofEveryReceiptOfAGroup(uint8 count, uint8 index, bool tee) public {
        uint256 receipts = bound(count, 1, 33);
        index = uint8(bound(index, 0, receipts - 1));
        Group memory group = _group(receipts, tee ? TEE_ROUTE : SIGNED_ROUTE);
        bytes32[] memory proof = ReferenceTree.proof(_hashes(group), index);
        assertEq(uint8(_tier(group, index, proof)), uint8(Tier.NONE), "before");

        settleOne(group);

        Tier tier = tee ? Tier.TEE : Tier.SIGNED;
        assertEq(uint8(_tier(group, index, proof)), uint8(tier), "tier");
        for (uint8 asked; asked <= uint8(Tier.ZKML); ++asked) {
            if (asked > uint8(tier)) {
                vm.expectRevert(abi.encodeWithSelector(ISettlement.NotSettled.selector, tier, Tier(asked)));
            }
            _require(group, index, proof, Tier(asked));
        }
    }

    function testFuzz_requireSettled_refusesAnUnsettledReceiptEvenAtTierNone(uint64 nonce) public {
        Group memory group = signedGroup(one(freeReceipt(nonce)));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotSettled.selector, Tier.NONE, Tier.NONE));
        _require(group, 0, new bytes32[](0), Tier.NONE);
    }

    function testFuzz_settledTier_ofASkippedReceiptIsNone(uint8 count, uint8 skipped) public {
        uint256 receipts = bound(count, 2, 17);
        skipped = uint8(bound(skipped, 0, receipts - 1));
        Group memory group = _group(receipts, SIGNED_ROUTE);
        group.receipts[skipped].terms = packTerms(1000, PRICE, SERVED_AT, 1); // unpaid
        group.evidence = sign(prover, digestOf(group));
        bytes32[] memory all = _hashes(group);
        assertEq(settleOne(group).skipped, 1);

        // under the tree that the prover signed nothing is to be found
        for (uint256 i; i < receipts; ++i) {
            assertEq(uint8(_tier(group, i, ReferenceTree.proof(all, i))), 0, "the signed tree");
        }
        // under the tree of what settled, everything that did
        bytes32[] memory settled = new bytes32[](receipts - 1);
        for (uint256 i; i < settled.length; ++i) {
            settled[i] = all[i < skipped ? i : i + 1];
        }
        for (uint256 i; i < settled.length; ++i) {
            uint256 index = i < skipped ? i : i + 1;
            assertEq(uint8(_tier(group, index, ReferenceTree.proof(settled, i))), 1, "the settled tree");
        }
        assertEq(settlement.settledGroup(ReferenceTree.root(settled)).count, settled.length, "count");
    }

    function testFuzz_settledTier_ofAnotherReceiptIsNone(uint8 field, uint256 change) public {
        Group memory group = _group(5, SIGNED_ROUTE);
        settleOne(group);
        bytes32[] memory proof = ReferenceTree.proof(_hashes(group), 2);
        InferenceReceipt memory receipt = group.receipts[2];
        change = bound(change, 1, type(uint256).max);
        field = uint8(bound(field, 0, 6));
        if (field == 0) receipt.requestHash = bytes32(uint256(receipt.requestHash) ^ change);
        if (field == 1) receipt.responseHash = bytes32(uint256(receipt.responseHash) ^ change);
        if (field == 2) receipt.payer = address(uint160(bound(change, 1, type(uint160).max)));
        if (field == 3) receipt.terms = Terms.wrap(Terms.unwrap(receipt.terms) ^ change);
        if (field == 4) group.modelId = bytes32(uint256(group.modelId) ^ change);
        if (field == 5) group.prover = address(uint160(group.prover) ^ uint160(bound(change, 1, type(uint160).max)));
        if (field == 6) group.asset = address(uint160(group.asset) ^ uint160(bound(change, 1, type(uint160).max)));
        assertEq(uint8(_tier(group, 2, proof)), uint8(Tier.NONE));
    }

    function testFuzz_settledTier_needsTheRightProof(uint8 level, uint256 change) public {
        Group memory group = _group(8, SIGNED_ROUTE);
        settleOne(group);
        bytes32[] memory proof = ReferenceTree.proof(_hashes(group), 3);
        level = uint8(bound(level, 0, proof.length - 1));
        proof[level] = bytes32(uint256(proof[level]) ^ bound(change, 1, type(uint256).max));
        assertEq(uint8(_tier(group, 3, proof)), uint8(Tier.NONE), "a changed node");
        assertEq(uint8(_tier(group, 3, new bytes32[](0))), uint8(Tier.NONE), "no proof");
    }

    function testFuzz_receiptHash_isOfThisContractAndChain(uint64 chainId) public {
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != block.chainid);
        Group memory group = _group(1, SIGNED_ROUTE);
        bytes32 here = _hashes(group)[0];
        bytes32 digestHere = digestOf(group);
        vm.chainId(chainId);
        assertNotEq(_hashes(group)[0], here, "receipt");
        assertNotEq(digestOf(group), digestHere, "group");
    }

    function _group(uint256 count, bytes4 route) private view returns (Group memory group) {
        InferenceReceipt[] memory receipts = receiptsOf(1, count, address(0), 0, 1);
        return route == TEE_ROUTE ? teeGroup(receipts) : signedGroup(receipts);
    }

    function _hashes(Group memory group) private view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](group.receipts.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = settlement.receiptHash(group.modelId, group.prover, group.asset, group.receipts[i]);
        }
    }

    function _tier(Group memory group, uint256 index, bytes32[] memory proof) private view returns (Tier) {
        return settlement.settledTier(group.modelId, group.prover, group.asset, group.receipts[index], proof);
    }

    function _require(Group memory group, uint256 index, bytes32[] memory proof, Tier minTier) private view {
        settlement.requireSettled(group.modelId, group.prover, group.asset, group.receipts[index], proof, minTier);
    }
}
