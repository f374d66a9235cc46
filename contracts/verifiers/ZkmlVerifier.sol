// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Claim, IVerifier, Statement} from "../interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../interfaces/IZkmlVerifier.sol";
import {Tier} from "../types/Tier.sol";
import {Labels, Verdict} from "../types/Verdict.sol";
import {Halo2Batch} from "./Halo2Batch.sol";
import {Halo2Call} from "./Halo2Call.sol";

/// @title ZkmlVerifier
/// @notice See {IZkmlVerifier}.
contract ZkmlVerifier is IZkmlVerifier {
    /// @dev As many as {Verdict-refused} has bits.
    uint256 private constant MAX_NAMED_RECEIPTS = 256;

    /// @dev A commitment is a point: two coordinates.
    uint256 private constant COMMITMENT_BYTES = 64;

    /// @inheritdoc IZkmlVerifier
    IModelRegistry public immutable MODELS;

    /// @param models Registry of models and circuits.
    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (Verdict memory verdict) {
        (uint32 index, ZkProof[] memory proofs) = abi.decode(evidence, (uint32, ZkProof[]));
        require(keccak256(evidence) == keccak256(abi.encode(index, proofs)), NonCanonicalEvidence());
        IModelRegistry.Circuit memory circuit = MODELS.requireCircuit(claim.modelId, index);
        uint256 count = claim.statements.length;
        require(count != 0, NoStatements());
        uint256 expected = (count + circuit.batchSize - 1) / circuit.batchSize;
        require(proofs.length == expected, ProofCountMismatch(expected, proofs.length));

        for (uint256 i; i < expected; ++i) {
            uint256 first = i * circuit.batchSize;
            uint256 end = first + circuit.batchSize < count ? first + circuit.batchSize : count;
            _checkStatements(circuit, claim.statements[first:end], proofs[i]);
        }
        return Verdict({
            labels: circuit.developmentSrs ? Labels.DEVELOPMENT : 0,
            key: 0,
            valueCap: 0,
            refused: _acceptsTogether(claim.modelId, index, proofs) ? 0 : _judge(circuit, proofs, count)
        });
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.ZKML;
    }

    /// @inheritdoc IZkmlVerifier
    function circuitOf(bytes calldata evidence) external pure returns (uint32 circuit) {
        return abi.decode(evidence, (uint32));
    }

    /// @dev Whether all proofs are valid, told at once; false when that cannot be told at once.
    function _acceptsTogether(bytes32 modelId, uint32 index, ZkProof[] memory proofs) private view returns (bool) {
        if (proofs.length == 1) return false;
        IModelRegistry.Accumulator memory batch = MODELS.getAccumulator(modelId, index);
        return batch.accumulator != address(0) && Halo2Batch.accepts(batch.accumulator, batch.proofGas, proofs);
    }

    /// @dev Bits of the receipts whose proof the circuit's verifier refuses; reverts when it refuses all of them, or one
    /// that the bits cannot name.
    function _judge(IModelRegistry.Circuit memory circuit, ZkProof[] memory proofs, uint256 count)
        private
        view
        returns (uint256 refused)
    {
        uint256 bad;
        for (uint256 i; i < proofs.length; ++i) {
            if (Halo2Call.accepts(circuit.verifier, circuit.proofGas, proofs[i].proof, proofs[i].instances)) continue;
            ++bad;
            require(bad < proofs.length && count <= MAX_NAMED_RECEIPTS, InvalidProof(i));
            refused |= ((1 << circuit.batchSize) - 1) << i * circuit.batchSize;
        }
    }

    /// @dev `statements` may be fewer than the proof has slots.
    function _checkStatements(
        IModelRegistry.Circuit memory circuit,
        Statement[] calldata statements,
        ZkProof memory item
    ) private pure {
        uint256[] memory instances = item.instances;
        uint256 inputs = circuit.inputsCommitted ? 0 : circuit.inputs;
        uint256 outputs = circuit.outputs;
        uint256 firstOutput = circuit.batchSize * inputs;
        uint256 expected = firstOutput + circuit.batchSize * outputs;
        require(instances.length == expected, InstanceCountMismatch(expected, instances.length));
        for (uint256 i; i < expected; ++i) {
            require(instances[i] < Halo2Call.FIELD_MODULUS, InstanceOutOfField(i, instances[i]));
        }

        for (uint256 i; i < statements.length; ++i) {
            bytes32 request =
                circuit.inputsCommitted ? _hashCommitment(item.proof) : _hashWords(instances, i * inputs, inputs);
            require(request == statements[i].requestHash, RequestMismatch(statements[i].requestHash, request));
            bytes32 response = _hashWords(instances, firstOutput + i * outputs, outputs);
            require(response == statements[i].responseHash, ResponseMismatch(statements[i].responseHash, response));
        }
    }

    /// @dev keccak256 of the commitment that the proof begins with.
    function _hashCommitment(bytes memory proof) private pure returns (bytes32 hash) {
        require(proof.length >= COMMITMENT_BYTES, CommitmentMissing(proof.length, COMMITMENT_BYTES));
        assembly ("memory-safe") {
            hash := keccak256(add(proof, 0x20), COMMITMENT_BYTES)
        }
    }

    /// @dev keccak256 of `count` words from `start`.
    function _hashWords(uint256[] memory words, uint256 start, uint256 count) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(add(words, 0x20), mul(start, 0x20)), mul(count, 0x20))
        }
    }
}
