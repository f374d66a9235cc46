// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {P256Signature} from "../crypto/P256Signature.sol";
import {RsaPss2048} from "../crypto/RsaPss2048.sol";
import {KeyKind} from "../types/EnclaveKey.sol";

/// @notice Signatures of enclave keys. One word names a key of any kind. A signature brings its public key with it, or
/// yields it, so that nothing but the key's name has to be stored:
/// - SECP256K1, 65 bytes: r, s (the lower one), v over the digest;
/// - P256, 128 bytes: x, y, r, s over SHA-256 of the digest (ES256 with the digest as the message);
/// - RSA_PSS_2048, 512 bytes: modulus, signature over SHA-256 of the digest (PS256 with the digest as the message).
library EnclaveSignature {
    uint256 private constant SECP256K1_BYTES = 65;
    uint256 private constant P256_BYTES = 128;
    uint256 private constant POINT_BYTES = 64;
    uint256 private constant RSA_BYTES = 512;
    uint256 private constant MODULUS_BYTES = 256;

    /// @notice A public key that is none of its kind.
    error MalformedPublicKey(KeyKind kind, uint256 length);

    /// @notice Name of a public key; reverts with {MalformedPublicKey} when its length is not its kind's.
    /// @param kind The kind.
    /// @param publicKey x and y of a point, or the modulus.
    function keyOf(KeyKind kind, bytes calldata publicKey) internal pure returns (bytes32) {
        uint256 length = kind == KeyKind.RSA_PSS_2048 ? MODULUS_BYTES : POINT_BYTES;
        require(kind != KeyKind.NONE && publicKey.length == length, MalformedPublicKey(kind, publicKey.length));
        bytes32 hash = keccak256(publicKey);
        return _name(kind, kind == KeyKind.SECP256K1 ? bytes32(uint256(uint160(uint256(hash)))) : hash);
    }

    /// @notice Name of the key that signed `digest`; zero when the signature is none.
    /// @param digest What was signed.
    /// @param signature Signature in the form of its key's kind.
    function signerOf(bytes32 digest, bytes calldata signature) internal view returns (bytes32) {
        if (signature.length == SECP256K1_BYTES) return _secp256k1Signer(digest, signature);
        if (signature.length == P256_BYTES) return _p256Signer(digest, signature);
        if (signature.length == RSA_BYTES) return _rsaSigner(digest, signature);
        return 0;
    }

    function _secp256k1Signer(bytes32 digest, bytes calldata signature) private pure returns (bytes32) {
        (address signer, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (error != ECDSA.RecoverError.NoError) return 0;
        return _name(KeyKind.SECP256K1, bytes32(uint256(uint160(signer))));
    }

    function _p256Signer(bytes32 digest, bytes calldata signature) private view returns (bytes32) {
        (bytes32 x, bytes32 y, bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32, bytes32, bytes32));
        if (!P256Signature.isValid(sha256(abi.encode(digest)), r, s, x, y)) return 0;
        return _name(KeyKind.P256, keccak256(signature[:POINT_BYTES]));
    }

    function _rsaSigner(bytes32 digest, bytes calldata signature) private view returns (bytes32) {
        bytes memory modulus = signature[:MODULUS_BYTES];
        if (!RsaPss2048.isValid(sha256(abi.encode(digest)), signature[MODULUS_BYTES:], modulus)) return 0;
        return _name(KeyKind.RSA_PSS_2048, keccak256(modulus));
    }

    function _name(KeyKind kind, bytes32 fingerprint) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, fingerprint));
    }
}
