// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {CircuitTest} from "./base/CircuitTest.sol";

/// The hashes that the SDK computes from requests in JSON are those that the contract computes from the proof.
contract ZkmlVerifierBindingTest is CircuitTest {
    uint256 private constant CASES = 7;
    string private vectors;

    function setUp() public override {
        super.setUp();
        vectors = vm.readFile("tests/vectors/zkml/binding.json");
        assertFalse(vm.keyExistsJson(vectors, _path(CASES, "name")), "all cases are read");
    }

    function test_verify_takesTheHashesOfTheVectors() public {
        for (uint256 i; i < CASES; ++i) {
            (Statement[] memory statements, bytes memory evidence) = _register(i);
            zkml.verify(claimOf(statements), evidence);
        }
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesAnyOtherHash(uint256 which, uint256 slot, bool ofRequest, bytes32 other) public {
        (Statement[] memory statements, bytes memory evidence) = _register(bound(which, 0, CASES - 1));
        Statement memory changed = statements[bound(slot, 0, statements.length - 1)];
        bytes32 right = ofRequest ? changed.requestHash : changed.responseHash;
        vm.assume(other != right);
        if (ofRequest) changed.requestHash = other;
        else changed.responseHash = other;
        bytes4 reason = ofRequest ? IZkmlVerifier.RequestMismatch.selector : IZkmlVerifier.ResponseMismatch.selector;
        vm.expectRevert(abi.encodeWithSelector(reason, other, right));
        zkml.verify(claimOf(statements), evidence);
    }

    /// A model with a stub for the circuit of one case, and what is stated with its words.
    function _register(uint256 which) private returns (Statement[] memory statements, bytes memory evidence) {
        vm.prank(modelOwner);
        modelId = models.register(keccak256(abi.encode("case", which)), "");
        IModelRegistry.Circuit memory circuit =
            stubCircuit(_number(which, "batchSize"), _number(which, "inputCount"), _number(which, "outputCount"));
        ZkProof memory item = stubProof(circuit, vm.parseJsonUintArray(vectors, _path(which, "instances")));
        add(circuit, item);
        bytes32[] memory requests = vm.parseJsonBytes32Array(vectors, _path(which, "requestHashes"));
        bytes32[] memory responses = vm.parseJsonBytes32Array(vectors, _path(which, "responseHashes"));
        statements = new Statement[](requests.length);
        for (uint256 i; i < requests.length; ++i) {
            statements[i] = Statement(requests[i], responses[i]);
        }
        evidence = evidenceOf(0, item);
    }

    function _number(uint256 which, string memory field) private view returns (uint16) {
        return uint16(vm.parseJsonUint(vectors, _path(which, field)));
    }

    function _path(uint256 which, string memory field) private pure returns (string memory) {
        return string.concat("$[", vm.toString(which), "].", field);
    }
}
