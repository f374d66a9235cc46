// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IVerifier} from "./IVerifier.sol";

/// @title Verifier of the tier SIGNED
/// @notice The evidence is the prover's signature over the group digest: 65 bytes (r, s, v) of an externally owned
/// account, or whatever the prover's contract accepts by ERC-1271.
interface ISignedVerifier is IVerifier {
    /// @notice The evidence is not a signature of the prover over this group.
    error NotSignedByProver(address prover);
}
