// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title x402's proxy for the scheme `upto`
/// @notice Interface facts of the x402 contracts, v2. Only `witness.facilitator` may call `settle`.
interface IX402UptoPermit2Proxy {
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    event Settled();

    error UnauthorizedFacilitator();
    error AmountExceedsPermitted();
    error InvalidAmount();
    error InvalidDestination();
    error InvalidOwner();
    error PaymentTooEarly();

    /// @notice Moves `amount` of the permitted token from `owner` to `witness.to` through Permit2.
    /// @param permit What the owner permitted: token, maximum, Permit2 nonce and deadline (unix seconds).
    /// @param amount Base units to move, at most the permitted amount.
    /// @param owner The payer.
    /// @param witness What else the owner signed.
    /// @param signature The owner's signature.
    function settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external;
}
