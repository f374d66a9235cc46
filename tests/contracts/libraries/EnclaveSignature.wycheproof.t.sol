// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {EnclaveSignature} from "../../../contracts/libraries/EnclaveSignature.sol";
import {KeyKind} from "../../../contracts/types/EnclaveKey.sol";

/// Wycheproof's signatures over secp256k1. They have r and s only; the contract takes r, s and v, and of s and its mirror
/// the lower one. So each is tried with both v, as it is and mirrored.
contract EnclaveSignatureWycheproofTest is Test {
    bytes32 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    /// The field's prime less the order: r below it may stand for the point with x = r + order as well.
    uint256 private constant SECOND_POINTS = 0x14551231950b75fc4402da1722fc9baee;

    function test_signerOf_wycheproof() public view {
        string memory json = vm.readFile("tests/vectors/attestation/secp256k1.json");
        bytes32[] memory digests = vm.parseJsonBytes32Array(json, ".digest");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".signature");
        bytes[] memory publicKeys = vm.parseJsonBytesArray(json, ".publicKey");
        bool[] memory valid = vm.parseJsonBoolArray(json, ".valid");
        uint256 tried;
        uint256 accepted;
        uint256 unrecoverable;
        for (uint256 i; i < valid.length; ++i) {
            if (signatures[i].length != 64) {
                assertFalse(valid[i]);
                continue;
            }
            ++tried;
            bytes32 key = this.keyOf(publicKeys[i]);
            (bytes32 r, bytes32 s) = abi.decode(signatures[i], (bytes32, bytes32));
            bytes32 mirrored = bytes32(uint256(ORDER) - uint256(s) % uint256(ORDER));
            bool asItIs = _signed(digests[i], r, s, key);
            // a number out of its range has no mirror that ECDSA knows of
            bool byMirror = s != 0 && s < ORDER && _signed(digests[i], r, mirrored, key);
            if (valid[i] && !asItIs && !byMirror) {
                // x of its point is not below the order ('k*G has a large x-coordinate', 'r = 2, x = n + 2'), and
                // ecrecover knows no v for that: chance meets one of 2^127
                assertLt(uint256(r), SECOND_POINTS, vm.toString(i));
                ++unrecoverable;
                continue;
            }
            assertEq(asItIs || byMirror, valid[i], vm.toString(i));
            assertFalse(asItIs && byMirror, "only one of the two forms");
            if (valid[i]) assertEq(asItIs, uint256(s) <= uint256(ORDER) / 2, "the lower one");
            if (valid[i]) ++accepted;
        }
        assertEq(accepted, 165, "valid");
        assertEq(unrecoverable, 2, "valid, but out of ecrecover's reach");
        assertEq(tried, 234, "cases");
        assertEq(valid.length, 252, "with wrong lengths");
    }

    function signerOf(bytes32 digest, bytes calldata signature) external view returns (bytes32) {
        return EnclaveSignature.signerOf(digest, signature);
    }

    function keyOf(bytes calldata publicKey) external pure returns (bytes32) {
        return EnclaveSignature.keyOf(KeyKind.SECP256K1, publicKey);
    }

    function _signed(bytes32 digest, bytes32 r, bytes32 s, bytes32 key) private view returns (bool) {
        return this.signerOf(digest, abi.encodePacked(r, s, uint8(27))) == key
            || this.signerOf(digest, abi.encodePacked(r, s, uint8(28))) == key;
    }
}
