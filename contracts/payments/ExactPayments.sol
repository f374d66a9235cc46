// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC3009} from "../interfaces/external/IERC3009.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {Collection, ExactPayment} from "../types/Payments.sol";
import {CollectCall} from "./CollectCall.sol";

/// @notice Collects x402 payments of the scheme `exact` by EIP-3009.
/// @dev Weaker than the other schemes: whoever sees the payer's signature can bring it to the token, and then the
/// pay address is paid without evidence. Such a payment is never credited here: only a transfer that this call makes
/// itself counts, whatever the token says about the authorisation's state, because a cancelled one looks the same.
library ExactPayments {
    /// @notice Moves exactly the collection's amount; the payer signed that amount and the pay address.
    function collect(bytes calldata data, Collection memory collection) internal returns (bytes memory reason) {
        ExactPayment memory payment = abi.decode(data, (ExactPayment));
        if (payment.signature.length != 65) {
            return abi.encodeWithSelector(ISettlement.BadSignatureLength.selector, payment.signature.length);
        }
        return CollectCall.run(collection.asset, _encode(payment, collection));
    }

    function _encode(ExactPayment memory payment, Collection memory collection) private pure returns (bytes memory) {
        bytes memory signature = payment.signature;
        bytes32 r;
        bytes32 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        return abi.encodeCall(
            IERC3009.transferWithAuthorization,
            (
                collection.payer,
                collection.to,
                collection.amount,
                payment.validAfter,
                payment.validBefore,
                payment.nonce,
                uint8(signature[64]),
                r,
                s
            )
        );
    }
}
