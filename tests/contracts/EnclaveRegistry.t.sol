// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test, Vm} from "forge-std/Test.sol";

import {EnclaveRegistry} from "../../contracts/EnclaveRegistry.sol";
import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";

contract EnclaveRegistryTest is Test {
    EnclaveRegistry private registry;
    Vm.Wallet private root;
    Vm.Wallet private key;
    address private prover = makeAddr("prover");

    function setUp() public {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        root = vm.createWallet("root");
        key = vm.createWallet("key");
        registry = new EnclaveRegistry(root.addr);
    }

    function testFuzz_constructor_refusesOtherChains(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.DevelopmentRootRefused.selector, chainId));
        new EnclaveRegistry(root.addr);
    }

    function test_register_admitsAKeyAndMarksItDevelopment() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        vm.expectEmit(address(registry));
        emit IEnclaveRegistry.EnclaveRegistered(
            key.addr, prover, "model", "code", admission.validFrom, admission.validUntil, true
        );
        _register(admission);
        assertTrue(registry.requireActive(key.addr, "model", prover));
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

    function test_register_refusesAChangedAdmission() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        bytes32 digest = registry.admissionDigest(admission);
        admission.prover = makeAddr("somebody else");
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

    function test_register_refusesBadWindows() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        admission.validUntil = admission.validFrom + 7 days + 1;
        _expectBadValidity(admission);
        admission.validUntil = admission.validFrom;
        _expectBadValidity(admission);
        admission.validFrom = uint40(block.timestamp - 10);
        admission.validUntil = uint40(block.timestamp);
        _expectBadValidity(admission);

        admission.validFrom = uint40(block.timestamp);
        admission.validUntil = admission.validFrom + 7 days;
        _register(admission);
    }

    function test_requireActive_holdsInsideTheWindowOnly() public {
        IEnclaveRegistry.Admission memory admission = _admission();
        admission.validFrom += 100;
        _register(admission);
        _expectNotValid();
        vm.warp(admission.validFrom);
        registry.requireActive(key.addr, "model", prover);
        vm.warp(admission.validUntil);
        _expectNotValid();
    }

    function test_requireActive_refusesUnknownAndForeignKeys() public {
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, key.addr));
        registry.requireActive(key.addr, "model", prover);
        _register(_admission());
        bytes4 mismatch = IEnclaveRegistry.EnclaveKeyMismatch.selector;
        vm.expectRevert(abi.encodeWithSelector(mismatch, key.addr, bytes32("other"), prover));
        registry.requireActive(key.addr, "other", prover);
        vm.expectRevert(abi.encodeWithSelector(mismatch, key.addr, bytes32("model"), address(this)));
        registry.requireActive(key.addr, "model", address(this));
    }

    function test_revoke_byProverOrRootOnly() public {
        _register(_admission());
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.MayNotRevoke.selector, key.addr, address(this)));
        registry.revoke(key.addr);

        vm.expectEmit(address(registry));
        emit IEnclaveRegistry.EnclaveRevoked(key.addr, root.addr, uint40(block.timestamp));
        vm.prank(root.addr);
        registry.revoke(key.addr);
        _expectNotValid();
    }

    function _admission() private view returns (IEnclaveRegistry.Admission memory) {
        return IEnclaveRegistry.Admission({
            key: key.addr,
            prover: prover,
            modelId: "model",
            measurement: "code",
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
        registry.requireActive(key.addr, "model", prover);
    }

    function _sign(uint256 privateKey, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }
}
