// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IX402BatchSettlement} from "../interfaces/external/IX402BatchSettlement.sol";

/// @notice What Settlement wants moved.
struct Collection {
    address asset;
    address payer;
    /// @dev Pay address of (prover, floor).
    address to;
    /// @dev Base units of the asset.
    uint256 amount;
}

/// @notice What the payer signed for the x402 scheme `upto`. Owner, token, recipient and facilitator are not
/// repeated here: Settlement derives them, and the payer's signature fits only if they are the ones it signed for.
struct UptoPayment {
    /// @dev Signed maximum in base units of the asset.
    uint256 maxAmount;
    /// @dev Permit2 nonce of the payer.
    uint256 nonce;
    /// @dev Unix time in seconds after which Permit2 refuses the signature.
    uint256 deadline;
    /// @dev Unix time in seconds before which the proxy refuses the payment.
    uint256 validAfter;
    /// @dev The payer's signature over Permit2's PermitWitnessTransferFrom.
    bytes signature;
}

/// @notice The scheme `upto` of a payer that signed its allowance for Permit2 as well.
struct UptoPaymentWithPermit {
    UptoPayment upto;
    /// @dev EIP-2612 permit of the payer for Permit2: value, deadline, signature.
    uint256 permitValue;
    uint256 permitDeadline;
    bytes32 r;
    bytes32 s;
    uint8 v;
}

/// @notice A voucher of the x402 scheme `batch-settlement`. Receiver, token and payer must be the group's; the
/// receiver authorizer is Settlement, so that nobody else claims.
struct BatchPayment {
    IX402BatchSettlement.ChannelConfig channel;
    /// @dev Cumulative maximum in base units that the voucher allows.
    uint128 maxClaimableAmount;
    /// @dev The payer's signature over the voucher.
    bytes signature;
}

/// @notice An EIP-3009 authorisation of the x402 scheme `exact`. Its value is the sum of the receipts, exactly.
struct ExactPayment {
    /// @dev Unix seconds.
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nonce;
    /// @dev 65 bytes (r, s, v).
    bytes signature;
}
