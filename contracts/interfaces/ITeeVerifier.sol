// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEnclaveRegistry} from "./IEnclaveRegistry.sol";
import {IVerifier} from "./IVerifier.sol";

/// @title Verifier of the tier TEE
/// @notice The evidence is a 65-byte secp256k1 signature (r, s, v) over the group digest by a key that the
/// {IEnclaveRegistry} holds active for the group's model and prover in this block, with a measurement that the model
/// accepts.
interface ITeeVerifier is IVerifier {
    /// @notice The registry of enclave keys.
    /// @return registry The registry.
    function ENCLAVES() external view returns (IEnclaveRegistry registry);
}
