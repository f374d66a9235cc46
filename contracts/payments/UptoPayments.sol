// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {IX402UptoPermit2Proxy} from "../interfaces/external/IX402UptoPermit2Proxy.sol";
import {Collection, UptoPayment, UptoPaymentWithPermit} from "../types/Payments.sol";
import {CollectCall} from "./CollectCall.sol";

/// @notice Collects x402 payments of the scheme `upto`: the calling contract is the facilitator that the payer signed
/// for, so nobody else can collect them, and it charges any amount up to the signed maximum.
library UptoPayments {
    /// @notice x402's proxy, at the same address on every chain.
    IX402UptoPermit2Proxy internal constant PROXY = IX402UptoPermit2Proxy(0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002);

    /// @notice Collects from a payer whose Permit2 allowance stands.
    function collect(bytes calldata data, Collection memory collection) internal returns (bytes memory reason) {
        UptoPayment memory payment = abi.decode(data, (UptoPayment));
        if (collection.amount > payment.maxAmount) return _aboveMaximum(payment, collection);
        (IX402UptoPermit2Proxy.PermitTransferFrom memory permit, IX402UptoPermit2Proxy.Witness memory witness) =
            _signed(payment, collection);
        return CollectCall.run(
            address(PROXY),
            abi.encodeCall(
                IX402UptoPermit2Proxy.settle, (permit, collection.amount, collection.payer, witness, payment.signature)
            )
        );
    }

    /// @notice Collects from a payer that signed the allowance, too.
    function collectWithPermit(bytes calldata data, Collection memory collection)
        internal
        returns (bytes memory reason)
    {
        UptoPaymentWithPermit memory payment = abi.decode(data, (UptoPaymentWithPermit));
        if (collection.amount > payment.upto.maxAmount) return _aboveMaximum(payment.upto, collection);
        return CollectCall.run(address(PROXY), _encodeWithPermit(payment, collection));
    }

    function _encodeWithPermit(UptoPaymentWithPermit memory payment, Collection memory collection)
        private
        view
        returns (bytes memory)
    {
        (IX402UptoPermit2Proxy.PermitTransferFrom memory permit, IX402UptoPermit2Proxy.Witness memory witness) =
            _signed(payment.upto, collection);
        IX402UptoPermit2Proxy.EIP2612Permit memory allowance = IX402UptoPermit2Proxy.EIP2612Permit({
            value: payment.permitValue, deadline: payment.permitDeadline, r: payment.r, s: payment.s, v: payment.v
        });
        return abi.encodeCall(
            IX402UptoPermit2Proxy.settleWithPermit,
            (allowance, permit, collection.amount, collection.payer, witness, payment.upto.signature)
        );
    }

    function _signed(UptoPayment memory payment, Collection memory collection)
        private
        view
        returns (IX402UptoPermit2Proxy.PermitTransferFrom memory permit, IX402UptoPermit2Proxy.Witness memory witness)
    {
        permit.permitted.token = collection.asset;
        permit.permitted.amount = payment.maxAmount;
        permit.nonce = payment.nonce;
        permit.deadline = payment.deadline;
        witness.to = collection.to;
        witness.facilitator = address(this);
        witness.validAfter = payment.validAfter;
    }

    function _aboveMaximum(UptoPayment memory payment, Collection memory collection)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, collection.amount, payment.maxAmount);
    }
}
