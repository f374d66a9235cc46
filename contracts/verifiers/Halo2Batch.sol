// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IHalo2Accumulator} from "../interfaces/external/IHalo2Accumulator.sol";
import {ZkProof} from "../interfaces/IZkmlVerifier.sol";
import {Bn254} from "../libraries/Bn254.sol";

/// @notice Verifies several proofs of one circuit together: one pairing, and one multiplication for each point of the
/// verifying key, for all of them.
/// @dev Each proof's equation enters the sum with a coefficient that is a hash of it and of all proofs before it, so
/// that a false one cannot be made up for by others (docs/zkml.md). The accumulator is called as the verifiers are: with
/// decoded arguments, by its interface, and nowhere else. Whatever it answers or does, it cannot make the caller fail.
library Halo2Batch {
    /// @dev Where the words of the verifying key hold the first point.
    uint256 private constant FIRST_POINT = 4;

    /// @dev Gas in which an accumulator must name its verifying key.
    uint256 private constant KEY_GAS = 100_000;

    /// @notice The sums over the proofs.
    struct Sum {
        Bn254.Point lhs;
        Bn254.Point rhs;
        /// @dev Factor of the generator.
        uint256 generator;
        /// @dev Factors of the verifying key's points.
        uint256[] factors;
        /// @dev Hash of all proofs so far.
        bytes32 state;
    }

    /// @notice Whether all proofs are valid.
    /// @param accumulator The circuit's accumulator; holds code.
    /// @param gasLimit Gas that one proof may use.
    /// @param proofs The proofs.
    /// @return valid False when one is invalid or there are none, and also when the gas does not suffice: it says nothing
    /// of a single proof.
    function accepts(address accumulator, uint256 gasLimit, ZkProof[] memory proofs)
        internal
        view
        returns (bool valid)
    {
        (bool known, uint256[] memory key) = tryVerifyingKey(accumulator);
        if (!known || proofs.length == 0) return false;

        Sum memory sum;
        sum.factors = new uint256[]((key.length - FIRST_POINT) / 2);
        sum.state = bytes32(uint256(uint160(accumulator)));
        for (uint256 i; i < proofs.length; ++i) {
            (bool answered, uint256[7] memory words) = _accumulate(accumulator, gasLimit, proofs[i]);
            if (!answered || !_add(sum, words, proofs[i])) return false;
        }
        return _addShared(sum, key) && Bn254.pairs(sum.lhs, sum.rhs, key);
    }

    /// @notice What all proofs of an accumulator's circuit share.
    /// @param accumulator The accumulator; holds code.
    /// @return known False when it does not say.
    /// @return key See {IHalo2Accumulator-verifyingKey}; means something only when known.
    function tryVerifyingKey(address accumulator) internal view returns (bool known, uint256[] memory key) {
        (bool success, bytes memory answer) =
            accumulator.staticcall{gas: KEY_GAS}(abi.encodeCall(IHalo2Accumulator.verifyingKey, ()));
        if (!success || answer.length < 0x40) return (false, key);
        uint256 offset;
        assembly ("memory-safe") {
            offset := mload(add(answer, 0x20))
            key := add(answer, 0x40)
        }
        known = offset == 0x20 && key.length >= FIRST_POINT && key.length == (answer.length - 0x40) / 0x20;
    }

    /// @dev What the accumulator says of a proof; `answered` is false unless that is seven words. No answer makes this
    /// revert.
    function _accumulate(address accumulator, uint256 gasLimit, ZkProof memory item)
        private
        view
        returns (bool answered, uint256[7] memory words)
    {
        bytes memory input = abi.encodeCall(IHalo2Accumulator.accumulate, (item.proof, item.instances));
        assembly ("memory-safe") {
            answered := staticcall(gasLimit, accumulator, add(input, 0x20), mload(input), words, 0xe0)
            answered := and(answered, eq(returndatasize(), 0xe0))
            mstore(0x40, input) // nothing that was allocated since lives on
        }
    }

    /// @dev Adds a proof with its coefficient.
    function _add(Sum memory sum, uint256[7] memory words, ZkProof memory item) private view returns (bool) {
        sum.state =
            keccak256(abi.encode(sum.state, keccak256(item.proof), keccak256(abi.encodePacked(item.instances)), words));
        uint256 coefficient = uint256(sum.state) % Bn254.ORDER;
        _addFactors(sum, coefficient, words);
        return Bn254.addProduct(sum.lhs, words[0], words[1], coefficient)
            && Bn254.addProduct(sum.rhs, words[2], words[3], coefficient);
    }

    function _addFactors(Sum memory sum, uint256 coefficient, uint256[7] memory words) private pure {
        uint256[] memory factors = sum.factors;
        uint256 order = Bn254.ORDER;
        sum.generator = addmod(sum.generator, mulmod(coefficient, words[4], order), order);
        assembly ("memory-safe") {
            let factor := mulmod(coefficient, mload(add(words, 0xa0)), order)
            let ratio := mload(add(words, 0xc0))
            let end := add(add(factors, 0x20), shl(5, mload(factors)))
            for { let slot := add(factors, 0x20) } lt(slot, end) { slot := add(slot, 0x20) } {
                mstore(slot, addmod(mload(slot), factor, order))
                factor := mulmod(factor, ratio, order)
            }
        }
    }

    /// @dev Adds the points that the proofs share, each once.
    function _addShared(Sum memory sum, uint256[] memory key) private view returns (bool success) {
        success = Bn254.addProduct(sum.lhs, 1, 2, sum.generator);
        for (uint256 i; i < sum.factors.length; ++i) {
            (uint256 x, uint256 y) = (key[FIRST_POINT + 2 * i], key[FIRST_POINT + 2 * i + 1]);
            success = success && Bn254.addProduct(sum.lhs, x, y, sum.factors[i]);
        }
    }
}
