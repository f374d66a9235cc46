// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Receipt} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {SettlementProof} from "./SettlementProof.sol";

/// Together: a nonce is spent by the first receipt that settles with it, and is never free again. For every state of
/// Settlement and every receipt, free or paid, whether the token pays or refuses.
contract SettlementOnceProof is SettlementProof {
    function check_once_whatSettlesWasFreeAndIsSpent(uint256 tier, bool paid, Receipt memory receipt) public {
        uint64 nonce = receipt.terms.nonce();
        bool before = settlement.isNonceUsed(address(this), nonce);

        bool settled = _settleOne(asTier(tier), paid, receipt);

        assert(!(before && settled));
        assert(settlement.isNonceUsed(address(this), nonce) == (before || settled));
    }

    function check_once_noOtherNonceChanges(bool paid, Receipt memory receipt, address prover, uint64 nonce) public {
        vm.assume(prover != address(this) || nonce != receipt.terms.nonce());
        bool before = settlement.isNonceUsed(prover, nonce);

        _settleOne(Tier.TEE, paid, receipt);

        assert(settlement.isNonceUsed(prover, nonce) == before);
    }

    function _settleOne(Tier tier, bool paid, Receipt memory receipt) private returns (bool) {
        Receipt[] memory receipts = new Receipt[](1);
        receipts[0] = knowFloor(receipt);
        return settle(settlement, tier, receipts, paid).settled == 1;
    }
}
