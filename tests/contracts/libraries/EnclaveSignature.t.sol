// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test, Vm} from "forge-std/Test.sol";

import {EnclaveSignature} from "../../../contracts/libraries/EnclaveSignature.sol";
import {KeyKind} from "../../../contracts/types/EnclaveKey.sol";

contract EnclaveSignatureTest is Test {
    uint256 private constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    function testFuzz_signerOf_secp256k1(uint256 privateKey, bytes32 digest) public {
        Vm.Wallet memory wallet = vm.createWallet(bound(privateKey, 1, SECP256K1_ORDER - 1));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(wallet.privateKey, digest);
        bytes32 key = this.signerOf(digest, abi.encodePacked(r, s, v));
        assertEq(key, keccak256(abi.encode(uint8(1), wallet.addr)), "name");
        bytes memory point = abi.encode(wallet.publicKeyX, wallet.publicKeyY);
        assertEq(key, this.keyOf(KeyKind.SECP256K1, point), "name of the public key");
        bytes memory high = abi.encodePacked(r, bytes32(SECP256K1_ORDER - uint256(s)), uint8(55 - v));
        assertEq(this.signerOf(digest, high), 0, "high s");
        assertNotEq(this.signerOf(keccak256(abi.encode(digest)), abi.encodePacked(r, s, v)), key, "another digest");
    }

    function testFuzz_signerOf_p256(uint256 privateKey, bytes32 digest, uint16 bit) public view {
        privateKey = bound(privateKey, 1, P256_ORDER - 1);
        (uint256 x, uint256 y) = vm.publicKeyP256(privateKey);
        (bytes32 r, bytes32 s) = vm.signP256(privateKey, sha256(abi.encode(digest)));
        bytes memory signature = abi.encodePacked(x, y, r, s);
        bytes32 key = this.signerOf(digest, signature);
        assertEq(key, keccak256(abi.encode(uint8(2), keccak256(abi.encode(x, y)))), "name");
        assertEq(key, this.keyOf(KeyKind.P256, abi.encode(x, y)), "name of the public key");
        assertEq(this.signerOf(digest, abi.encodePacked(x, y, r, P256_ORDER - uint256(s))), key, "the other s");
        assertEq(this.signerOf(keccak256(abi.encode(digest)), signature), 0, "another digest");
        bit = uint16(bound(bit, 0, 1_023));
        signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertEq(this.signerOf(digest, signature), 0, "a flipped bit");
    }

    function testFuzz_signerOf_rsa(uint16 bit) public view {
        string memory json = vm.readFile("tests/vectors/attestation/registrations.json");
        bytes32 digest = vm.parseJsonBytes32(json, ".enclaves.rsa.groupDigest");
        bytes memory signature = vm.parseJsonBytes(json, ".enclaves.rsa.groupSignature");
        bytes memory modulus = vm.parseJsonBytes(json, ".enclaves.rsa.publicKey");
        bytes32 key = this.signerOf(digest, signature);
        assertEq(key, keccak256(abi.encode(uint8(3), keccak256(modulus))), "name");
        assertEq(key, this.keyOf(KeyKind.RSA_PSS_2048, modulus), "name of the public key");
        assertEq(this.signerOf(keccak256(abi.encode(digest)), signature), 0, "another digest");
        bit = uint16(bound(bit, 0, 4_095));
        signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        assertEq(this.signerOf(digest, signature), 0, "a flipped bit");
    }

    function testFuzz_signerOf_isNobodyForOtherLengths(bytes32 digest, bytes memory signature) public view {
        vm.assume(signature.length != 65 && signature.length != 128 && signature.length != 512);
        assertEq(this.signerOf(digest, signature), 0);
    }

    function test_signerOf_isNobodyForZeroes() public view {
        uint16[3] memory lengths = [65, 128, 512];
        for (uint256 i; i < lengths.length; ++i) {
            assertEq(this.signerOf(0, new bytes(lengths[i])), 0);
        }
    }

    function signerOf(bytes32 digest, bytes calldata signature) external view returns (bytes32) {
        return EnclaveSignature.signerOf(digest, signature);
    }

    function keyOf(KeyKind kind, bytes calldata publicKey) external pure returns (bytes32) {
        return EnclaveSignature.keyOf(kind, publicKey);
    }
}
