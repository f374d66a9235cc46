// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IntelCertificates} from "../../contracts/attestation/IntelCertificates.sol";
import {ICertificateCache} from "../../contracts/interfaces/ICertificateCache.sol";
import {IIntelCertificates} from "../../contracts/interfaces/IIntelCertificates.sol";
import {ITdxAttestation} from "../../contracts/interfaces/ITdxAttestation.sol";
import {ITdxCollateral} from "../../contracts/interfaces/ITdxCollateral.sol";
import {AttestationClaims, Platform} from "../../contracts/types/Claims.sol";
import {TdxTest} from "./base/TdxTest.sol";

/// A real quote with Intel's own lists of that time.
contract TdxAttestationRealTest is TdxTest {
    string private json;
    bytes private document;
    bytes[] private hints;

    function setUp() public {
        json = _readVectors("tdx_real");
        document = vm.parseJsonBytes(json, ".document");
        hints = vm.parseJsonBytesArray(json, ".hints");
        _deploy(INTEL_ROOT, Platform.TDX);
        vm.warp(vm.parseJsonUint(json, ".timestamp"));
    }

    function test_verify_acceptsARealQuote() public {
        _submit(".steps");

        AttestationClaims memory claims = attestation.verify(document, hints);

        assertEq(uint8(claims.platform), uint8(Platform.TDX));
        assertEq(uint8(attestation.PLATFORM()), uint8(Platform.TDX));
        assertEq(claims.root, INTEL_ROOT);
        assertEq(claims.measurement, vm.parseJsonBytes32(json, ".measurement"));
        assertEq(claims.userData, vm.parseJsonBytes(json, ".userData"));
        assertEq(claims.nonce.length + claims.publicKey.length, 0);
        assertEq(claims.timestamp, block.timestamp);
        assertEq(claims.notAfter, vm.parseJsonUint(json, ".notAfter"));
        assertFalse(claims.debug);
    }

    /// The claims say until when the quote is accepted with these lists.
    function test_verify_acceptsUntilNotAfter() public {
        _submit(".steps");
        uint256 notAfter = vm.parseJsonUint(json, ".notAfter");

        vm.warp(notAfter);
        attestation.verify(document, hints);

        vm.warp(notAfter + 1);
        vm.expectPartialRevert(IIntelCertificates.CrlNotCurrent.selector);
        attestation.verify(document, hints);
    }

    function test_verify_refusesWithoutEachList() public {
        Step[] memory steps = _readSteps(json, ".steps");
        bytes4[4] memory errors = [
            IIntelCertificates.CrlNotCurrent.selector,
            IIntelCertificates.CrlNotCurrent.selector,
            ITdxCollateral.UnknownMachine.selector,
            ITdxCollateral.ListNotCurrent.selector
        ];
        for (uint256 i; i < steps.length; ++i) {
            vm.expectPartialRevert(errors[i]);
            attestation.verify(document, hints);
            (bool success,) = targets[steps[i].target].call(steps[i].data);
            assertTrue(success);
        }
        attestation.verify(document, hints);
    }

    /// Another machine of the same kind, whose body another contract has verified.
    function test_verify_acceptsAQuoteOfAnotherMachine() public {
        _submit(".steps");
        bytes memory other = vm.parseJsonBytes(json, ".otherDocument");
        AttestationClaims memory claims = attestation.verify(other, vm.parseJsonBytesArray(json, ".otherHints"));
        assertEq(claims.measurement, vm.parseJsonBytes32(json, ".otherMeasurement"));
    }

    function test_verify_refusesACertificateOfAnotherMachine() public {
        _submit(".steps");
        hints[2] = vm.parseJsonBytesArray(json, ".otherHints")[2];
        vm.expectRevert();
        attestation.verify(document, hints);
    }

    /// Lists of another year and machine are of the same form.
    function test_submit_acceptsLaterLists() public {
        _submit(".steps");
        vm.warp(vm.parseJsonUint(json, ".laterTimestamp"));
        Step[] memory steps = _readSteps(json, ".laterSteps");
        for (uint256 i = 1; i < steps.length; ++i) {
            (bool success,) = targets[steps[i].target].call(steps[i].data);
            assertTrue(success);
        }

        (uint40 issuedAt, uint40 validUntil, uint16 number) = collateral.tcbInfo(0x90c06f000000, 0);
        assertEq(issuedAt, 1_771_412_331);
        assertEq(validUntil, 1_774_004_331);
        assertEq(number, 18);
        (issuedAt, validUntil, number) = collateral.qeIdentity();
        assertEq(issuedAt, 1_771_411_335);
        assertEq(validUntil, 1_774_003_335);
        assertEq(number, 18);
        (, validUntil, number) = collateral.tcbInfo(0xb0c06f000000, 0);
        assertEq(validUntil, 1_752_920_163);
        assertEq(number, 17);
    }

    function testFuzz_verify_refusesOtherBytes(uint256 at, bytes1 change) public {
        vm.assume(change != 0);
        _submit(".steps");
        at = bound(at, 0, document.length - 1);
        document[at] ^= change;
        vm.expectRevert();
        attestation.verify(document, hints);
    }

    function test_constructor_takesIntelsRootOnlyForTdx() public {
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.WrongRoot.selector, bytes32(uint256(1)), INTEL_ROOT));
        new IntelCertificates(bytes32(uint256(1)), Platform.TDX);
        vm.expectRevert(abi.encodeWithSelector(IIntelCertificates.PlatformNotSupported.selector, Platform.NITRO));
        new IntelCertificates(INTEL_ROOT, Platform.NITRO);
    }

    function test_constructor_takesOtherRootsOnDevelopmentChainsOnly() public {
        vm.chainId(8453);
        vm.expectRevert(abi.encodeWithSelector(IIntelCertificates.DevelopmentRootRefused.selector, 8453));
        new IntelCertificates(bytes32(uint256(1)), Platform.DEVELOPMENT);
    }

    function _submit(string memory key) private {
        Step[] memory steps = _readSteps(json, key);
        for (uint256 i; i < steps.length; ++i) {
            (bool success,) = targets[steps[i].target].call(steps[i].data);
            assertTrue(success);
        }
    }
}
