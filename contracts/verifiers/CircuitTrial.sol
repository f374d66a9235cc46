// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ZkProof} from "../interfaces/IZkmlVerifier.sol";
import {Halo2Call} from "./Halo2Call.sol";

/// @notice Puts a generated verifier to the test before it is registered: it must accept a valid proof and refuse every
/// mutation of it.
/// @dev A changed instance, evaluation or point is found out only after a whole verification, the rest at once: together
/// it costs about six verifications. A refusal for want of gas cannot pass for a refusal of
/// the mutation, because every call gets the gas in which the valid proof was accepted.
library CircuitTrial {
    /// @notice Shortest proof: its first, middle and last word are different ones.
    uint256 internal constant MIN_PROOF_BYTES = 96;

    /// @notice How many mutations there are.
    uint256 internal constant MUTATIONS = uint256(type(IModelRegistry.Mutation).max) + 1;

    /// @notice Reverts unless `verifier` accepts the proof and refuses all mutations of it.
    /// @param verifier The generated verifier; holds code.
    /// @param gasLimit Gas that each verification gets.
    /// @param proof A valid proof.
    /// @param instances Its public instances; at least one.
    function run(address verifier, uint256 gasLimit, bytes calldata proof, uint256[] calldata instances) internal view {
        require(proof.length >= MIN_PROOF_BYTES, IModelRegistry.ProofTooShort(proof.length, MIN_PROOF_BYTES));
        require(Halo2Call.accepts(verifier, gasLimit, proof, instances), IModelRegistry.ProofRefused(verifier));
        for (uint256 i; i < MUTATIONS; ++i) {
            IModelRegistry.Mutation mutation = IModelRegistry.Mutation(i);
            require(
                !_accepts(verifier, gasLimit, proof, instances, mutation),
                IModelRegistry.MutationAccepted(verifier, mutation)
            );
        }
    }

    function _accepts(
        address verifier,
        uint256 gasLimit,
        bytes calldata proof,
        uint256[] calldata instances,
        IModelRegistry.Mutation mutation
    ) private view returns (bool accepted) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        ZkProof memory item = mutate(proof, instances, mutation);
        accepted = Halo2Call.accepts(verifier, gasLimit, item.proof, item.instances);
        // Nothing that was allocated above lives on: without this the copies of all mutations would be paid for at once.
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    /// @notice A copy of a valid proof or of its instances with one mutation.
    function mutate(bytes calldata proof, uint256[] calldata instances, IModelRegistry.Mutation mutation)
        internal
        pure
        returns (ZkProof memory)
    {
        return mutation < IModelRegistry.Mutation.PROOF_SHORTER
            ? ZkProof(proof, _changeInstances(instances, mutation))
            : ZkProof(_changeProof(proof, mutation), instances);
    }

    function _changeInstances(uint256[] calldata instances, IModelRegistry.Mutation mutation)
        private
        pure
        returns (uint256[] memory changed)
    {
        uint256 count = instances.length;
        if (mutation == IModelRegistry.Mutation.INSTANCE_MISSING) return instances[:count - 1];
        if (mutation == IModelRegistry.Mutation.INSTANCE_EXTRA) {
            changed = new uint256[](count + 1);
            for (uint256 i; i < count; ++i) {
                changed[i] = instances[i];
            }
            return changed;
        }
        changed = instances;
        if (mutation == IModelRegistry.Mutation.INSTANCE_PLUS_MODULUS) {
            changed[count - 1] += Halo2Call.FIELD_MODULUS;
        } else {
            uint256 index = mutation == IModelRegistry.Mutation.INPUT_PLUS_ONE ? 0 : count - 1;
            changed[index] = addmod(changed[index], 1, Halo2Call.FIELD_MODULUS);
        }
    }

    function _changeProof(bytes calldata proof, IModelRegistry.Mutation mutation)
        private
        pure
        returns (bytes memory changed)
    {
        uint256 length = proof.length;
        if (mutation == IModelRegistry.Mutation.PROOF_SHORTER) return proof[:length - 32];
        if (mutation == IModelRegistry.Mutation.PROOF_LONGER) return bytes.concat(proof, bytes32(0));
        if (mutation == IModelRegistry.Mutation.PROOF_EMPTY) return "";
        if (mutation == IModelRegistry.Mutation.PROOF_ZERO) return new bytes(length);

        changed = proof;
        if (mutation == IModelRegistry.Mutation.FIRST_POINT_REPLACED) {
            _putGenerator(changed);
            return changed;
        }
        uint256 words = length / 32;
        uint256 word = words - 1;
        if (mutation == IModelRegistry.Mutation.FIRST_WORD_FLIPPED) word = 0;
        if (mutation == IModelRegistry.Mutation.MIDDLE_WORD_FLIPPED) word = words / 2;
        changed[word * 32 + 31] ^= 0x01;
    }

    /// @dev Begins the proof with (1, 2), a point that passes all checks of its encoding.
    function _putGenerator(bytes memory proof) private pure {
        assembly ("memory-safe") {
            mstore(add(proof, 0x20), 1)
            mstore(add(proof, 0x40), 2)
        }
    }
}
