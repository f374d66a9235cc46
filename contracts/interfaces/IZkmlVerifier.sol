// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IModelRegistry} from "./IModelRegistry.sol";
import {IVerifier} from "./IVerifier.sol";

/// @notice One ezkl proof with its public instances: input words, then output words.
struct ZkProof {
    bytes proof;
    uint256[] instances;
}

/// @title Verifier of the tier ZKML
/// @notice The evidence is `abi.encode(ZkProof[])`, one proof for each receipt of the group, in order. A receipt's
/// request hash must be keccak256 of its proof's input words and its response hash keccak256 of the output words, as
/// 32-byte big-endian words.
interface IZkmlVerifier is IVerifier {
    /// @notice The number of proofs is not the number of receipts.
    error ProofCountMismatch(uint256 expected, uint256 actual);
    /// @notice A proof has too many or too few instances for the model's circuit.
    error InstanceCountMismatch(uint256 expected, uint256 actual);
    /// @notice An instance is not below the scalar field's modulus.
    error InstanceOutOfField(uint256 index, uint256 value);
    /// @notice The receipt commits to other inputs than the proof.
    error RequestMismatch(bytes32 receipt, bytes32 proven);
    /// @notice The receipt commits to other outputs than the proof.
    error ResponseMismatch(bytes32 receipt, bytes32 proven);
    /// @notice The circuit asks for more gas than the route grants.
    error CircuitAboveRouteGas(uint256 proofGas, uint256 available);
    /// @notice The model's verifier refused the proof at this position.
    error InvalidProof(uint256 index);

    /// @notice The registry of models and circuits.
    function MODELS() external view returns (IModelRegistry);
}
