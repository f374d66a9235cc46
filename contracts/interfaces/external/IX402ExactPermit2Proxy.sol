// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IX402UptoPermit2Proxy} from "./IX402UptoPermit2Proxy.sol";

/// @title x402's proxy for the scheme `exact` over Permit2
/// @notice Interface facts of the x402 contracts, v2. Anybody may call; the permitted amount moves, no more, no less.
/// @dev Permit structs, events and the errors that apply are those of {IX402UptoPermit2Proxy}.
interface IX402ExactPermit2Proxy {
    /// @notice What the owner signs besides the permit: recipient, and the unix time in seconds before which nothing moves.
    struct Witness {
        address to;
        uint256 validAfter;
    }

    /// @notice Moves the permitted amount from `owner` to `witness.to` through Permit2.
    /// @param permit What the owner permitted: token, amount, Permit2 nonce and deadline (unix seconds).
    /// @param owner The payer.
    /// @param witness What else the owner signed.
    /// @param signature The owner's signature.
    function settle(
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external;

    /// @notice {settle}, after an EIP-2612 permit that lets Permit2 move the owner's tokens.
    /// @dev A permit that fails does not stop the payment: the allowance may be there already.
    /// @param permit2612 The owner's EIP-2612 permit for Permit2; its value is the permitted amount.
    /// @param permit As in {settle}.
    /// @param owner The payer.
    /// @param witness What else the owner signed.
    /// @param signature The owner's signature.
    function settleWithPermit(
        IX402UptoPermit2Proxy.EIP2612Permit calldata permit2612,
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external;
}
