// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AttestationClaims, Platform} from "../types/Claims.sol";

/// @title Verifies attestation documents of one platform
/// @notice A document is accepted when its signatures lead to the pinned root of the platform's vendor. Which code may
/// run, how old a document may be and whether debug mode is allowed is for the caller to decide: the claims say it all.
interface IAttestationVerifier {
    /// @notice Verifies a document. Reverts when it is not to be accepted. A call without a transaction (eth_call) gives
    /// the same answer.
    /// @param document The platform's document, in the form that its verifier wants.
    /// @param hints What the caller brings along so that the document can be verified; the platform's verifier says what
    /// that is. No hint makes a document acceptable that is not.
    /// @return claims What the document says.
    function verify(bytes calldata document, bytes[] calldata hints) external returns (AttestationClaims memory claims);

    /// @notice Whose documents are verified.
    /// @return platform The platform.
    function PLATFORM() external view returns (Platform platform);
}
