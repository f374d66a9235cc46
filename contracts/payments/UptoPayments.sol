// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {UptoPayment} from "../types/Group.sol";
import {IX402UptoPermit2Proxy} from "../interfaces/external/IX402UptoPermit2Proxy.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";

/// @notice Collects x402 payments of the scheme `upto`: the calling contract is the facilitator that the payer signed
/// for, so nobody else can collect them, and it charges any amount up to the signed maximum.
library UptoPayments {
    /// @notice x402's proxy, at the same address on every chain.
    IX402UptoPermit2Proxy internal constant PROXY = IX402UptoPermit2Proxy(0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002);

    /// @notice Gas that one collection may use; a proxied token with a signature check needs about 100,000.
    uint256 internal constant GAS_LIMIT = 400_000;

    /// @notice Bytes kept of a refusal: a selector and three words.
    uint256 private constant CAUSE_BYTES = 100;

    /// @notice Where the money goes.
    struct Transfer {
        address asset;
        address payer;
        address to;
        /// @dev Base units of the asset.
        uint256 amount;
    }

    /// @notice Carries out `transfer` with what its payer signed.
    /// @return success False when the proxy, Permit2 or the token refused.
    /// @return cause Their revert data, cut.
    function collect(UptoPayment memory payment, Transfer memory transfer)
        internal
        returns (bool success, bytes memory cause)
    {
        return BoundedCall.tryCall(address(PROXY), GAS_LIMIT, CAUSE_BYTES, _encode(payment, transfer));
    }

    function _encode(UptoPayment memory payment, Transfer memory transfer) private view returns (bytes memory) {
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit = IX402UptoPermit2Proxy.PermitTransferFrom({
            permitted: IX402UptoPermit2Proxy.TokenPermissions({token: transfer.asset, amount: payment.maxAmount}),
            nonce: payment.nonce,
            deadline: payment.deadline
        });
        IX402UptoPermit2Proxy.Witness memory witness = IX402UptoPermit2Proxy.Witness({
            to: transfer.to, facilitator: address(this), validAfter: payment.validAfter
        });
        return abi.encodeCall(
            IX402UptoPermit2Proxy.settle, (permit, transfer.amount, transfer.payer, witness, payment.signature)
        );
    }
}
