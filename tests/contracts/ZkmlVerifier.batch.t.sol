// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Labels, Verdict} from "../../contracts/types/Verdict.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";
import {CircuitTest} from "./base/CircuitTest.sol";
import {ListedProofsStub} from "./standins/Halo2VerifierStub.sol";

/// With stub circuits of every layout: real ones of a batch size above 1 come with the tuner.
contract ZkmlVerifierBatchTest is CircuitTest {
    function testFuzz_verify_takesBatchesWithPaddingAtTheEnd(
        uint16 batchSize,
        uint16 inputs,
        uint16 outputs,
        uint256 count,
        uint256 seed
    ) public {
        batchSize = uint16(bound(batchSize, 1, 16));
        (inputs, outputs) = (uint16(bound(inputs, 1, 12)), uint16(bound(outputs, 1, 6)));
        count = bound(count, 1, 40);
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(batchSize, inputs, outputs);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, count, seed);
        assertEq(zkml.verify(claim, abi.encode(index, proofs)).labels, Labels.DEVELOPMENT);
    }

    function testFuzz_verify_refusesAnotherNumberOfProofs(uint256 count, uint256 proofCount) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(4, 4, 3);
        count = bound(count, 1, 20);
        uint256 expected = count / 4 + (count % 4 == 0 ? 0 : 1);
        proofCount = bound(proofCount, 0, 8);
        vm.assume(proofCount != expected);
        (Claim memory claim,) = _batches(circuit, count, 1);
        (, ZkProof[] memory proofs) = _batches(circuit, 8 * 4, 1);
        assembly {
            mstore(proofs, proofCount)
        }
        _expectRefused(
            claim,
            index,
            proofs,
            abi.encodeWithSelector(IZkmlVerifier.ProofCountMismatch.selector, expected, proofCount)
        );
    }

    /// Each receipt must be what its own slot says; what the padding says does not matter.
    function testFuzz_verify_refusesAReceiptThatItsSlotDoesNotState(uint256 count, uint256 which, bool request) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(4, 4, 3);
        count = bound(count, 1, 12);
        which = bound(which, 0, count - 1);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, count, 1);
        Statement memory statement = claim.statements[which];
        bytes32 proven = request ? statement.requestHash : statement.responseHash;
        if (request) statement.requestHash = "other";
        else statement.responseHash = "other";
        bytes4 selector = request ? IZkmlVerifier.RequestMismatch.selector : IZkmlVerifier.ResponseMismatch.selector;
        _expectRefused(claim, index, proofs, abi.encodeWithSelector(selector, bytes32("other"), proven));
    }

    function test_verify_refusesAPaddingSlotAsAReceipt() public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(4, 4, 3);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, 3, 1);
        claim.statements[2] = statementOf(circuit, proofs[0].instances, 3);
        vm.expectPartialRevert(IZkmlVerifier.RequestMismatch.selector);
        zkml.verify(claim, abi.encode(index, proofs));
    }

    /// A bad proof takes all its slots with it, and nothing else.
    function testFuzz_verify_namesTheReceiptsOfBadProofs(uint8 batchSize, uint256 count, uint256 bad) public {
        batchSize = uint8(bound(batchSize, 1, 16));
        count = bound(count, 1, 40);
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(batchSize, 2, 1);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, count, 1);
        bad = bound(bad, 0, (1 << proofs.length) - 1);
        for (uint256 i; i < proofs.length; ++i) {
            if (bad >> i & 1 == 1) proofs[i].proof[0] ^= 0x01;
        }
        bytes memory evidence = abi.encode(index, proofs);
        if (bad == (1 << proofs.length) - 1) {
            vm.expectRevert(abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, proofs.length - 1));
            zkml.verify(claim, evidence);
            return;
        }
        Verdict memory verdict = zkml.verify(claim, evidence);
        for (uint256 i; i < count; ++i) {
            assertEq(verdict.refuses(i), bad >> i / batchSize & 1 == 1);
        }
    }

    /// Beyond 256 receipts no verdict can name one.
    function testFuzz_verify_refusesALargeGroupWithABadProof(uint256 count, uint256 bad) public {
        count = bound(count, 255, 260);
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(20, 1, 1);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, count, 1);
        bad = bound(bad, 0, proofs.length - 1);
        proofs[bad].proof[0] ^= 0x01;
        bytes memory evidence = abi.encode(index, proofs);
        if (count > 256) vm.expectRevert(abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, bad));
        Verdict memory verdict = zkml.verify(claim, evidence);
        if (count <= 256) assertEq(verdict.refused, uint256(0xfffff) << 20 * bad);
    }

    function testFuzz_verify_refusesTheOnlyProofOfALargeBatch(uint16 batchSize) public {
        batchSize = uint16(bound(batchSize, 250, 300));
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(batchSize, 1, 1);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, batchSize, 1);
        proofs[0].proof[0] ^= 0x01;
        _expectRefused(claim, index, proofs, abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    /* WHAT IS CHECKED BEFORE THE PROOF */

    function testFuzz_verify_refusesAnotherNumberOfInstances(uint16 batchSize, uint256 actual) public {
        batchSize = uint16(bound(batchSize, 1, 8));
        actual = bound(actual, 0, 64);
        vm.assume(actual != uint256(batchSize) * 7);
        (uint32 index,) = addStub(batchSize, 4, 3);
        ZkProof[] memory proofs = one(ZkProof({proof: "", instances: someWords(actual, 1)}));
        Claim memory claim = claimOf(new Statement[](1));
        _expectRefused(
            claim,
            index,
            proofs,
            abi.encodeWithSelector(IZkmlVerifier.InstanceCountMismatch.selector, uint256(batchSize) * 7, actual)
        );
    }

    /// Padding slots as well.
    function testFuzz_verify_refusesWordsOutsideTheField(uint256 word, uint256 value) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(2, 4, 3);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, 1, 1);
        word = bound(word, 0, 13);
        value = bound(value, FIELD_MODULUS, type(uint256).max);
        proofs[0].instances[word] = value;
        _expectRefused(
            claim, index, proofs, abi.encodeWithSelector(IZkmlVerifier.InstanceOutOfField.selector, word, value)
        );
    }

    function test_verify_takesTheLargestWord() public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 1, 1);
        uint256[] memory words = new uint256[](2);
        (words[0], words[1]) = (FIELD_MODULUS - 1, FIELD_MODULUS - 1);
        Claim memory claim = claimOf(one(statementOf(circuit, words, 0)));
        assertEq(zkml.verify(claim, evidenceOf(index, stubProof(circuit, words))).labels, Labels.DEVELOPMENT);
    }

    function test_verify_refusesAClaimOfNothing() public {
        (uint32 index,) = addStub(1, 4, 3);
        _expectRefused(
            claimOf(new Statement[](0)),
            index,
            new ZkProof[](0),
            abi.encodeWithSelector(IZkmlVerifier.NoStatements.selector)
        );
    }

    function testFuzz_verify_refusesUnknownAndStoppedCircuits(uint32 index) public {
        (uint32 stopped, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, 1, 1);
        index = uint32(bound(index, 1, type(uint32).max));
        _expectRefused(claim, index, proofs, abi.encodeWithSelector(IModelRegistry.NoCircuit.selector, modelId, index));
        vm.prank(modelOwner);
        models.stopCircuit(modelId, stopped);
        _expectRefused(
            claim, stopped, proofs, abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, stopped)
        );
    }

    function testFuzz_verify_refusesTheCircuitOfAnotherModel(bytes32 other) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        vm.assume(other != modelId);
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, 1, 1);
        claim.modelId = other;
        _expectRefused(claim, index, proofs, abi.encodeWithSelector(IModelRegistry.NoCircuit.selector, other, index));
    }

    function testFuzz_verify_reportsTheDevelopmentSrs(bool development) public {
        IModelRegistry.Circuit memory circuit = stubCircuit(1, 4, 3);
        circuit.developmentSrs = development;
        (Claim memory claim, ZkProof[] memory proofs) = _batches(circuit, 1, 1);
        Verdict memory verdict = zkml.verify(claim, abi.encode(add(circuit, proofs[0]), proofs));
        assertEq(verdict.labels, development ? Labels.DEVELOPMENT : 0);
        assertEq(verdict.key, 0, "proofs have no key that could be capped");
    }

    function testFuzz_verify_refusesWhatIsNoEncoding(bytes calldata evidence) public {
        addStub(1, 4, 3);
        vm.assume(evidence.length < 128);
        vm.expectRevert();
        zkml.verify(claimOf(new Statement[](1)), evidence);
    }

    /// With what is asked for before the call, the verifier gets all the gas that its circuit was promised.
    function testFuzz_verify_grantsTheWholeProofGas(uint256 gasLimit, uint8 batchSize) public {
        batchSize = uint8(bound(batchSize, 1, 40));
        ListedProofsStub verifier = new ListedProofsStub();
        uint256[] memory words = someWords(uint256(batchSize) * 7, 1);
        ZkProof memory item = ZkProof({proof: abi.encodePacked(someWords(61, 2)), instances: words});
        verifier.list(item.proof, words);
        IModelRegistry.Circuit memory circuit = circuitOf(address(verifier), batchSize, 4, 3);
        circuit.proofGas = 300_000;
        uint32 index = add(circuit, item);
        verifier.setBurn(270_000);
        Statement[] memory statements = new Statement[](batchSize);
        for (uint256 i; i < batchSize; ++i) {
            statements[i] = statementOf(circuit, words, i);
        }
        bytes memory evidence = evidenceOf(index, item);
        try zkml.verify{gas: bound(gasLimit, 300_000, 900_000)}(claimOf(statements), evidence) {}
        catch (bytes memory reason) {
            if (reason.length != 0) assertEq(bytes4(reason), Halo2Call.NotEnoughGasForProof.selector);
        }
    }

    /* HELPERS */

    function _expectRefused(Claim memory claim, uint32 index, ZkProof[] memory proofs, bytes memory reason) private {
        bytes memory evidence = abi.encode(index, proofs);
        vm.expectRevert(reason);
        zkml.verify(claim, evidence);
    }

    /// `count` receipts and the stub proofs that cover them.
    function _batches(IModelRegistry.Circuit memory circuit, uint256 count, uint256 seed)
        private
        view
        returns (Claim memory claim, ZkProof[] memory proofs)
    {
        uint256 size = circuit.batchSize;
        proofs = new ZkProof[](count / size + (count % size == 0 ? 0 : 1));
        Statement[] memory statements = new Statement[](count);
        for (uint256 p; p < proofs.length; ++p) {
            uint256[] memory words = someWords(size * (uint256(circuit.inputs) + circuit.outputs), seed ^ p);
            proofs[p] = stubProof(circuit, words);
            for (uint256 slot; slot < size && p * size + slot < count; ++slot) {
                statements[p * size + slot] = statementOf(circuit, words, slot);
            }
        }
        claim = claimOf(statements);
    }
}
