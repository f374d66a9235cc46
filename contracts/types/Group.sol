// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The claim about one inference. Hashed by EIP-712 together with its group's model, prover and asset
/// (see {ReceiptHash}), so that a receipt hash stands for itself.
struct Receipt {
    /// @dev Commitment to the request; what is committed to depends on the tier (docs/architecture.md).
    bytes32 requestHash;
    /// @dev Commitment to the response.
    bytes32 responseHash;
    /// @dev Who pays. Zero exactly when `amount` is zero: a payer is only ever named by a payment that it signed.
    address payer;
    /// @dev Charged amount in base units of the group's asset.
    uint96 amount;
    /// @dev Unix time in seconds at which the prover served the result.
    uint64 servedAt;
    /// @dev The prover's own number for this receipt: unordered, used once.
    uint64 nonce;
    /// @dev Lowest tier (as a number) that the payer accepts.
    uint8 floor;
}

/// @notice The x402 schemes that Settlement can collect.
enum PaymentScheme {
    UPTO
}

/// @notice How one paid receipt is collected.
struct Payment {
    PaymentScheme scheme;
    /// @dev Index of the paid receipt in the group.
    uint32 receiptIndex;
    /// @dev ABI encoding of the scheme's own struct, for `UPTO` an {UptoPayment}.
    bytes data;
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

/// @notice Receipts of one model, one prover, one route and one asset, backed by one piece of evidence.
struct Group {
    bytes32 modelId;
    address prover;
    /// @dev Route of the verifier in the {VerifierRouter}; it fixes the tier.
    bytes4 route;
    /// @dev ERC-20 token in which the receipts are charged.
    address asset;
    Receipt[] receipts;
    /// @dev What the route's verifier asks for (see the verifiers' interfaces).
    bytes evidence;
    /// @dev The prover's signature over the authorization digest; may be empty when the prover itself submits.
    bytes authorization;
    /// @dev One entry for every receipt with a non-zero amount, in any order.
    Payment[] payments;
}

/// @notice What happened to one group of a `settle` call.
struct GroupResult {
    /// @dev Number of receipts that settled.
    uint32 settled;
    /// @dev Number of receipts that were skipped.
    uint32 skipped;
    /// @dev Why the whole group was skipped: ABI-encoded custom error; empty when it was not.
    bytes reason;
}

/// @notice What Settlement remembers of a settled group, in one slot.
struct SettledGroup {
    /// @dev Tier (as a number) that the contract verified; zero when the root is unknown.
    uint8 tier;
    /// @dev The evidence rests on a development root or a development SRS.
    bool development;
    uint32 count;
    uint64 blockNumber;
}
