// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Settlement} from "../../../contracts/Settlement.sol";
import {Receipt} from "../../../contracts/types/Group.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {SettlementProof} from "./SettlementProof.sol";

/// Counters, for every state of Settlement in which none is about to overflow, and splits of batches. Differences of
/// counters are gathered and asserted once, because every assertion splits every path.
contract SettlementCountersProof is SettlementProof {
    uint256 private constant LANES = 4;

    /// What the counters say about all, the model and the asset.
    struct Counts {
        uint256[4] all;
        uint256[LANES] model;
        uint256[LANES] amounts;
    }

    function check_counters_ofFreeReceiptsGrowInTwoLanes(uint256 tier) public {
        _checkLanes(asTier(tier), false);
    }

    function check_counters_ofPaidReceiptsGrowInTwoLanes() public {
        _checkLanes(Tier.TEE, true);
    }

    function check_counters_ofOtherModelsStay(bytes32 model, uint256 lane) public {
        vm.assume(model != MODEL);
        vm.assume(lane < LANES);
        uint64 before = settlement.modelTally(model, Tier(lane));

        settle(settlement, Tier.ZKML, _receipts(0, 2, false), false);

        assert(settlement.modelTally(model, Tier(lane)) == before);
    }

    function check_splits_ofFreeReceiptsCountAlike(bool firstSpent, bool secondSpent) public {
        _checkSplit(false, firstSpent, secondSpent);
    }

    function check_splits_ofPaidReceiptsCountAlike(bool firstSpent, bool secondSpent) public {
        _checkSplit(true, firstSpent, secondSpent);
    }

    function _checkLanes(Tier tier, bool paid) private {
        Counts memory before = _counts(settlement);

        uint256 settled = settle(settlement, tier, _receipts(0, 2, paid), paid).settled;

        Counts memory grown = _growth(before, _counts(settlement));
        uint256 differences;
        for (uint256 i; i < LANES; ++i) {
            uint256 expected = i == 0 || i == uint256(tier) ? settled : 0;
            differences |= grown.all[i] ^ expected;
            differences |= grown.model[i] ^ expected;
            if (i != uint256(tier)) differences |= grown.amounts[i];
        }
        assert(differences == 0);
    }

    /// One Settlement gets two receipts at once, another one by one; each of them may be spent before. That the
    /// counters' values do not matter is proved above.
    function _checkSplit(bool paid, bool firstSpent, bool secondSpent) private {
        vm.assume(token.balanceOf(settlement.payAddressOf(address(this), uint8(Tier.SIGNED))) < type(uint128).max);
        Settlement joint = new Settlement(router, payAddresses);
        Settlement split = new Settlement(router, payAddresses);
        _spend(joint, split, 0, firstSpent);
        _spend(joint, split, 1, secondSpent);

        settle(joint, Tier.TEE, _receipts(0, 2, paid), paid);
        settle(split, Tier.TEE, _receipts(0, 1, paid), paid);
        settle(split, Tier.TEE, _receipts(1, 2, paid), paid);

        assert(keccak256(abi.encode(_counts(joint))) == keccak256(abi.encode(_counts(split))));
        assert(joint.isNonceUsed(address(this), 0) == split.isNonceUsed(address(this), 0));
        assert(joint.isNonceUsed(address(this), 1) == split.isNonceUsed(address(this), 1));
    }

    function _spend(Settlement joint, Settlement split, uint64 nonce, bool really) private {
        if (!really) return;
        settle(joint, Tier.SIGNED, _receipts(nonce, nonce + 1, false), false);
        settle(split, Tier.SIGNED, _receipts(nonce, nonce + 1, false), false);
    }

    function _receipts(uint64 first, uint64 end, bool paid) private pure returns (Receipt[] memory receipts) {
        receipts = new Receipt[](end - first);
        for (uint64 nonce = first; nonce < end; ++nonce) {
            uint256 amount = paid ? 1_000 + nonce : 0;
            receipts[nonce - first] = Receipt({
                requestHash: "request",
                responseHash: "response",
                payer: paid ? address(0xca11) : address(0),
                terms: Terms.wrap(uint256(nonce) << 192 | amount << 96 | uint256(Tier.SIGNED) << 24)
            });
        }
    }

    function _counts(Settlement target) private view returns (Counts memory counts) {
        for (uint256 i; i < LANES; ++i) {
            counts.all[i] = target.tally(Tier(i));
            counts.model[i] = target.modelTally(MODEL, Tier(i));
            counts.amounts[i] = target.amountTally(address(token), Tier(i));
        }
    }

    function _growth(Counts memory before, Counts memory afterwards) private pure returns (Counts memory grown) {
        unchecked {
            for (uint256 i; i < LANES; ++i) {
                vm.assume(before.all[i] < type(uint64).max - 2);
                vm.assume(before.model[i] < type(uint64).max - 2);
                vm.assume(before.amounts[i] < type(uint256).max - 10_000);
                grown.all[i] = afterwards.all[i] - before.all[i];
                grown.model[i] = afterwards.model[i] - before.model[i];
                grown.amounts[i] = afterwards.amounts[i] - before.amounts[i];
            }
        }
    }
}
