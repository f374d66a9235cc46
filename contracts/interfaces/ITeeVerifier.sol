// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEnclaveRegistry} from "./IEnclaveRegistry.sol";
import {IVerifier} from "./IVerifier.sol";

/// @title Verifier of the tier TEE
/// @notice The evidence is a signature over the group digest by a key that the {IEnclaveRegistry} holds active for the
/// group's model and prover in this block, with a measurement that the model accepts. It has one of three forms:
/// - 65 bytes: r, s, v of secp256k1 over the digest (the default, and the cheapest);
/// - 128 bytes: x, y, r, s of P-256 over SHA-256 of the digest; a quarter million gas where a chain has no precompile;
/// - 512 bytes: modulus and signature of RSA-PSS over SHA-256 of the digest.
interface ITeeVerifier is IVerifier {
    /// @notice The registry of enclave keys.
    /// @return registry The registry.
    function ENCLAVES() external view returns (IEnclaveRegistry registry);
}
