// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// A prover gives back what a channel to it still holds.
contract SettlementRefundTest is PaymentTest {
    function testFuzz_refundChannel_givesBackWhatIsNotClaimed(uint96 claimed, uint128 amount, uint8 floor) public {
        floor = uint8(bound(floor, 1, 3));
        claimed = uint96(bound(claimed, 0, CHANNEL_FUNDS));
        amount = uint128(bound(amount, 1, type(uint128).max));
        IX402BatchSettlement.ChannelConfig memory channel = openChannelOf(payer, floor);
        if (claimed != 0 && floor == 1) {
            assertAllSettled(
                signedGroup(receiptsOf(1, 1, payer.addr, claimed, 1), voucher(0, 1, payer, channel, claimed))
            );
        } else {
            claimed = 0;
        }
        uint256 before = usdc.balanceOf(payer.addr);
        uint256 held = CHANNEL_FUNDS - claimed;
        uint256 expected = amount < held ? amount : held;

        vm.expectEmit(address(settlement));
        emit ISettlement.ChannelRefunded(payer.addr, prover.addr, address(usdc), uint128(expected));
        vm.prank(prover.addr);
        settlement.refundChannel(channel, floor, amount);

        assertEq(usdc.balanceOf(payer.addr), before + expected, "payer");
        assertEq(earned(floor), claimed, "the prover keeps what was claimed");
        assertHoldsNothing();
    }

    function testFuzz_refundChannel_isForTheProverOnly(address caller) public {
        vm.assume(caller != prover.addr);
        IX402BatchSettlement.ChannelConfig memory channel = openChannelOf(payer, 1);
        address own = payAddresses.addressOf(caller, 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotChannelReceiver.selector, channel.receiver, own));
        vm.prank(caller);
        settlement.refundChannel(channel, 1, 1);
    }

    function testFuzz_refundChannel_isForTheFloorOfTheChannelOnly(uint8 floor) public {
        vm.assume(floor != 1);
        IX402BatchSettlement.ChannelConfig memory channel = openChannelOf(payer, 1);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlement.NotChannelReceiver.selector, channel.receiver, payAddress(floor))
        );
        vm.prank(prover.addr);
        settlement.refundChannel(channel, floor, 1);
    }

    function testFuzz_refundChannel_ofAnotherAuthorizerIsRefused(address authorizer) public {
        vm.assume(authorizer != address(settlement) && authorizer != address(0));
        IX402BatchSettlement.ChannelConfig memory channel = channelOf(payer, 1);
        channel.receiverAuthorizer = authorizer;
        openChannel(payer, channel, CHANNEL_FUNDS);
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToRefund.selector);
        vm.prank(prover.addr);
        settlement.refundChannel(channel, 1, 1);
    }

    function testFuzz_refundChannel_thenNothingIsLeftToClaim(uint96 amount) public {
        amount = uint96(bound(amount, 1, CHANNEL_FUNDS));
        IX402BatchSettlement.ChannelConfig memory channel = openChannelOf(payer, 1);
        vm.prank(prover.addr);
        settlement.refundChannel(channel, 1, CHANNEL_FUNDS);
        assertAllSkipped(
            signedGroup(receiptsOf(1, 1, payer.addr, amount, 1), voucher(0, 1, payer, channel, amount)),
            paymentFailed(abi.encodePacked(IX402BatchSettlement.ClaimExceedsBalance.selector))
        );
    }
}
