// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {RsaPss2048} from "../../../contracts/crypto/RsaPss2048.sol";

contract RsaPss2048Test is Test {
    bytes32[] private digests;
    bytes[] private signatures;
    bytes[] private moduli;
    bool[] private valid;

    function setUp() public {
        string memory json = vm.readFile("tests/vectors/attestation/rsa_pss_2048.json");
        digests = vm.parseJsonBytes32Array(json, ".digest");
        signatures = vm.parseJsonBytesArray(json, ".signature");
        moduli = vm.parseJsonBytesArray(json, ".modulus");
        valid = vm.parseJsonBoolArray(json, ".valid");
    }

    function isValid(bytes32 digest, bytes memory signature, bytes memory modulus) external view returns (bool) {
        return RsaPss2048.isValid(digest, signature, modulus);
    }

    function test_isValid_wycheproof() public view {
        uint256 accepted;
        for (uint256 i; i < valid.length; ++i) {
            bool answer = RsaPss2048.isValid(digests[i], signatures[i], moduli[i]);
            assertEq(answer, valid[i], vm.toString(i));
            if (answer) ++accepted;
        }
        assertEq(accepted, 63, "valid");
        assertEq(valid.length, 108, "cases");
    }

    /// One check refuses each invalid case.
    function test_isValid_edges() public view {
        string memory json = vm.readFile("tests/vectors/attestation/rsa_pss_edges.json");
        string[] memory names = vm.parseJsonStringArray(json, ".name");
        bytes32[] memory edgeDigests = vm.parseJsonBytes32Array(json, ".digest");
        bytes[] memory edgeSignatures = vm.parseJsonBytesArray(json, ".signature");
        bytes[] memory edgeModuli = vm.parseJsonBytesArray(json, ".modulus");
        bool[] memory verdicts = vm.parseJsonBoolArray(json, ".valid");
        for (uint256 i; i < names.length; ++i) {
            bool answer = RsaPss2048.isValid(edgeDigests[i], edgeSignatures[i], edgeModuli[i]);
            assertEq(answer, verdicts[i], names[i]);
        }
        assertEq(names.length, 7, "cases");
    }

    function test_isValid_refusesWrongLengths() public view {
        assertFalse(RsaPss2048.isValid(digests[0], signatures[0], abi.encodePacked(moduli[0], uint8(1))), "modulus");
        assertFalse(RsaPss2048.isValid(digests[0], abi.encodePacked(signatures[0], uint8(0)), moduli[0]), "signature");
    }

    /// s + n stands for the same number as s. For this signature it still has 256 bytes.
    function test_isValid_refusesSignatureAboveModulus() public view {
        bytes memory above = _sum(signatures[0], moduli[0]);
        assertTrue(RsaPss2048.isValid(digests[0], signatures[0], moduli[0]));
        assertFalse(RsaPss2048.isValid(digests[0], above, moduli[0]));
    }

    /// Too little gas is not an invalid signature.
    function test_isValid_revertsWithoutGas() public {
        vm.mockCallRevert(address(5), bytes(""), new bytes(256));
        vm.expectPartialRevert(RsaPss2048.ModularExponentiationFailed.selector);
        this.isValid(digests[0], signatures[0], moduli[0]);
    }

    function test_isValid_revertsWithoutPrecompile() public {
        vm.mockCall(address(5), bytes(""), bytes(""));
        vm.expectPartialRevert(RsaPss2048.ModularExponentiationFailed.selector);
        this.isValid(digests[0], signatures[0], moduli[0]);
    }

    function testFuzz_isValid_refusesChangedBit(uint256 field, uint256 bit) public view {
        bytes memory digest = abi.encodePacked(digests[0]);
        bytes memory signature = signatures[0];
        bytes memory modulus = moduli[0];
        bytes memory changed = [digest, signature, modulus][field % 3];
        bit = bit % (8 * changed.length);
        changed[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertFalse(RsaPss2048.isValid(bytes32(digest), signature, modulus));
    }

    function _sum(bytes memory left, bytes memory right) private pure returns (bytes memory sum) {
        sum = new bytes(left.length);
        uint256 carry;
        for (uint256 i = left.length; i > 0; --i) {
            carry += uint256(uint8(left[i - 1])) + uint8(right[i - 1]);
            sum[i - 1] = bytes1(uint8(carry));
            carry >>= 8;
        }
        require(carry == 0, "needs more bytes");
    }
}
