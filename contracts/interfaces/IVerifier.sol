// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Tier} from "../types/Tier.sol";
import {Verdict} from "../types/Verdict.sol";

/// @notice Request and response commitment of one receipt.
struct Statement {
    bytes32 requestHash;
    bytes32 responseHash;
}

/// @notice What a group claims, as far as a verifier must know it.
struct Claim {
    bytes32 modelId;
    address prover;
    /// @dev Token in which the group is charged.
    address asset;
    /// @dev EIP-712 digest of (root, route). It commits to every receipt of the group.
    bytes32 groupDigest;
    /// @dev One entry per receipt, in order, for the tier ZKML; empty for SIGNED and TEE, whose evidence signs
    /// `groupDigest` and so needs no copy of what it commits to.
    Statement[] statements;
}

/// @title A verifier of evidence
/// @notice One verifier stands behind each route of the {VerifierRouter}. It is stateless towards Settlement: `verify`
/// is a view and either returns or reverts with an error that says what is wrong.
interface IVerifier {
    /// @notice The evidence is not an ABI encoding of what this verifier expects, or it burnt its gas limit.
    error MalformedEvidence();

    /// @notice The tier of everything that this verifier accepts. Constant.
    /// @return tier The tier.
    function tier() external view returns (Tier tier);

    /// @notice Checks that `evidence` backs `claim`; reverts when it backs none of its receipts.
    /// @dev Settlement bounds its gas and the bytes of its answer. A verifier that judges receipts one by one names
    /// those that are not backed in {Verdict-refused}, and only those of which want of gas cannot be the reason.
    /// @param claim What the group claims.
    /// @param evidence Evidence in the verifier's own encoding.
    /// @return verdict Labels of the evidence, and the limit of the key behind it.
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (Verdict memory verdict);
}
