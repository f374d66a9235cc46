// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IX402UptoPermit2Proxy} from "../interfaces/external/IX402UptoPermit2Proxy.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {Collection, UptoPayment, UptoPaymentWithPermit} from "../types/Payments.sol";
import {CollectCall} from "./CollectCall.sol";

/// @notice Collects x402 payments of the scheme `upto`: the calling contract is the facilitator that the payer signed
/// for, so nobody else can collect them, and it charges any amount up to the signed maximum.
library UptoPayments {
    /// @notice x402's proxy, at the same address on every chain.
    IX402UptoPermit2Proxy internal constant PROXY = IX402UptoPermit2Proxy(0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002);

    /// @dev Size of the ABI encoding of an {UptoPayment} with an empty signature.
    uint256 private constant MIN_BYTES = 0xe0;

    /// @notice Collects from a payer whose Permit2 allowance stands.
    /// @dev The common case, and therefore made cheap. The proxy's structs are static: their fields are encoded one
    /// after the other, as if there were no structs.
    function collect(bytes calldata data, Collection memory collection) internal returns (bytes memory reason) {
        UptoPayment calldata payment = _read(data);
        if (collection.amount > payment.maxAmount) return _aboveMaximum(payment, collection);
        return CollectCall.run(
            address(PROXY),
            abi.encodeWithSelector(
                IX402UptoPermit2Proxy.settle.selector,
                collection.asset,
                payment.maxAmount,
                payment.nonce,
                payment.deadline,
                collection.amount,
                collection.payer,
                collection.to,
                address(this),
                payment.validAfter,
                payment.signature
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

    /// @dev The struct where it lies in the calldata, without a copy. Whatever stands there, the payer's signature must
    /// fit to it.
    function _read(bytes calldata data) private pure returns (UptoPayment calldata payment) {
        require(data.length >= MIN_BYTES && uint256(bytes32(data)) == 0x20, ISettlement.MalformedGroup());
        assembly ("memory-safe") {
            payment := add(data.offset, 0x20)
        }
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
