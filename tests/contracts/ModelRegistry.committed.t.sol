// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {CommittedTest} from "./base/CommittedTest.sol";
import {ListedAccumulatorStub} from "./standins/AccumulatorStub.sol";
import {ListedProofsStub} from "./standins/Halo2VerifierStub.sol";

/// Circuits that commit to their inputs.
contract ModelRegistryCommittedTest is CommittedTest {
    /// forge-config: default.fuzz.runs = 8
    function testFuzz_addCircuit_takesTheRealOne(uint256 which) public {
        uint32 index = add(committedCircuit(), committedProof(bound(which, 0, PROOFS - 1)));
        IModelRegistry.Circuit memory added = models.requireCircuit(modelId, index);
        assertTrue(added.inputsCommitted);
        assertEq(added.inputs, INPUTS);
        assertEq(added.outputs, OUTPUTS);
    }

    /// Everything but the verifying key's hash is in two slots.
    function test_addCircuit_writesThreeSlots() public {
        vm.record();
        addCommitted();
        (, bytes32[] memory writes) = vm.accesses(address(models));
        bytes32[] memory slots = new bytes32[](writes.length);
        uint256 count;
        for (uint256 i; i < writes.length; ++i) {
            bool known;
            for (uint256 j; j < count; ++j) {
                known = known || slots[j] == writes[i];
            }
            if (!known) slots[count++] = writes[i];
        }
        // three of the circuit, the length of the list, and the mark of the code
        assertEq(count, 5);
    }

    function testFuzz_addCircuit_refusesACommitmentForABatch(uint16 batchSize) public {
        batchSize = uint16(bound(batchSize, 2, type(uint16).max));
        IModelRegistry.Circuit memory circuit = committedCircuit();
        circuit.batchSize = batchSize;
        _expectRefusal(
            circuit, committedProof(0), abi.encodeWithSelector(IModelRegistry.CommitmentForBatch.selector, batchSize)
        );
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_addCircuit_refusesAnotherNumberOfInstances(uint256 count) public {
        count = bound(count, 0, 2 * (INPUTS + OUTPUTS));
        vm.assume(count != OUTPUTS);
        ZkProof memory item = committedProof(0);
        item.instances = new uint256[](count);
        _expectRefusal(
            committedCircuit(),
            item,
            abi.encodeWithSelector(IModelRegistry.InstanceCountMismatch.selector, OUTPUTS, count)
        );
    }

    /// All circuits of a model are of one kind, whichever comes first.
    function testFuzz_addCircuit_refusesTheOtherKind(bool committedFirst) public {
        (IModelRegistry.Circuit memory first, ZkProof memory firstProof) = _listed(committedFirst);
        (IModelRegistry.Circuit memory added, ZkProof memory addedProof) = _listed(!committedFirst);
        add(first, firstProof);
        _expectRefusal(
            added, addedProof, abi.encodeWithSelector(IModelRegistry.LayoutMismatch.selector, modelId, first, added)
        );
        (added, addedProof) = _listed(committedFirst);
        assertEq(add(added, addedProof), 1);
    }

    /* ACCUMULATORS */

    function test_addAccumulator_takesTheRealOne() public {
        uint32 index = addCommitted();
        addCommittedAccumulator(index);
        assertEq(models.getAccumulator(modelId, index).accumulator, committingAccumulator);
    }

    /// It must refuse another commitment in either proof.
    function testFuzz_addAccumulator_refusesOneThatTakesAnotherCommitment(bool inFirst) public {
        uint32 index = addCommitted();
        ListedAccumulatorStub stub = _listedAccumulator();
        ZkProof memory item = committedProof(inFirst ? 0 : 1);
        putCommitment(item, abi.encode(uint256(1), uint256(2)));
        stub.list(item.proof, item.instances);
        vm.prank(modelOwner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.MutationAccepted.selector, stub, IModelRegistry.Mutation.FIRST_POINT_REPLACED
            )
        );
        _addAccumulator(index, address(stub), committedProof(0), committedProof(1));
    }

    /// Proofs of different inputs with the same outputs have nothing to swap.
    function test_addAccumulator_refusesProofsOfEqualOutputs() public {
        (IModelRegistry.Circuit memory circuit, ZkProof memory first) = _listed(true);
        ZkProof memory second = committedProof(1);
        second.instances = first.instances;
        ListedProofsStub(circuit.verifier).list(second.proof, second.instances);
        ListedAccumulatorStub stub = _listedAccumulator();
        stub.list(second.proof, second.instances);
        uint32 index = add(circuit, first);
        vm.prank(modelOwner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.SwapAccepted.selector, stub));
        _addAccumulator(index, address(stub), first, second);
    }

    /* HELPERS */

    function _expectRefusal(IModelRegistry.Circuit memory circuit, ZkProof memory item, bytes memory reason) private {
        vm.prank(modelOwner);
        vm.expectRevert(reason);
        models.addCircuit(modelId, circuit, item.proof, item.instances);
    }

    /// A circuit of either kind, and a proof that it takes. Each has code of its own.
    function _listed(bool committed) private returns (IModelRegistry.Circuit memory circuit, ZkProof memory item) {
        ListedProofsStub verifier = new ListedProofsStub();
        vm.etch(address(verifier), bytes.concat(address(verifier).code, bytes20(address(verifier))));
        circuit = committedCircuitOf(address(verifier));
        circuit.inputsCommitted = committed;
        item = committedProof(0);
        if (!committed) item.instances = someWords(INPUTS + OUTPUTS, 1);
        verifier.list(item.proof, item.instances);
    }

    /// Accepts the first two proofs, whatever they are about; its key is one of the public ceremony.
    function _listedAccumulator() private returns (ListedAccumulatorStub stub) {
        stub = new ListedAccumulatorStub();
        stub.tell(new uint256[](4));
        for (uint256 i; i < 2; ++i) {
            stub.list(committedProof(i).proof, committedProof(i).instances);
        }
    }

    function _addAccumulator(uint32 index, address accumulator, ZkProof memory first, ZkProof memory second) private {
        models.addAccumulator(modelId, index, IModelRegistry.Accumulator(accumulator, ACCUMULATOR_GAS), first, second);
    }
}
