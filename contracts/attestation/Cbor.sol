// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";

/// @notice Reads CBOR (RFC 8949) strictly: numbers and lengths in their shortest form, strings in one piece. Each function
/// takes the bytes from the item on, and returns what follows it.
library Cbor {
    uint8 internal constant UINT = 0;
    uint8 internal constant BYTES = 2;
    uint8 internal constant TEXT = 3;
    uint8 internal constant ARRAY = 4;
    uint8 internal constant MAP = 5;
    uint8 internal constant TAG = 6;
    uint8 private constant SIMPLE = 7;

    /// @notice The first byte of null.
    bytes1 internal constant NULL = 0xf6;
    /// @notice Ends a map of indefinite length.
    bytes1 internal constant BREAK = 0xff;
    /// @notice Stands for the number of entries of a map of indefinite length.
    uint256 internal constant INDEFINITE = type(uint256).max;

    /// @dev How deep {skip} follows nested items.
    uint256 private constant MAX_DEPTH = 8;
    /// @dev Low five bits of the first byte that mean an indefinite length, or a break.
    uint8 private constant INDEFINITE_INFO = 31;

    /// @notice Reads the head of an unsigned integer or a tag (the value) or of an array (how many items follow).
    /// @param input Starts with the item.
    /// @param major The major type that it must have.
    /// @return value The number in the head.
    /// @return rest What follows the head.
    function readHead(bytes calldata input, uint8 major) internal pure returns (uint256 value, bytes calldata rest) {
        (value, rest) = _readTyped(input, major);
        require(value != INDEFINITE, IEncodingErrors.CborBadInfo(major, INDEFINITE_INFO));
    }

    /// @notice Reads a byte or text string.
    /// @param input Starts with the item.
    /// @param major The major type that it must have.
    /// @return content Its bytes.
    /// @return rest What follows it.
    function readString(bytes calldata input, uint8 major)
        internal
        pure
        returns (bytes calldata content, bytes calldata rest)
    {
        uint256 length;
        (length, rest) = readHead(input, major);
        require(length <= rest.length, IEncodingErrors.CborTruncated(length, rest.length));
        return (rest[:length], rest[length:]);
    }

    /// @notice Reads a byte string or null.
    /// @param input Starts with the item.
    /// @return content Its bytes; empty for null.
    /// @return rest What follows it.
    function readOptional(bytes calldata input) internal pure returns (bytes calldata content, bytes calldata rest) {
        if (input.length != 0 && input[0] == NULL) return (input[:0], input[1:]);
        return readString(input, BYTES);
    }

    /// @notice Reads the head of a map.
    /// @param input Starts with the map.
    /// @return count How many entries follow; {INDEFINITE} when a break ends them.
    /// @return rest What follows the head.
    function readMap(bytes calldata input) internal pure returns (uint256 count, bytes calldata rest) {
        return _readTyped(input, MAP);
    }

    /// @notice Whether entry `index` of a map or array with `count` entries is there; consumes a break.
    /// @param input Starts with the entry, or with what follows the last one.
    /// @param index Number of entries that were read.
    /// @param count As {readMap} returned it.
    /// @return more Whether the entry is there.
    /// @return rest `input`, or what follows the break.
    function hasEntry(bytes calldata input, uint256 index, uint256 count)
        internal
        pure
        returns (bool more, bytes calldata rest)
    {
        if (count != INDEFINITE) return (index < count, input);
        require(input.length != 0, IEncodingErrors.CborTruncated(1, 0));
        if (input[0] == BREAK) return (false, input[1:]);
        return (true, input);
    }

    /// @notice Reverts when something is left.
    function requireEnd(bytes calldata rest) internal pure {
        require(rest.length == 0, IEncodingErrors.CborTrailingBytes(rest.length));
    }

    /// @notice Skips a whole map, whatever is in it.
    /// @param input Starts with the map.
    /// @return rest What follows the map.
    function skipMap(bytes calldata input) internal pure returns (bytes calldata rest) {
        (uint256 count, bytes calldata entries) = readMap(input);
        return _skipEntries(entries, count, 2, MAX_DEPTH);
    }

    function _skip(bytes calldata input, uint256 depth) private pure returns (bytes calldata rest) {
        require(depth != 0, IEncodingErrors.CborTooDeep(MAX_DEPTH));
        uint8 major;
        uint256 value;
        (major, value, rest) = _readHead(input);
        if (major == ARRAY || major == MAP) return _skipEntries(rest, value, major == MAP ? 2 : 1, depth - 1);
        require(value != INDEFINITE, IEncodingErrors.CborBadInfo(major, INDEFINITE_INFO));
        if (major == TAG) return _skip(rest, depth - 1);
        if (major == BYTES || major == TEXT) {
            require(value <= rest.length, IEncodingErrors.CborTruncated(value, rest.length));
            return rest[value:];
        }
    }

    /// @param items 2 for a map, whose entries are key and value, 1 for an array.
    function _skipEntries(bytes calldata input, uint256 count, uint256 items, uint256 depth)
        private
        pure
        returns (bytes calldata rest)
    {
        rest = input;
        for (uint256 i;; ++i) {
            bool more;
            (more, rest) = hasEntry(rest, i, count);
            if (!more) return rest;
            for (uint256 j; j < items; ++j) {
                rest = _skip(rest, depth);
            }
        }
    }

    function _readTyped(bytes calldata input, uint8 expected)
        private
        pure
        returns (uint256 value, bytes calldata rest)
    {
        uint8 major;
        (major, value, rest) = _readHead(input);
        require(major == expected, IEncodingErrors.CborWrongType(major, expected));
    }

    /// @dev `value` is {INDEFINITE} for the low bits 31, which no number can be.
    function _readHead(bytes calldata input) private pure returns (uint8 major, uint256 value, bytes calldata rest) {
        require(input.length != 0, IEncodingErrors.CborTruncated(1, 0));
        major = uint8(input[0]) >> 5;
        uint8 info = uint8(input[0]) & 0x1f;
        if (info < 24) return (major, info, input[1:]);
        if (info == INDEFINITE_INFO) return (major, INDEFINITE, input[1:]);
        require(info <= 27, IEncodingErrors.CborBadInfo(major, info));

        uint256 bits = 8 << (info - 24);
        uint256 end = 1 + bits / 8;
        require(input.length >= end, IEncodingErrors.CborTruncated(end, input.length));
        value = uint256(bytes32(input[1:])) >> (256 - bits);
        // Of the simple values, those with more bytes are floating-point numbers: they have no shorter form here.
        uint256 least = info == 24 ? (major == SIMPLE ? 32 : 24) : major == SIMPLE ? 0 : 1 << (bits / 2);
        require(value >= least, IEncodingErrors.CborNotShortest(value));
        return (major, value, input[end:]);
    }
}
