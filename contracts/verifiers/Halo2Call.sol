// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IHalo2Verifier} from "../interfaces/external/IHalo2Verifier.sol";

/// @notice The only place from which generated verifiers are called: with decoded arguments, through their interface.
library Halo2Call {
    /// @notice Modulus of BN254's scalar field: every public instance is below it.
    uint256 internal constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @dev Gas between the check and the call: a fixed part, and the encoding of each word.
    uint256 private constant CALL_OVERHEAD = 10_000;
    uint256 private constant WORD_OVERHEAD = 150;

    /// @notice The call would get less gas than a proof of the circuit may need, so that its failure would say nothing.
    error NotEnoughGasForProof(uint256 available, uint256 needed);

    /// @notice Whether `verifier` accepts the proof within `gasLimit`.
    /// @dev A call forwards at most 63/64 of the gas that is left: whether that is enough is checked before it.
    /// @param verifier The generated verifier; holds code.
    /// @param gasLimit Gas that a verification may use.
    /// @param proof The proof.
    /// @param instances Its public instances.
    /// @return valid False when it refuses, fails, or needs more gas.
    function accepts(address verifier, uint256 gasLimit, bytes memory proof, uint256[] memory instances)
        internal
        view
        returns (bool valid)
    {
        uint256 words = proof.length / 32 + instances.length;
        uint256 needed = gasLimit + gasLimit / 63 + CALL_OVERHEAD + words * WORD_OVERHEAD;
        uint256 available = gasleft();
        require(available >= needed, NotEnoughGasForProof(available, needed));

        try IHalo2Verifier(verifier).verifyProof{gas: gasLimit}(proof, instances) returns (bool accepted) {
            return accepted;
        } catch {
            return false;
        }
    }
}
