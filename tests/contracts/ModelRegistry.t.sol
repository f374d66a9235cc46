// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";

contract ModelRegistryTest is Test {
    ModelRegistry private registry;

    function setUp() public {
        vm.chainId(84532);
        registry = new ModelRegistry();
    }

    function testFuzz_register_givesTheCommittedId(address owner, bytes32 weightsHash, string calldata uri) public {
        vm.assume(owner != address(0));
        bytes32 expected = registry.modelIdOf(owner, weightsHash);
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelRegistered(expected, owner, weightsHash, uri);
        vm.prank(owner);
        assertEq(registry.register(weightsHash, uri), expected);

        IModelRegistry.Model memory model = registry.getModel(expected);
        assertEq(model.owner, owner);
        assertEq(model.weightsHash, weightsHash);
        assertEq(model.uri, uri);
    }

    function test_register_refusesTheSameModelTwice() public {
        bytes32 modelId = registry.register("weights", "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelExists.selector, modelId));
        registry.register("weights", "");
    }

    function test_addCircuit_onceByTheOwner() public {
        bytes32 modelId = registry.register("weights", "");
        vm.expectEmit(address(registry));
        emit IModelRegistry.CircuitAdded(modelId, address(this), _circuit());
        registry.addCircuit(modelId, _circuit());
        assertEq(registry.getCircuit(modelId).inputs, 4);

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.CircuitExists.selector, modelId));
        registry.addCircuit(modelId, _circuit());
    }

    function testFuzz_addCircuit_revertsForAnybodyElse(address caller) public {
        vm.assume(caller != address(this));
        bytes32 modelId = registry.register("weights", "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, caller));
        vm.prank(caller);
        registry.addCircuit(modelId, _circuit());
    }

    function test_addCircuit_refusesUnknownModelsAndUnusableCircuits() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32("none")));
        registry.addCircuit("none", _circuit());

        bytes32 modelId = registry.register("weights", "");
        IModelRegistry.Circuit memory circuit = _circuit();
        circuit.verifier = address(0xbeef);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnusableCircuit.selector, address(0xbeef), 4, 3));
        registry.addCircuit(modelId, circuit);
        circuit = _circuit();
        circuit.outputs = 0;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnusableCircuit.selector, address(this), 4, 0));
        registry.addCircuit(modelId, circuit);
    }

    function testFuzz_addCircuit_refusesADevelopmentSrsElsewhere(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        bytes32 modelId = registry.register("weights", "");
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.DevelopmentSrsRefused.selector, chainId));
        registry.addCircuit(modelId, _circuit());
    }

    function test_views_revertForUnknownModels() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32("none")));
        registry.getModel("none");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NoCircuit.selector, bytes32("none")));
        registry.getCircuit("none");
    }

    function _circuit() private view returns (IModelRegistry.Circuit memory) {
        return IModelRegistry.Circuit({
            verifier: address(this),
            inputs: 4,
            outputs: 3,
            inputScale: 7,
            outputScale: 14,
            proofGas: 600_000,
            developmentSrs: true,
            verifyingKeyHash: "key"
        });
    }
}
