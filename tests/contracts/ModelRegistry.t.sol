// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";
import {CircuitTest} from "./base/CircuitTest.sol";

contract ModelRegistryTest is CircuitTest {
    /* DEPLOYMENT */

    function testFuzz_constructor_needsTwoDaysOutsideDevelopmentChains(uint64 chainId, uint40 delay) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        vm.chainId(chainId);
        delay = uint40(bound(delay, 0, 2 days - 1));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.MeasurementDelayTooShort.selector, delay, uint256(2 days))
        );
        new ModelRegistry(router, delay);
        assertEq(new ModelRegistry(router, 2 days).MEASUREMENT_DELAY(), 2 days);
        assertEq(address(new ModelRegistry(router, 2 days).ROUTER()), address(router));
    }

    /* MODELS */

    function testFuzz_register_givesTheCommittedId(address by, bytes32 weightsHash, string calldata uri) public {
        vm.assume(by != address(0) && bytes(uri).length <= 512);
        bytes32 expected = keccak256(abi.encode(by, weightsHash));
        vm.assume(expected != modelId);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelRegistered(expected, by, weightsHash, uri);
        vm.prank(by);
        assertEq(models.register(weightsHash, uri), expected);

        assertEq(models.modelIdOf(by, weightsHash), expected);
        IModelRegistry.Model memory model = models.getModel(expected);
        assertEq(model.owner, by);
        assertEq(model.weightsHash, weightsHash);
        assertEq(model.uri, uri);
        assertFalse(model.deprecated);
    }

    function testFuzz_register_refusesTheSameModelTwice(bytes32 weightsHash) public {
        bytes32 id = models.register(weightsHash, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelExists.selector, id));
        models.register(weightsHash, "other");
    }

    function testFuzz_register_refusesLongUris(uint256 length) public {
        length = bound(length, 513, 2_000);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UriTooLong.selector, length, 512));
        models.register("long", string(new bytes(length)));
        models.register("long", string(new bytes(512)));
    }

    function testFuzz_getModel_refusesUnknownModels(bytes32 unknown) public {
        vm.assume(unknown != modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        models.getModel(unknown);
        assertEq(models.circuitCount(unknown), 0);
    }

    /* DEPRECATION */

    function testFuzz_deprecate_namesASuccessorAndKeepsWhatIsThere(bool named) public {
        addStub(1, 4, 3);
        vm.startPrank(modelOwner);
        models.acceptMeasurement(modelId, "code");
        bytes32 successor = named ? models.register("better weights", "") : bytes32(0);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelDeprecated(modelId, modelOwner, successor);
        models.deprecate(modelId, successor);

        assertTrue(models.getModel(modelId).deprecated);
        models.requireCircuit(modelId, 0);
        vm.warp(block.timestamp + MEASUREMENT_DELAY);
        models.requireMeasurement(modelId, "code");
    }

    function test_deprecate_endsAdditionsButNotRemovals() public {
        addStub(1, 4, 3);
        IModelRegistry.Circuit memory circuit = stubCircuit(2, 4, 3);
        vm.startPrank(modelOwner);
        models.acceptMeasurement(modelId, "code");
        models.deprecate(modelId, 0);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.ModelIsDeprecated.selector, modelId);
        vm.expectRevert(reason);
        models.addCircuit(modelId, circuit, "", new uint256[](0));
        vm.expectRevert(reason);
        models.acceptMeasurement(modelId, "other code");
        vm.expectRevert(reason);
        models.deprecate(modelId, 0);

        models.stopCircuit(modelId, 0);
        models.removeMeasurement(modelId, "code");
    }

    function testFuzz_deprecate_refusesStrangersAndUnknownSuccessors(address caller, bytes32 successor) public {
        vm.assume(caller != modelOwner && successor != modelId && successor != 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, caller));
        vm.prank(caller);
        models.deprecate(modelId, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, successor));
        vm.prank(modelOwner);
        models.deprecate(modelId, successor);
    }

    /* VALUE CAPS */

    function testFuzz_setValueCap_holdsAtOnce(address asset, uint128 cap, uint128 later) public {
        assertEq(models.valueCapOf(modelId, asset), type(uint256).max, "never set");
        vm.expectEmit(address(models));
        emit IModelRegistry.ValueCapSet(modelId, asset, modelOwner, cap);
        vm.prank(modelOwner);
        models.setValueCap(modelId, asset, cap);
        assertEq(models.valueCapOf(modelId, asset), cap);
        vm.prank(modelOwner);
        models.setValueCap(modelId, asset, later);
        assertEq(models.valueCapOf(modelId, asset), later);
    }

    function testFuzz_setValueCap_isForOneModelAndAsset(address asset, address otherAsset, bytes32 otherModel) public {
        vm.assume(asset != otherAsset && modelId != otherModel);
        vm.prank(modelOwner);
        models.setValueCap(modelId, asset, 0);
        assertEq(models.valueCapOf(modelId, asset), 0, "zero is a cap");
        assertEq(models.valueCapOf(modelId, otherAsset), type(uint256).max);
        assertEq(models.valueCapOf(otherModel, asset), type(uint256).max);
    }

    function testFuzz_setValueCap_isTheOwners(address caller, address asset, uint128 cap) public {
        vm.assume(caller != modelOwner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, caller));
        vm.prank(caller);
        models.setValueCap(modelId, asset, cap);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32("unknown")));
        vm.prank(caller);
        models.setValueCap("unknown", asset, cap);
        assertEq(models.valueCapOf(modelId, asset), type(uint256).max);
    }

    function test_setValueCap_worksForDeprecatedModels() public {
        vm.startPrank(modelOwner);
        models.deprecate(modelId, 0);
        models.setValueCap(modelId, address(1), 5);
        assertEq(models.valueCapOf(modelId, address(1)), 5);
    }

    /* MEASUREMENTS */

    function testFuzz_acceptMeasurement_holdsAfterTheDelay(bytes32 measurement, uint40 waited) public {
        vm.assume(measurement != 0);
        uint40 acceptedFrom = uint40(block.timestamp) + MEASUREMENT_DELAY;
        vm.expectEmit(address(models));
        emit IModelRegistry.MeasurementAccepted(modelId, measurement, modelOwner, acceptedFrom);
        _accept(measurement);
        assertEq(models.getAcceptance(modelId, measurement).acceptedFrom, acceptedFrom);

        vm.warp(block.timestamp + bound(waited, 0, MEASUREMENT_DELAY - 1));
        _expectNotAccepted(measurement, acceptedFrom, 0);
        vm.warp(acceptedFrom - 1);
        _expectNotAccepted(measurement, acceptedFrom, 0);
        vm.warp(acceptedFrom);
        models.requireMeasurement(modelId, measurement);
        vm.warp(uint256(acceptedFrom) + waited);
        models.requireMeasurement(modelId, measurement);
    }

    function testFuzz_removeMeasurement_isAtOnceAndForEver(bytes32 measurement, uint40 waited) public {
        vm.assume(measurement != 0);
        uint40 acceptedFrom = uint40(block.timestamp) + MEASUREMENT_DELAY;
        _accept(measurement);
        vm.warp(block.timestamp + bound(waited, 0, 10 days));
        vm.expectEmit(address(models));
        emit IModelRegistry.MeasurementRemoved(modelId, measurement, modelOwner);
        _remove(measurement);

        uint40 removedAt = uint40(block.timestamp);
        assertEq(models.getAcceptance(modelId, measurement).removedAt, removedAt);
        vm.warp(uint256(acceptedFrom) + 1000 days);
        _expectNotAccepted(measurement, acceptedFrom, removedAt);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.MeasurementTaken.selector, modelId, measurement));
        _accept(measurement);
        vm.expectRevert(_notAccepted(measurement, acceptedFrom, removedAt));
        _remove(measurement);
    }

    function testFuzz_measurements_belongToOneModel(bytes32 measurement, bytes32 weightsHash) public {
        vm.assume(measurement != 0 && weightsHash != keccak256("weights"));
        vm.prank(modelOwner);
        bytes32 other = models.register(weightsHash, "");
        _accept(measurement);
        vm.warp(block.timestamp + MEASUREMENT_DELAY);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.MeasurementNotAccepted.selector, other, measurement, 0, 0)
        );
        models.requireMeasurement(other, measurement);
    }

    function testFuzz_measurements_areTheOwners(address caller, bytes32 measurement) public {
        vm.assume(caller != modelOwner && measurement != 0);
        bytes memory reason = abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, caller);
        vm.expectRevert(reason);
        vm.prank(caller);
        models.acceptMeasurement(modelId, measurement);
        _accept(measurement);
        vm.expectRevert(reason);
        vm.prank(caller);
        models.removeMeasurement(modelId, measurement);
    }

    function test_measurements_refuseZeroAndUnknownOnes() public {
        vm.expectRevert(IModelRegistry.ZeroMeasurement.selector);
        _accept(0);
        vm.expectRevert(_notAccepted("code", 0, 0));
        _remove("code");
        _expectNotAccepted("code", 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32("none")));
        models.acceptMeasurement("none", "code");
    }

    function _accept(bytes32 measurement) private {
        vm.prank(modelOwner);
        models.acceptMeasurement(modelId, measurement);
    }

    function _remove(bytes32 measurement) private {
        vm.prank(modelOwner);
        models.removeMeasurement(modelId, measurement);
    }

    function _expectNotAccepted(bytes32 measurement, uint40 acceptedFrom, uint40 removedAt) private {
        vm.expectRevert(_notAccepted(measurement, acceptedFrom, removedAt));
        models.requireMeasurement(modelId, measurement);
    }

    function _notAccepted(bytes32 measurement, uint40 acceptedFrom, uint40 removedAt)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IModelRegistry.MeasurementNotAccepted.selector, modelId, measurement, acceptedFrom, removedAt
        );
    }
}
