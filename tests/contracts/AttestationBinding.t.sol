// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

/// What an enclave puts into its document to bind its key: tests/vectors/attestation/binding.json was written by the SDK
/// (tools/make_binding_vectors.py).
contract AttestationBindingTest is Test {
    function test_commitment_isTheHashOfTheEncodedFields() public view {
        string memory json = vm.readFile("tests/vectors/attestation/binding.json");
        assertEq(vm.parseJsonBytes32(json, ".tag"), keccak256("Veritally enclave binding, version 1"));
        uint256 count;
        for (; vm.keyExistsJson(json, _at(count, "")); ++count) {
            bytes32 commitment = _commitment(json, count);
            assertEq(commitment, vm.parseJsonBytes32(json, _at(count, ".commitment")));
            bytes32 challenge = vm.parseJsonBytes32(json, _at(count, ".challenge"));
            assertEq(abi.encodePacked(commitment, challenge), vm.parseJsonBytes(json, _at(count, ".userData")));
        }
        assertEq(count, 18, "vectors");
    }

    function _commitment(string memory json, uint256 index) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                vm.parseJsonBytes32(json, ".tag"),
                vm.parseJsonUint(json, _at(index, ".chainId")),
                vm.parseJsonAddress(json, _at(index, ".registry")),
                uint8(vm.parseJsonUint(json, _at(index, ".kind"))),
                keccak256(vm.parseJsonBytes(json, _at(index, ".publicKey"))),
                vm.parseJsonAddress(json, _at(index, ".prover")),
                vm.parseJsonBytes32(json, _at(index, ".modelCommitment"))
            )
        );
    }

    function _at(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".vectors[", vm.toString(index), "]", field);
    }
}
