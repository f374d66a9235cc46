// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Terms} from "./Terms.sol";

/// @notice The claim about one inference. Hashed by EIP-712 together with its group's model, prover and asset
/// (see {ReceiptHash}), so that a receipt hash stands for itself.
struct Receipt {
    /// @dev Commitment to the request; what is committed to depends on the tier (docs/architecture.md).
    bytes32 requestHash;
    /// @dev Commitment to the response.
    bytes32 responseHash;
    /// @dev Who pays. Zero exactly when the amount is zero: a payer is only ever named by a payment that it signed.
    address payer;
    /// @dev Nonce, amount, servedAt and floor.
    Terms terms;
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
    /// @dev How the paid receipts are collected, sorted by the receipts that they cover.
    Payment[] payments;
}

/// @notice The x402 schemes that Settlement can collect.
enum PaymentScheme {
    NONE,
    UPTO,
    UPTO_WITH_PERMIT,
    BATCH_SETTLEMENT,
    EXACT
}

/// @notice How a run of paid receipts of one payer and one floor is collected: their sum, at once or not at all.
struct Payment {
    PaymentScheme scheme;
    /// @dev Index of the first receipt that it covers.
    uint32 first;
    /// @dev Number of receipts that it covers.
    uint32 count;
    /// @dev ABI encoding of the scheme's own struct (types/Payments.sol).
    bytes data;
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
    /// @dev Bits of {Labels}: how the evidence is weaker than the tier says. A contract that acts on a result looks at
    /// them: UNBOUND evidence may be shown again by anybody.
    uint8 labels;
    uint32 count;
    uint64 blockNumber;
}
