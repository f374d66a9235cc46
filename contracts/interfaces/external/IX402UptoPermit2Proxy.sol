// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title x402's proxy for the scheme `upto`
/// @notice Interface facts of the x402 contracts, v2. Only `witness.facilitator` may call.
interface IX402UptoPermit2Proxy {
    /// @notice Token and maximum in base units, as in Permit2.
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    /// @notice What the owner permits: Permit2 nonce, and deadline in unix seconds.
    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice What the owner signs besides the permit: recipient, the only caller, and the unix time in seconds before which nothing moves.
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    /// @notice What the owner signed for the token by EIP-2612, with Permit2 as the spender.
    struct EIP2612Permit {
        uint256 value;
        uint256 deadline;
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    /// @notice A payment moved.
    event Settled();
    /// @notice A payment moved after an EIP-2612 permit was tried.
    event SettledWithPermit();

    /// @notice The token refused the EIP-2612 permit with a text.
    /// @param token The token.
    /// @param owner The payer.
    /// @param reason Its text.
    event EIP2612PermitFailedWithReason(address indexed token, address indexed owner, string reason);

    /// @notice The token refused the EIP-2612 permit with a panic.
    /// @param token The token.
    /// @param owner The payer.
    /// @param errorCode Its number.
    event EIP2612PermitFailedWithPanic(address indexed token, address indexed owner, uint256 errorCode);

    /// @notice The token refused the EIP-2612 permit with anything else.
    /// @param token The token.
    /// @param owner The payer.
    /// @param data What it reverted with.
    event EIP2612PermitFailedWithData(address indexed token, address indexed owner, bytes data);

    /// @notice The caller is not the facilitator that the owner signed for.
    error UnauthorizedFacilitator();
    /// @notice The amount is above the permitted one.
    error AmountExceedsPermitted();
    /// @notice The amount is zero.
    error InvalidAmount();
    /// @notice The recipient is the zero address.
    error InvalidDestination();
    /// @notice The owner is the zero address.
    error InvalidOwner();
    /// @notice The time of `validAfter` has not come.
    error PaymentTooEarly();
    /// @notice The EIP-2612 permit is over another value than the permitted amount.
    error Permit2612AmountMismatch();

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

    /// @notice {settle}, after an EIP-2612 permit that lets Permit2 move the owner's tokens.
    /// @dev A permit that fails does not stop the payment: the allowance may be there already.
    /// @param permit2612 The owner's EIP-2612 permit for Permit2; its value is the permitted amount.
    /// @param permit As in {settle}.
    /// @param amount Base units to move, at most the permitted amount.
    /// @param owner The payer.
    /// @param witness What else the owner signed.
    /// @param signature The owner's signature.
    function settleWithPermit(
        EIP2612Permit calldata permit2612,
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external;
}
