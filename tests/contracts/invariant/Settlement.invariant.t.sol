// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {IFiatToken} from "../base/RealParts.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// What holds after any sequence of steps. The handler's books know what was asked for; events, counters, balances and
/// nonces must all say the same.
contract SettlementInvariants is Test {
    address private constant CHANNELS = 0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003;

    SettlementHandler private handler;
    ISettlement private settlement;
    IFiatToken private usdc;
    address private prover;
    bytes32 private modelId;
    address[] private payers;
    uint256 private supply;

    function setUp() public {
        handler = new SettlementHandler();
        handler.prepare();
        address token;
        (settlement, token, prover, modelId, payers) = handler.parts();
        usdc = IFiatToken(token);
        supply = _inAllHands();

        bytes4[] memory steps = new bytes4[](9);
        steps[0] = handler.settleFree.selector;
        steps[1] = handler.settleUpto.selector;
        steps[2] = handler.settleExact.selector;
        steps[3] = handler.settleChannel.selector;
        steps[4] = handler.settleUnpaid.selector;
        steps[5] = handler.settleBelowFloor.selector;
        steps[6] = handler.replay.selector;
        steps[7] = handler.withdraw.selector;
        steps[8] = handler.refund.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: steps}));
        targetContract(address(handler));
    }

    /// I1, I13
    function invariant_settlementHoldsNothing() public view {
        assertEq(usdc.balanceOf(address(settlement)), 0, "balance");
        assertEq(usdc.allowance(address(settlement), CHANNELS), 0, "allowance");
    }

    /// I2: what was settled is what the pay addresses earned; nothing appears or gets lost on the way.
    function invariant_moneyIsConserved() public view {
        uint256 received = handler.withdrawn();
        for (uint8 floor = 1; floor <= 3; ++floor) {
            received += handler.earnedAt(floor);
        }
        assertEq(received, handler.paid(), "received = settled");
        assertEq(_inAllHands(), supply, "no token appears or disappears");
    }

    /// I3, I4: every nonce that the books know is spent, and there is one inference for each.
    function invariant_eachReceiptSettlesOnce() public view {
        uint256 count = handler.spentCount();
        assertEq(count, settlement.nextSeq(), "one nonce for each inference");
        for (uint256 i = count > 20 ? count - 20 : 0; i < count; ++i) {
            assertTrue(settlement.isNonceUsed(prover, handler.spent(i)), "nonce");
        }
    }

    /// I9 (and I6 in the handler, event by event)
    function invariant_countersAreTheEvents() public view {
        assertEq(settlement.nextSeq(), handler.events(), "seq");
        assertEq(settlement.nextSeq(), handler.settled(), "settled");
        uint256 amount;
        for (uint8 tier = 1; tier <= uint8(Tier.ZKML); ++tier) {
            assertEq(settlement.tally(Tier(tier)), handler.eventsAt(Tier(tier)), "tally = events");
            assertEq(settlement.tally(Tier(tier)), handler.settledAt(Tier(tier)), "tally = books");
            assertEq(settlement.modelTally(modelId, Tier(tier)), handler.settledAt(Tier(tier)), "model tally");
            assertEq(settlement.amountTally(address(usdc), Tier(tier)), handler.paidAt(Tier(tier)), "amount tally");
            amount += settlement.amountTally(address(usdc), Tier(tier));
        }
        assertEq(amount, handler.eventAmount(), "amounts = events");
        assertEq(amount, handler.paid(), "amounts = books");
    }

    /// Every paid group of the tier TEE is backed by the one enclave.
    function invariant_theEnclaveBackedWhatItsTierWasPaid() public view {
        uint256 backed = settlement.backedAmount(handler.enclaveKey(), address(usdc));
        assertEq(backed, handler.paidAt(Tier.TEE), "backed = books");
        assertEq(backed, settlement.amountTally(address(usdc), Tier.TEE), "backed = amount tally");
    }

    function _inAllHands() private view returns (uint256 total) {
        total = usdc.balanceOf(prover) + usdc.balanceOf(CHANNELS) + usdc.balanceOf(address(settlement));
        for (uint256 i; i < payers.length; ++i) {
            total += usdc.balanceOf(payers[i]);
        }
        for (uint8 floor = 1; floor <= 3; ++floor) {
            total += usdc.balanceOf(settlement.payAddressOf(prover, floor));
        }
    }
}
