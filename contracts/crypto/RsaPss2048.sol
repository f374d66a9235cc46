// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice RSASSA-PSS of RFC 8017 with a modulus of 2048 bits, e = 65537, SHA-256, MGF1 with SHA-256 and a salt of 32
/// bytes.
library RsaPss2048 {
    uint256 private constant MODULUS_BYTES = 256;
    uint24 private constant EXPONENT = 65537;
    address private constant MODEXP = address(5);

    /// @dev The encoded message: 190 zero bytes, a byte 1 and the salt, masked (223 bytes); the hash (32); 0xbc.
    uint256 private constant HASH_AT = 223;
    uint256 private constant ZERO_WORDS = 5;
    uint256 private constant TOP_BIT = 1 << 255;
    uint256 private constant TRAILER = 0xbc;

    /// @notice The precompile for modular exponentiation is missing, or got too little gas. This says nothing about the
    /// signature.
    /// @param gasLeft Gas after the attempt.
    error ModularExponentiationFailed(uint256 gasLeft);

    /// @notice Whether the key signed a message with this SHA-256 hash.
    /// @param digest SHA-256 of the message.
    /// @param signature 256 bytes.
    /// @param modulus 256 bytes, of which the first bit is 1.
    /// @return True when it did. False, too, for lengths that are wrong and for a modulus of fewer than 2048 bits.
    function isValid(bytes32 digest, bytes memory signature, bytes memory modulus) internal view returns (bool) {
        if (signature.length != MODULUS_BYTES || modulus.length != MODULUS_BYTES) return false;
        if (_word(modulus, 0) & TOP_BIT == 0) return false;
        if (!_isBelow(signature, modulus)) return false;

        bytes memory encoded = _power(signature, modulus);
        if (_word(encoded, 0) & TOP_BIT != 0 || uint8(encoded[MODULUS_BYTES - 1]) != TRAILER) return false;

        bytes32 hash = bytes32(_word(encoded, HASH_AT));
        // The first bit is not part of the padding: the encoded message has 2047 bits.
        uint256 nonZero = _unmasked(encoded, hash, 0) & ~TOP_BIT;
        for (uint256 i = 1; i < ZERO_WORDS; ++i) {
            nonZero |= _unmasked(encoded, hash, i);
        }
        // 30 zero bytes, the byte 1, and the first byte of the salt; then the others, and a byte of the hash.
        uint256 border = _unmasked(encoded, hash, ZERO_WORDS);
        uint256 salt = border << 248 | _unmasked(encoded, hash, ZERO_WORDS + 1) >> 8;
        return nonZero == 0 && border >> 8 == 1 && sha256(abi.encodePacked(uint64(0), digest, salt)) == hash;
    }

    /// @dev signature^65537 modulo the modulus.
    function _power(bytes memory signature, bytes memory modulus) private view returns (bytes memory) {
        (bool success, bytes memory output) =
            MODEXP.staticcall(abi.encodePacked(MODULUS_BYTES, uint256(3), MODULUS_BYTES, signature, EXPONENT, modulus));
        require(success && output.length == MODULUS_BYTES, ModularExponentiationFailed(gasleft()));
        return output;
    }

    /// @dev Word `index` of the encoded message without the mask, which is SHA-256 of the hash and the index.
    function _unmasked(bytes memory encoded, bytes32 hash, uint256 index) private pure returns (uint256) {
        return _word(encoded, 32 * index) ^ uint256(sha256(abi.encodePacked(hash, uint32(index))));
    }

    /// @dev Whether the number `left` is smaller than `right`; both have 256 bytes.
    function _isBelow(bytes memory left, bytes memory right) private pure returns (bool) {
        for (uint256 i; i < MODULUS_BYTES; i += 32) {
            uint256 a = _word(left, i);
            uint256 b = _word(right, i);
            if (a != b) return a < b;
        }
        return false;
    }

    /// @dev The 32 bytes from `offset` on, which the caller knows to be there.
    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }
}
