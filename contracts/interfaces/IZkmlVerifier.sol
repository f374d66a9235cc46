// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IModelRegistry} from "./IModelRegistry.sol";
import {IVerifier} from "./IVerifier.sol";

/// @notice One ezkl proof with its public instances: the input words of all its inferences, unless the circuit commits to
/// them, then the output words of all of them.
struct ZkProof {
    bytes proof;
    uint256[] instances;
}

/// @title Verifier of the tier ZKML
/// @notice The evidence is `abi.encode(uint32 circuit, ZkProof[] proofs)`. `circuit` is the position of the circuit
/// among those of the model (see {IModelRegistry}). With a circuit of batch size n, proof p covers the receipts p * n to
/// p * n + n - 1 of the group, in order; so there are as many proofs as the receipts need, and only the last one may have
/// slots to spare. What is proven in those counts for nothing.
/// In a proof with n slots, each of i input and o output words, slot s owns the instances from s * i on, and from
/// n * i + s * o on. A receipt's request hash must be keccak256 of its slot's input words and its response hash keccak256
/// of the output words, as 32-byte big-endian words.
/// With a circuit whose inputs are committed, the instances are the output words alone. The proof begins with the
/// commitment, the x and the y coordinate of a point as 32-byte big-endian words, and the request hash must be keccak256
/// of these 64 bytes. The circuit's verifier holds the proof to its commitment as it holds it to its instances.
/// A proof that is refused sinks its own receipts and no others: they are named in {Verdict-refused}. Evidence that is
/// malformed, or states something else than the receipts, is refused as a whole.
/// @dev `verify` reverts with {Halo2Call-NotEnoughGasForProof} before a proof that could not have its circuit's
/// `proofGas`: then the route grants too little gas for this circuit, and the proof is not judged.
interface IZkmlVerifier is IVerifier {
    /// @notice The evidence is an ABI encoding, but not the canonical one: gaps, other offsets, or bytes behind it.
    error NonCanonicalEvidence();
    /// @notice The claim has no statements.
    error NoStatements();
    /// @notice The number of proofs is not the one that the receipts need.
    error ProofCountMismatch(uint256 expected, uint256 actual);
    /// @notice A proof has too many or too few instances for its circuit.
    error InstanceCountMismatch(uint256 expected, uint256 actual);
    /// @notice An instance is not below the scalar field's modulus.
    error InstanceOutOfField(uint256 index, uint256 value);
    /// @notice The proof is too short to begin with a commitment to its inputs.
    error CommitmentMissing(uint256 length, uint256 minimum);
    /// @notice The receipt commits to other inputs than the proof.
    error RequestMismatch(bytes32 receipt, bytes32 proven);
    /// @notice The receipt commits to other outputs than the proof.
    error ResponseMismatch(bytes32 receipt, bytes32 proven);
    /// @notice The circuit's verifier refused the proof at this position, and all others; or it refused this one, and the
    /// group has more than 256 receipts, which no verdict can name one by one.
    error InvalidProof(uint256 index);

    /// @notice The circuit that evidence names.
    /// @param evidence The evidence.
    /// @return circuit Position of the circuit among those of the model.
    function circuitOf(bytes calldata evidence) external pure returns (uint32 circuit);

    /// @notice The registry of models and circuits.
    /// @return registry The registry.
    function MODELS() external view returns (IModelRegistry registry);
}
