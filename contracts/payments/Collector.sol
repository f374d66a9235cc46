// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Payment, PaymentScheme} from "../types/Group.sol";
import {Collection} from "../types/Payments.sol";
import {BatchPayments} from "./BatchPayments.sol";
import {ExactPayments} from "./ExactPayments.sol";
import {UptoPayments} from "./UptoPayments.sol";

/// @notice Hands a payment to the file of its x402 scheme.
library Collector {
    /// @notice Collects a payment.
    /// @return reason Empty when it was collected, else an ABI-encoded error.
    function collect(Payment calldata payment, Collection memory collection) internal returns (bytes memory reason) {
        PaymentScheme scheme = payment.scheme;
        if (scheme == PaymentScheme.UPTO) return UptoPayments.collect(payment.data, collection);
        if (scheme == PaymentScheme.UPTO_WITH_PERMIT) return UptoPayments.collectWithPermit(payment.data, collection);
        if (scheme == PaymentScheme.BATCH_SETTLEMENT) return BatchPayments.collect(payment.data, collection);
        if (scheme == PaymentScheme.EXACT) return ExactPayments.collect(payment.data, collection);
        return abi.encodeWithSelector(ISettlement.UnknownScheme.selector, scheme);
    }
}
