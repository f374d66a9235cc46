// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test, Vm} from "forge-std/Test.sol";

import {EnclaveRegistry} from "../../contracts/EnclaveRegistry.sol";
import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";

contract EnclaveRegistryTest is Test {
    bytes32 private constant CODE = "code";

    EnclaveRegistry private registry;
    ModelRegistry private models;
    bytes32 private modelId;
    Vm.Wallet private root;
    Vm.Wallet private key;
    address private prover = makeAddr("prover");

    function setUp() public {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        root = vm.createWallet("root");
        key = vm.createWallet("key");
        models = new ModelRegistry(IVerifierRouter(address(0)), 0);
        registry = new EnclaveRegistry(models, root.addr);
        modelId = models.register("weights", "");
        models.acceptMeasurement(modelId, CODE);
    }

    function test_constructor_pinsRootAndModels() public view {
        assertEq(registry.ROOT(), root.addr);
        assertEq(address(registry.MODELS()), address(models));
    }

    function testFuzz_constructor_refusesOtherChains(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.DevelopmentRootRefused.selector, chainId));
        new EnclaveRegistry(models, root.addr);
    }

    function test_register_admitsAKeyAndMarksItDevelopment() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        vm.expectEmit(address(registry));
        emit IEnclaveRegistry.EnclaveRegistered(
            key.addr, prover, modelId, CODE, admission.validFrom, admission.validUntil, true
        );
        _register(admission);
        assertTrue(registry.requireActive(key.addr, modelId, prover));
        assertTrue(registry.getKey(key.addr).development);
    }

    function testFuzz_register_refusesAdmissionsThatTheRootDidNotSign(uint256 other) public {
        other = bound(other, 1, type(uint128).max);
        vm.assume(vm.addr(other) != root.addr);
        IEnclaveRegistry.Admission memory admission = _admission();
        bytes32 digest = registry.admissionDigest(admission);
        bytes memory forged = _sign(other, digest);
        bytes memory possession = _sign(key.privateKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.NotAdmittedByRoot.selector, root.addr));
        registry.register(admission, forged, possession);
    }

    function testFuzz_register_refusesAChangedAdmission(uint8 field) public {
        IEnclaveRegistry.Admission memory admission = _admission();
        bytes32 digest = registry.admissionDigest(admission);
        field = uint8(bound(field, 0, 4));
        if (field == 0) admission.prover = makeAddr("somebody else");
        if (field == 1) admission.modelId = "other";
        if (field == 2) admission.measurement = "other";
        if (field == 3) admission.validFrom -= 1;
        if (field == 4) admission.validUntil += 1;
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.NotAdmittedByRoot.selector, root.addr));
        registry.register(admission, _sign(root.privateKey, digest), _sign(key.privateKey, digest));
    }

    function test_register_refusesAKeyThatIsNotThere() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        bytes memory signature = _sign(root.privateKey, registry.admissionDigest(admission));
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.NoProofOfPossession.selector, key.addr));
        registry.register(admission, signature, signature);
    }

    function test_register_refusesAKeyTwiceEvenAfterRevocation() public {
        _register(_admission());
        vm.prank(prover);
        registry.revoke(key.addr);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.KeyTaken.selector, key.addr));
        this.registerAgain();
    }

    function registerAgain() external {
        _register(_admission());
    }

    function testFuzz_register_refusesBadWindows(uint40 from, uint40 length) public {
        uint40 time = uint40(block.timestamp);
        IEnclaveRegistry.Admission memory admission = _admission();
        admission.validFrom = uint40(bound(from, time, time + 365 days));
        admission.validUntil = admission.validFrom + uint40(bound(length, 7 days + 1, 365 days));
        _expectBadValidity(admission);
        admission.validUntil = admission.validFrom + 7 days + 1;
        _expectBadValidity(admission);
        admission.validUntil = admission.validFrom - uint40(bound(length, 0, 365 days));
        _expectBadValidity(admission);
        admission.validFrom = time - 1 days;
        admission.validUntil = time - uint40(bound(length, 0, 1 days - 1));
        _expectBadValidity(admission);

        admission.validFrom = time - uint40(bound(from, 0, 7 days - 1));
        admission.validUntil = admission.validFrom + 7 days;
        _register(admission);
    }

    function testFuzz_requireActive_holdsInsideTheWindowOnly(uint40 start, uint40 length, uint40 moment) public {
        IEnclaveRegistry.Admission memory admission = _admission();
        admission.validFrom += uint40(bound(start, 1, 365 days));
        admission.validUntil = admission.validFrom + uint40(bound(length, 1, 7 days));
        _register(admission);
        _expectNotValid();
        vm.warp(admission.validFrom - 1);
        _expectNotValid();
        vm.warp(bound(moment, admission.validFrom, admission.validUntil - 1));
        registry.requireActive(key.addr, modelId, prover);
        vm.warp(admission.validFrom);
        registry.requireActive(key.addr, modelId, prover);
        vm.warp(admission.validUntil - 1);
        registry.requireActive(key.addr, modelId, prover);
        vm.warp(uint256(admission.validUntil) + moment);
        _expectNotValid();
    }

    function testFuzz_requireActive_needsAMeasurementThatTheModelAccepts(bytes32 measurement) public {
        vm.assume(measurement != CODE && measurement != 0);
        IEnclaveRegistry.Admission memory admission = _admission();
        admission.measurement = measurement;
        _register(admission);
        _expectMeasurementRefused(measurement, 0, 0);
        models.acceptMeasurement(modelId, measurement);
        assertTrue(registry.requireActive(key.addr, modelId, prover));

        models.removeMeasurement(modelId, measurement);
        uint40 time = uint40(block.timestamp);
        _expectMeasurementRefused(measurement, time, time);
    }

    function testFuzz_requireActive_refusesUnknownAndForeignKeys(address other, bytes32 otherModel) public {
        vm.assume(other != prover && otherModel != modelId);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, key.addr));
        registry.requireActive(key.addr, modelId, prover);
        _register(_admission());
        bytes4 mismatch = IEnclaveRegistry.EnclaveKeyMismatch.selector;
        vm.expectRevert(abi.encodeWithSelector(mismatch, key.addr, otherModel, prover));
        registry.requireActive(key.addr, otherModel, prover);
        vm.expectRevert(abi.encodeWithSelector(mismatch, key.addr, modelId, other));
        registry.requireActive(key.addr, modelId, other);
    }

    function testFuzz_revoke_byProverOrRootOnly(address stranger, bool byRoot) public {
        vm.assume(stranger != prover && stranger != root.addr);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, key.addr));
        registry.revoke(key.addr);
        _register(_admission());
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.MayNotRevoke.selector, key.addr, stranger));
        vm.prank(stranger);
        registry.revoke(key.addr);

        address by = byRoot ? root.addr : prover;
        vm.expectEmit(address(registry));
        emit IEnclaveRegistry.EnclaveRevoked(key.addr, by, uint40(block.timestamp));
        vm.prank(by);
        registry.revoke(key.addr);
        _expectNotValid();
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyNotValid.selector, key.addr, block.timestamp));
        vm.prank(by);
        registry.revoke(key.addr);
    }

    function _expectMeasurementRefused(bytes32 measurement, uint40 acceptedFrom, uint40 removedAt) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.MeasurementNotAccepted.selector, modelId, measurement, acceptedFrom, removedAt
            )
        );
        registry.requireActive(key.addr, modelId, prover);
    }

    function _admission() private view returns (IEnclaveRegistry.Admission memory) {
        return IEnclaveRegistry.Admission({
            key: key.addr,
            prover: prover,
            modelId: modelId,
            measurement: CODE,
            validFrom: uint40(block.timestamp),
            validUntil: uint40(block.timestamp + 1 days)
        });
    }

    function _register(IEnclaveRegistry.Admission memory admission) private {
        bytes32 digest = registry.admissionDigest(admission);
        registry.register(admission, _sign(root.privateKey, digest), _sign(key.privateKey, digest));
    }

    function _expectBadValidity(IEnclaveRegistry.Admission memory admission) private {
        vm.expectRevert(
            abi.encodeWithSelector(IEnclaveRegistry.BadValidity.selector, admission.validFrom, admission.validUntil)
        );
        registry.register(admission, "", "");
    }

    function _expectNotValid() private {
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyNotValid.selector, key.addr, block.timestamp));
        registry.requireActive(key.addr, modelId, prover);
    }

    function _sign(uint256 privateKey, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }
}
