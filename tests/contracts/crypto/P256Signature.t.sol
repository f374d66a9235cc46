// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Test} from "forge-std/Test.sol";

import {P256Signature} from "../../../contracts/crypto/P256Signature.sol";

contract P256SignatureTest is Test {
    bytes32[] private digests;
    bytes[] private signatures;
    bytes[] private publicKeys;
    bool[] private valid;

    function setUp() public {
        string memory json = vm.readFile("tests/vectors/attestation/p256.json");
        digests = vm.parseJsonBytes32Array(json, ".digest");
        signatures = vm.parseJsonBytesArray(json, ".signature");
        publicKeys = vm.parseJsonBytesArray(json, ".publicKey");
        valid = vm.parseJsonBoolArray(json, ".valid");
    }

    /// The library takes numbers: signatures that have not 64 bytes do not get that far.
    function test_isValid_wycheproof() public view {
        uint256 tried;
        uint256 accepted;
        for (uint256 i; i < valid.length; ++i) {
            if (signatures[i].length != 64) {
                assertFalse(valid[i]);
                continue;
            }
            ++tried;
            bool answer = _isValid(i, signatures[i]);
            assertEq(answer, valid[i], vm.toString(i));
            if (answer) ++accepted;
        }
        assertEq(accepted, 173, "valid");
        assertEq(tried, 241, "cases");
        assertEq(valid.length, 262, "with wrong lengths");
    }

    function testFuzz_isValid_acceptsBothForms(uint256 index) public view {
        index = index % valid.length;
        if (!valid[index]) return;
        (bytes32 r, bytes32 s) = abi.decode(signatures[index], (bytes32, bytes32));
        assertTrue(_isValid(index, abi.encode(r, P256.N - uint256(s))));
    }

    function _isValid(uint256 index, bytes memory signature) private view returns (bool) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        (bytes32 x, bytes32 y) = abi.decode(publicKeys[index], (bytes32, bytes32));
        return P256Signature.isValid(digests[index], r, s, x, y);
    }
}
