// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../../contracts/interfaces/IVerifier.sol";
import {ZkProof} from "../../../contracts/interfaces/IZkmlVerifier.sol";
import {CircuitTest} from "./CircuitTest.sol";

/// A real circuit that commits to its 64 inputs, with its accumulator and real proofs of different inputs and outputs.
abstract contract CommittedTest is CircuitTest {
    uint256 internal constant PROOFS = 3;
    uint16 internal constant INPUTS = 64;
    uint16 internal constant OUTPUTS = 3;
    uint32 internal constant ACCUMULATOR_GAS = 320_000;

    string internal vectors;
    address internal committing;
    address internal committingAccumulator;
    ZkProof[] private _proofs;

    function setUp() public virtual override {
        super.setUp();
        vectors = vm.readFile("tests/vectors/zkml/committed.json");
        committing = _create(vm.parseJsonBytes(vectors, ".verifierCreationBytecode"));
        committingAccumulator = _create(vm.parseJsonBytes(vectors, ".accumulatorCreationBytecode"));
        for (uint256 i; i < PROOFS; ++i) {
            string memory path = string.concat(".proofs[", vm.toString(i), "]");
            _proofs.push();
            _proofs[i].proof = vm.parseJsonBytes(vectors, string.concat(path, ".proof"));
            _proofs[i].instances = vm.parseJsonUintArray(vectors, string.concat(path, ".instances"));
        }
    }

    function committedCircuit() internal view returns (IModelRegistry.Circuit memory) {
        return committedCircuitOf(committing);
    }

    function committedCircuitOf(address verifier) internal pure returns (IModelRegistry.Circuit memory circuit) {
        circuit = circuitOf(verifier, 1, INPUTS, OUTPUTS);
        circuit.inputsCommitted = true;
    }

    function committedProof(uint256 index) internal view returns (ZkProof memory) {
        return _proofs[index];
    }

    function addCommitted() internal returns (uint32) {
        return add(committedCircuit(), committedProof(0));
    }

    function addCommittedAccumulator(uint32 index) internal {
        vm.prank(modelOwner);
        models.addAccumulator(
            modelId,
            index,
            IModelRegistry.Accumulator(committingAccumulator, ACCUMULATOR_GAS),
            committedProof(0),
            committedProof(1)
        );
    }

    /// What a proof states, whether it is valid or not. Written apart from the verifier, with copies.
    function committedStatementOf(ZkProof memory item) internal pure returns (Statement memory) {
        return Statement({
            requestHash: keccak256(head(item.proof, 64)), responseHash: keccak256(abi.encodePacked(item.instances))
        });
    }

    function committedClaimOf(ZkProof[] memory proofs) internal view returns (Claim memory) {
        Statement[] memory statements = new Statement[](proofs.length);
        for (uint256 i; i < proofs.length; ++i) {
            statements[i] = committedStatementOf(proofs[i]);
        }
        return claimOf(statements);
    }

    /// The first bytes, and zeroes behind the end.
    function head(bytes memory data, uint256 length) internal pure returns (bytes memory first) {
        first = new bytes(length);
        for (uint256 i; i < length && i < data.length; ++i) {
            first[i] = data[i];
        }
    }

    /// Puts another point where the proof has its commitment.
    function putCommitment(ZkProof memory item, bytes memory point) internal pure {
        for (uint256 i; i < 64; ++i) {
            item.proof[i] = point[i];
        }
    }

    function _create(bytes memory code) private returns (address deployed) {
        assembly {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        assertGt(deployed.code.length, 0, "not deployed");
    }
}
