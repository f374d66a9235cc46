// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A generated verifier up to its pairing, for proofs that are verified together
/// @notice Made from the verifier of the same circuit by the model build. It is no verifier: by itself its answer says
/// nothing of a proof.
interface IHalo2Accumulator {
    /// @notice Does what the verifier does before its pairing; reverts where the verifier reverts before it.
    /// @param proof The proof.
    /// @param instances Public instances: input words, then output words.
    /// @return words x and y of `lhs` without the points that all proofs share, x and y of `rhs`; then the factors of
    /// what is missing in `lhs`: that of the generator G1, that of the first point of the verifying key, and the ratio
    /// of each point's factor to that of the point before.
    function accumulate(bytes calldata proof, uint256[] calldata instances)
        external
        view
        returns (uint256[7] memory words);

    /// @notice What all proofs of the circuit share.
    /// @return words The point -s * G2 of the SRS (x_1, x_2, y_1, y_2), then x and y of each point of the verifying key.
    function verifyingKey() external view returns (uint256[] memory words);
}
