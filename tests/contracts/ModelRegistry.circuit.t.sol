// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {CircuitTrial} from "../../contracts/verifiers/CircuitTrial.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";
import {CircuitTest} from "./base/CircuitTest.sol";
import {ListedProofsStub} from "./standins/Halo2VerifierStub.sol";

contract ModelRegistryCircuitTest is CircuitTest {
    /// What one transaction may use (EIP-7825), less its 21,000 and the calldata of a proof.
    uint256 private constant TRANSACTION_GAS = 16_777_216 - 200_000;

    /* THE REAL VERIFIER */

    /// forge-config: default.fuzz.runs = 8
    function testFuzz_addCircuit_takesTheRealVerifier(uint8 index) public {
        IModelRegistry.Circuit memory circuit = irisCircuit();
        vm.expectEmit(address(models));
        emit IModelRegistry.CircuitAdded(modelId, circuit.verifier, 0, circuit);
        assertEq(add(circuit, irisProof(index % 2)), 0);

        assertEq(abi.encode(models.getCircuit(modelId, 0)), abi.encode(circuit));
        assertEq(abi.encode(models.requireCircuit(modelId, 0)), abi.encode(circuit));
        assertEq(models.circuitCount(modelId), 1);
    }

    function test_addCircuit_fitsIntoATransaction() public {
        IModelRegistry.Circuit memory circuit = irisCircuit();
        ZkProof memory valid = irisProof(0);
        vm.startPrank(modelOwner);
        uint256 before = gasleft();
        models.addCircuit(modelId, circuit, valid.proof, valid.instances);
        assertLt(before - gasleft(), 2_050_000);
    }

    /// Sixteen inferences with 20 words each in one circuit, and a verifier that spends as much on each mutation as on a
    /// valid proof.
    function test_addCircuit_ofALargeCircuit_fitsIntoATransaction() public {
        (ListedProofsStub verifier, ZkProof memory valid) = _listed(16, 16, 4);
        verifier.setBurn(1_100_000);
        IModelRegistry.Circuit memory circuit = circuitOf(address(verifier), 16, 16, 4);
        circuit.proofGas = 1_300_000;
        vm.prank(modelOwner);
        models.addCircuit{gas: TRANSACTION_GAS}(modelId, circuit, valid.proof, valid.instances);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addCircuit_refusesAFalseProof(uint256 word, uint256 change) public {
        IModelRegistry.Circuit memory circuit = irisCircuit();
        ZkProof memory item = irisProof(0);
        word = bound(word, 0, item.instances.length - 1);
        item.instances[word] = addmod(item.instances[word], bound(change, 1, FIELD_MODULUS - 1), FIELD_MODULUS);
        _expectRefusal(circuit, item, abi.encodeWithSelector(IModelRegistry.ProofRefused.selector, circuit.verifier));
    }

    function test_addCircuit_refusesAProofGasThatIsTooLow() public {
        IModelRegistry.Circuit memory circuit = irisCircuit();
        circuit.proofGas = 300_000;
        _expectRefusal(
            circuit, irisProof(0), abi.encodeWithSelector(IModelRegistry.ProofRefused.selector, circuit.verifier)
        );
    }

    /// Whatever gas the transaction has: too little is never taken for the verifier's judgement.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addCircuit_neverMistakesWantOfGasForARefusal(uint256 gasLimit) public {
        IModelRegistry.Circuit memory circuit = irisCircuit();
        ZkProof memory valid = irisProof(0);
        gasLimit = bound(gasLimit, 300_000, 2_600_000);
        vm.prank(modelOwner);
        try models.addCircuit{gas: gasLimit}(modelId, circuit, valid.proof, valid.instances) {
            assertEq(models.circuitCount(modelId), 1);
        } catch (bytes memory reason) {
            if (reason.length != 0) assertEq(bytes4(reason), Halo2Call.NotEnoughGasForProof.selector);
        }
    }

    /* MUTATIONS */

    function testFuzz_addCircuit_refusesAVerifierThatAcceptsAMutation(uint8 which, uint256 seed, uint8 words) public {
        IModelRegistry.Mutation mutation =
            IModelRegistry.Mutation(bound(which, 0, uint256(type(IModelRegistry.Mutation).max)));
        ListedProofsStub verifier = new ListedProofsStub();
        ZkProof memory valid = ZkProof({proof: _proof(bound(words, 3, 64), seed), instances: someWords(7, seed)});
        verifier.list(valid.proof, valid.instances);
        ZkProof memory bad = _mutate(valid, mutation);
        verifier.list(bad.proof, bad.instances);
        IModelRegistry.Circuit memory circuit = circuitOf(address(verifier), 1, 4, 3);
        _expectRefusal(
            circuit, valid, abi.encodeWithSelector(IModelRegistry.MutationAccepted.selector, verifier, mutation)
        );
    }

    function testFuzz_addCircuit_takesAVerifierThatRefusesAll(uint16 batchSize, uint16 inputs, uint16 outputs) public {
        batchSize = uint16(bound(batchSize, 1, 16));
        (inputs, outputs) = (uint16(bound(inputs, 1, 20)), uint16(bound(outputs, 1, 10)));
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(batchSize, inputs, outputs);
        assertEq(models.requireCircuit(modelId, index).verifier, circuit.verifier);
    }

    function testFuzz_addCircuit_refusesShortProofs(uint256 length) public {
        ListedProofsStub verifier = new ListedProofsStub();
        length = bound(length, 0, CircuitTrial.MIN_PROOF_BYTES - 1);
        ZkProof memory item = ZkProof({proof: new bytes(length), instances: someWords(7, 1)});
        verifier.list(item.proof, item.instances);
        _expectRefusal(
            circuitOf(address(verifier), 1, 4, 3),
            item,
            abi.encodeWithSelector(IModelRegistry.ProofTooShort.selector, length, 96)
        );
    }

    /* LAYOUT */

    function testFuzz_addCircuit_refusesAnotherNumberOfInstances(uint16 batchSize, uint256 actual) public {
        batchSize = uint16(bound(batchSize, 1, 16));
        actual = bound(actual, 0, 128);
        vm.assume(actual != uint256(batchSize) * 7);
        IModelRegistry.Circuit memory circuit = stubCircuit(batchSize, 4, 3);
        ZkProof memory item = ZkProof({proof: _proof(3, 1), instances: someWords(actual, 1)});
        _expectRefusal(
            circuit,
            item,
            abi.encodeWithSelector(IModelRegistry.InstanceCountMismatch.selector, uint256(batchSize) * 7, actual)
        );
    }

    function testFuzz_addCircuit_refusesInstancesOutsideTheField(uint256 index, uint256 value) public {
        index = bound(index, 0, 6);
        value = bound(value, FIELD_MODULUS, type(uint256).max);
        ListedProofsStub verifier = new ListedProofsStub();
        ZkProof memory item = ZkProof({proof: _proof(3, 1), instances: someWords(7, 1)});
        item.instances[index] = value;
        verifier.list(item.proof, item.instances);
        _expectRefusal(
            circuitOf(address(verifier), 1, 4, 3),
            item,
            abi.encodeWithSelector(IModelRegistry.InstanceOutOfField.selector, index, value)
        );
    }

    function test_addCircuit_takesTheLargestInstance() public {
        IModelRegistry.Circuit memory circuit = stubCircuit(1, 1, 1);
        uint256[] memory words = new uint256[](2);
        (words[0], words[1]) = (FIELD_MODULUS - 1, FIELD_MODULUS - 1);
        add(circuit, stubProof(circuit, words));
    }

    function testFuzz_addCircuit_refusesUnusableCircuits(uint8 field) public {
        (ListedProofsStub verifier, ZkProof memory valid) = _listed(1, 4, 3);
        IModelRegistry.Circuit memory circuit = circuitOf(address(verifier), 1, 4, 3);
        field = uint8(bound(field, 0, 4));
        if (field == 0) circuit.verifier = address(0xbeef);
        if (field == 1) circuit.batchSize = 0;
        if (field == 2) circuit.inputs = 0;
        if (field == 3) circuit.outputs = 0;
        if (field == 4) circuit.stopped = true;
        _expectRefusal(
            circuit,
            valid,
            abi.encodeWithSelector(
                IModelRegistry.UnusableCircuit.selector,
                circuit.verifier,
                circuit.batchSize,
                circuit.inputs,
                circuit.outputs
            )
        );
    }

    function testFuzz_addCircuit_keepsTheModelsLayout(uint8 field, uint16 batchSize) public {
        batchSize = uint16(bound(batchSize, 2, 16));
        addStub(1, 4, 3);
        IModelRegistry.Circuit memory first = models.getCircuit(modelId, 0);
        IModelRegistry.Circuit memory circuit = stubCircuit(batchSize, 4, 3);
        ZkProof memory valid = stubProof(circuit, someWords(uint256(batchSize) * 7, 1));
        field = uint8(bound(field, 0, 3));
        if (field == 0) circuit.inputs += 1;
        if (field == 1) circuit.outputs += 1;
        if (field == 2) circuit.inputScale += 1;
        if (field == 3) circuit.outputScale -= 1;
        bytes4 mismatch = IModelRegistry.LayoutMismatch.selector;
        _expectRefusal(circuit, valid, abi.encodeWithSelector(mismatch, modelId, first, circuit));

        (circuit.inputs, circuit.outputs, circuit.inputScale, circuit.outputScale) = (4, 3, 14, 14);
        assertEq(add(circuit, valid), 1);
    }

    /// forge-config: default.fuzz.runs = 8
    function testFuzz_addCircuit_refusesTheSameCodeTwice(bool stopped) public {
        addIris();
        if (stopped) _stop(modelOwner, 0);
        IModelRegistry.Circuit memory again = irisCircuit();
        bytes4 exists = IModelRegistry.CircuitExists.selector;
        _expectRefusal(again, irisProof(1), abi.encodeWithSelector(exists, modelId, again.verifier.codehash));
    }

    /// Others may register the same code for their models: nobody can block it for them.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addCircuit_takesTheSameCodeForAnotherModel(address other) public {
        vm.assume(other != address(0) && other != modelOwner);
        addIris();
        _stop(modelOwner, 0);
        ZkProof memory valid = irisProof(0);
        IModelRegistry.Circuit memory circuit = irisCircuit();
        vm.startPrank(other);
        bytes32 otherModel = models.register(keccak256("weights"), "");
        models.addCircuit(otherModel, circuit, valid.proof, valid.instances);
        assertFalse(models.requireCircuit(otherModel, 0).stopped);
    }

    /* WHO AND WHERE */

    function testFuzz_addCircuit_revertsForAnybodyElse(address caller) public {
        vm.assume(caller != modelOwner);
        IModelRegistry.Circuit memory circuit = stubCircuit(1, 4, 3);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, caller));
        vm.prank(caller);
        models.addCircuit(modelId, circuit, "", new uint256[](0));
    }

    function testFuzz_addCircuit_refusesUnknownModels(bytes32 unknown) public {
        vm.assume(unknown != modelId);
        IModelRegistry.Circuit memory circuit = stubCircuit(1, 4, 3);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        vm.prank(modelOwner);
        models.addCircuit(unknown, circuit, "", new uint256[](0));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addCircuit_refusesADevelopmentSrsElsewhere(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        IModelRegistry.Circuit memory circuit = irisCircuit();
        vm.chainId(chainId);
        _expectRefusal(
            circuit, irisProof(0), abi.encodeWithSelector(IModelRegistry.DevelopmentSrsRefused.selector, chainId)
        );
        circuit.developmentSrs = false;
        add(circuit, irisProof(0));
    }

    /* STOPPING */

    function testFuzz_stopCircuit_isForEverAndForThisCircuitOnly(bool byRouter) public {
        addStub(1, 4, 3);
        addStub(2, 4, 3);
        address by = byRouter ? address(router) : modelOwner;
        vm.expectEmit(address(models));
        emit IModelRegistry.CircuitStopped(modelId, 0, by);
        _stop(by, 0);

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, 0));
        models.requireCircuit(modelId, 0);
        assertTrue(models.getCircuit(modelId, 0).stopped);
        assertFalse(models.requireCircuit(modelId, 1).stopped);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, 0));
        _stop(by, 0);
    }

    function testFuzz_stopCircuit_revertsForStrangers(address caller) public {
        vm.assume(caller != modelOwner && caller != address(router));
        addStub(1, 4, 3);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.MayNotStop.selector, modelId, caller));
        _stop(caller, 0);
    }

    function testFuzz_views_refuseUnknownCircuits(uint32 index) public {
        addStub(1, 4, 3);
        index = uint32(bound(index, 1, type(uint32).max));
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NoCircuit.selector, modelId, index);
        vm.expectRevert(reason);
        models.getCircuit(modelId, index);
        vm.expectRevert(reason);
        models.requireCircuit(modelId, index);
        vm.expectRevert(reason);
        _stop(modelOwner, index);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32("none")));
        vm.prank(modelOwner);
        models.stopCircuit("none", 0);
    }

    /* HELPERS */

    function _expectRefusal(IModelRegistry.Circuit memory circuit, ZkProof memory item, bytes memory reason) private {
        uint256 count = models.circuitCount(modelId);
        vm.expectRevert(reason);
        add(circuit, item);
        assertEq(models.circuitCount(modelId), count);
    }

    function _stop(address by, uint32 index) private {
        vm.prank(by);
        models.stopCircuit(modelId, index);
    }

    function _proof(uint256 words, uint256 seed) private pure returns (bytes memory) {
        return abi.encodePacked(someWords(words, seed ^ 1));
    }

    function _listed(uint16 batchSize, uint16 inputs, uint16 outputs)
        private
        returns (ListedProofsStub verifier, ZkProof memory valid)
    {
        verifier = new ListedProofsStub();
        uint256 count = uint256(batchSize) * (uint256(inputs) + outputs);
        valid = ZkProof({proof: _proof(61, 1), instances: someWords(count, 1)});
        verifier.list(valid.proof, valid.instances);
    }

    /// Written apart from the library: rebuilds everything word by word.
    function _mutate(ZkProof memory item, IModelRegistry.Mutation mutation) private pure returns (ZkProof memory) {
        uint256 n = item.instances.length;
        uint256 last = item.proof.length / 32 - 1;
        if (mutation == IModelRegistry.Mutation.INPUT_PLUS_ONE) return _withInstance(item, 0, n, 1);
        if (mutation == IModelRegistry.Mutation.OUTPUT_PLUS_ONE) return _withInstance(item, n - 1, n, 1);
        if (mutation == IModelRegistry.Mutation.INSTANCE_PLUS_MODULUS) {
            return _withInstance(item, n - 1, n, FIELD_MODULUS);
        }
        if (mutation == IModelRegistry.Mutation.INSTANCE_MISSING) return _withInstance(item, 0, n - 1, 0);
        if (mutation == IModelRegistry.Mutation.INSTANCE_EXTRA) return _withInstance(item, 0, n + 1, 0);
        if (mutation == IModelRegistry.Mutation.PROOF_SHORTER) return _withProof(item, last, type(uint256).max);
        if (mutation == IModelRegistry.Mutation.PROOF_LONGER) return _withProof(item, last + 2, type(uint256).max);
        if (mutation == IModelRegistry.Mutation.FIRST_WORD_FLIPPED) return _withProof(item, last + 1, 0);
        if (mutation == IModelRegistry.Mutation.MIDDLE_WORD_FLIPPED) {
            return _withProof(item, last + 1, (last + 1) / 2);
        }
        if (mutation == IModelRegistry.Mutation.LAST_WORD_FLIPPED) return _withProof(item, last + 1, last);
        if (mutation == IModelRegistry.Mutation.PROOF_EMPTY) return _withProof(item, 0, type(uint256).max);
        if (mutation == IModelRegistry.Mutation.FIRST_POINT_REPLACED) {
            bytes memory rest;
            for (uint256 i = 64; i < item.proof.length; ++i) {
                rest = bytes.concat(rest, item.proof[i]);
            }
            return ZkProof({proof: abi.encodePacked(uint256(1), uint256(2), rest), instances: item.instances});
        }
        return ZkProof({proof: abi.encodePacked(new uint256[](last + 1)), instances: item.instances});
    }

    function _withInstance(ZkProof memory item, uint256 index, uint256 count, uint256 change)
        private
        pure
        returns (ZkProof memory)
    {
        uint256[] memory instances = new uint256[](count);
        for (uint256 i; i < count && i < item.instances.length; ++i) {
            instances[i] = item.instances[i] + (i == index ? change : 0);
        }
        return ZkProof({proof: item.proof, instances: instances});
    }

    function _withProof(ZkProof memory item, uint256 words, uint256 flipped) private pure returns (ZkProof memory) {
        bytes memory proof;
        for (uint256 i; i < words; ++i) {
            bytes32 word;
            bytes memory source = item.proof;
            if ((i + 1) * 32 <= source.length) {
                assembly {
                    word := mload(add(add(source, 0x20), mul(i, 0x20)))
                }
            }
            proof = abi.encodePacked(proof, i == flipped ? word ^ bytes32(uint256(1)) : word);
        }
        return ZkProof({proof: proof, instances: item.instances});
    }
}
