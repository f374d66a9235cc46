// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";

/// @notice The call that moves a payment: bounded gas, bounded answer, and a refusal as a reason.
library CollectCall {
    /// @notice Gas that one collection may use; a proxied token with a signature check needs about 100,000.
    uint256 internal constant GAS_LIMIT = 400_000;

    /// @dev Bytes kept of a refusal: a selector and four words, enough for a sentence of 64 letters.
    uint256 private constant CAUSE_BYTES = 132;

    /// @notice Calls `target` with {GAS_LIMIT}, which is there or the transaction reverts (see {BoundedCall}).
    /// @return reason Empty when the call returned, {ISettlement-PaymentFailed} with the cause when it did not.
    function run(address target, bytes memory input) internal returns (bytes memory reason) {
        (bool success, bytes memory cause) = BoundedCall.tryCall(target, GAS_LIMIT, CAUSE_BYTES, input);
        return success ? bytes("") : abi.encodeWithSelector(ISettlement.PaymentFailed.selector, cause);
    }
}
