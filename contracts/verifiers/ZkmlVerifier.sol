// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Verifier} from "../interfaces/external/IHalo2Verifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Claim, IVerifier, Statement} from "../interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../interfaces/IZkmlVerifier.sol";
import {Tier} from "../types/Tier.sol";

/// @title ZkmlVerifier
/// @notice See {IZkmlVerifier}. Generated verifiers are reached only through the typed call in this file.
contract ZkmlVerifier is IZkmlVerifier {
    /// @dev Modulus of BN254's scalar field.
    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @inheritdoc IZkmlVerifier
    IModelRegistry public immutable MODELS;

    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.ZKML;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (bool development) {
        IModelRegistry.Circuit memory circuit = MODELS.getCircuit(claim.modelId);
        ZkProof[] memory proofs = abi.decode(evidence, (ZkProof[]));
        uint256 count = claim.statements.length;
        require(proofs.length == count, ProofCountMismatch(count, proofs.length));

        for (uint256 i; i < count; ++i) {
            _checkInstances(circuit, claim.statements[i], proofs[i].instances);
            _checkProof(circuit, proofs[i], i);
        }
        return circuit.developmentSrs;
    }

    function _checkInstances(
        IModelRegistry.Circuit memory circuit,
        Statement calldata statement,
        uint256[] memory instances
    ) private pure {
        uint256 expected = uint256(circuit.inputs) + circuit.outputs;
        require(instances.length == expected, InstanceCountMismatch(expected, instances.length));
        for (uint256 i; i < expected; ++i) {
            require(instances[i] < FIELD_MODULUS, InstanceOutOfField(i, instances[i]));
        }

        bytes32 request = _hashWords(instances, 0, circuit.inputs);
        require(request == statement.requestHash, RequestMismatch(statement.requestHash, request));
        bytes32 response = _hashWords(instances, circuit.inputs, circuit.outputs);
        require(response == statement.responseHash, ResponseMismatch(statement.responseHash, response));
    }

    function _checkProof(IModelRegistry.Circuit memory circuit, ZkProof memory item, uint256 index) private view {
        // A call forwards at most 63/64 of what is left: with less, starvation would look like an invalid proof.
        uint256 available = gasleft() - gasleft() / 64;
        require(available >= circuit.proofGas, CircuitAboveRouteGas(circuit.proofGas, available));

        try IHalo2Verifier(circuit.verifier).verifyProof{gas: circuit.proofGas}(item.proof, item.instances) returns (
            bool valid
        ) {
            require(valid, InvalidProof(index));
        } catch {
            revert InvalidProof(index);
        }
    }

    /// @dev keccak256 of `count` words from `start`.
    function _hashWords(uint256[] memory words, uint256 start, uint256 count) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(add(words, 0x20), mul(start, 0x20)), mul(count, 0x20))
        }
    }
}
