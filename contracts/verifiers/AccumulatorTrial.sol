// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ZkProof} from "../interfaces/IZkmlVerifier.sol";
import {PublicCeremony} from "../libraries/PublicCeremony.sol";
import {CircuitTrial} from "./CircuitTrial.sol";
import {Halo2Batch} from "./Halo2Batch.sol";
import {Halo2Call} from "./Halo2Call.sol";

/// @notice Puts an accumulator to the test before it is registered: together with {Halo2Batch} it must accept two proofs
/// that its circuit's verifier accepts, and refuse them when either is mutated, or when they swap their instances.
/// @dev A refusal for want of gas cannot pass for a refusal of the mutation: each call gets twice the gas in which the
/// valid proofs were accepted.
library AccumulatorTrial {
    /// @notice Reverts unless the accumulator passes.
    /// @param circuit Its circuit.
    /// @param accumulator The accumulator; holds code.
    /// @param first A valid proof.
    /// @param second A valid proof with other instances: where inputs are committed, with other outputs.
    function run(
        IModelRegistry.Circuit memory circuit,
        IModelRegistry.Accumulator calldata accumulator,
        ZkProof calldata first,
        ZkProof calldata second
    ) internal view {
        (bool known, uint256[] memory key) = Halo2Batch.tryVerifyingKey(accumulator.accumulator);
        require(known && (circuit.developmentSrs || PublicCeremony.isOf(key)), IModelRegistry.NotThePublicCeremony());
        _requireValid(circuit, first);
        _requireValid(circuit, second);
        uint256 gasNeeded = gasleft();
        require(_accepts(accumulator, first, second), IModelRegistry.ProofRefused(accumulator.accumulator));
        gasNeeded = 2 * (gasNeeded - gasleft());
        _requireMutationsRefused(accumulator, first, second, gasNeeded);
        _requireEnoughGas(gasNeeded);
        require(
            !_accepts(accumulator, ZkProof(first.proof, second.instances), ZkProof(second.proof, first.instances)),
            IModelRegistry.SwapAccepted(accumulator.accumulator)
        );
    }

    function _requireValid(IModelRegistry.Circuit memory circuit, ZkProof calldata item) private view {
        require(
            Halo2Call.accepts(circuit.verifier, circuit.proofGas, item.proof, item.instances),
            IModelRegistry.ProofRefused(circuit.verifier)
        );
    }

    function _requireMutationsRefused(
        IModelRegistry.Accumulator calldata accumulator,
        ZkProof calldata first,
        ZkProof calldata second,
        uint256 gasNeeded
    ) private view {
        for (uint256 i; i < CircuitTrial.MUTATIONS; ++i) {
            IModelRegistry.Mutation mutation = IModelRegistry.Mutation(i);
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            _requireEnoughGas(gasNeeded);
            bool inFirst = _accepts(accumulator, CircuitTrial.mutate(first.proof, first.instances, mutation), second);
            _requireEnoughGas(gasNeeded);
            bool inSecond = _accepts(accumulator, first, CircuitTrial.mutate(second.proof, second.instances, mutation));
            require(!inFirst && !inSecond, IModelRegistry.MutationAccepted(accumulator.accumulator, mutation));
            // Nothing that was allocated above lives on.
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    function _requireEnoughGas(uint256 needed) private view {
        uint256 available = gasleft();
        require(available >= needed, Halo2Call.NotEnoughGasForProof(available, needed));
    }

    function _accepts(IModelRegistry.Accumulator calldata accumulator, ZkProof memory first, ZkProof memory second)
        private
        view
        returns (bool)
    {
        ZkProof[] memory proofs = new ZkProof[](2);
        (proofs[0], proofs[1]) = (first, second);
        return Halo2Batch.accepts(accumulator.accumulator, accumulator.proofGas, proofs);
    }
}
