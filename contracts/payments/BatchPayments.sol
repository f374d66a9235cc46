// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {IX402BatchSettlement} from "../interfaces/external/IX402BatchSettlement.sol";
import {BatchPayment, Collection} from "../types/Payments.sol";
import {CollectCall} from "./CollectCall.sol";

/// @notice Collects x402 payments of the scheme `batch-settlement`: cumulative vouchers of a payment channel.
/// @dev The channel's receiver authorizer is the calling contract, and its receiver a pay address, which cannot claim.
/// So nobody but the caller claims, and it claims the recorded total plus the sum of the receipts at hand: what a
/// channel pays and what was verified are equal by construction. Only the payer signs vouchers here: anybody can fund
/// a channel in somebody else's name and name a signer of its own, and then the event would name a payer that knows
/// nothing of it.
library BatchPayments {
    /// @notice x402's channels, at the same address on every chain.
    IX402BatchSettlement internal constant CHANNELS = IX402BatchSettlement(0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003);

    /// @notice Claims the collection's amount from the payer's channel. The tokens stay with x402's contract, booked to
    /// the pay address, until anybody has them sent there ({IX402BatchSettlement-settle}): one transfer for any number
    /// of claims, and a payee that cannot receive blocks nobody's settlement.
    function collect(bytes calldata data, Collection memory collection) internal returns (bytes memory reason) {
        if (address(CHANNELS).code.length == 0) return abi.encodeWithSelector(ISettlement.PaymentFailed.selector, "");
        BatchPayment memory payment = abi.decode(data, (BatchPayment));
        IX402BatchSettlement.ChannelConfig memory channel = payment.channel;
        if (
            channel.payer != collection.payer || channel.token != collection.asset || channel.receiver != collection.to
                || channel.receiverAuthorizer != address(this)
                || (channel.payerAuthorizer != channel.payer && channel.payerAuthorizer != address(0))
        ) {
            return abi.encodeWithSelector(ISettlement.ChannelMismatch.selector);
        }

        (, uint128 claimed) = CHANNELS.channels(CHANNELS.getChannelId(channel));
        uint256 total = claimed + collection.amount;
        if (total > payment.maxClaimableAmount) {
            return abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, total, payment.maxClaimableAmount);
        }
        return CollectCall.run(address(CHANNELS), _encodeClaim(payment, uint128(total)));
    }

    /// @notice Gives back to the payer what the channel holds beyond the claimed total, `amount` at most.
    /// @return refunded Base units that left the channel.
    function refund(IX402BatchSettlement.ChannelConfig calldata channel, uint128 amount)
        internal
        returns (uint128 refunded)
    {
        bytes32 channelId = CHANNELS.getChannelId(channel);
        (uint128 before,) = CHANNELS.channels(channelId);
        CHANNELS.refund(channel, amount);
        (uint128 afterwards,) = CHANNELS.channels(channelId);
        return before - afterwards;
    }

    function _encodeClaim(BatchPayment memory payment, uint128 total) private pure returns (bytes memory) {
        IX402BatchSettlement.VoucherClaim[] memory claims = new IX402BatchSettlement.VoucherClaim[](1);
        claims[0] = IX402BatchSettlement.VoucherClaim({
            voucher: IX402BatchSettlement.Voucher({
                channel: payment.channel, maxClaimableAmount: payment.maxClaimableAmount
            }),
            signature: payment.signature,
            totalClaimed: total
        });
        return abi.encodeCall(IX402BatchSettlement.claim, (claims));
    }
}
