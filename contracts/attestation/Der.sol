// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";

/// @notice Reads DER, as strictly as certificates need it: known single-byte tags, lengths below 65,536 in their shortest
/// form, every element inside of what holds it. Each function takes the bytes from the element on, and returns what
/// follows it.
library Der {
    uint8 internal constant BOOLEAN = 0x01;
    uint8 internal constant INTEGER = 0x02;
    uint8 internal constant BIT_STRING = 0x03;
    uint8 internal constant OCTET_STRING = 0x04;
    uint8 internal constant OBJECT_IDENTIFIER = 0x06;
    uint8 internal constant UTC_TIME = 0x17;
    uint8 internal constant GENERALIZED_TIME = 0x18;
    uint8 internal constant SEQUENCE = 0x30;

    /// @dev The only value of a BOOLEAN that is ever written: FALSE is the default of all that are read here.
    bytes1 private constant TRUE = 0xff;

    /// @notice Reads one element.
    /// @param input Starts with the element.
    /// @param tag The tag that it must have.
    /// @return content Its content.
    /// @return rest What follows it.
    function read(bytes calldata input, uint8 tag) internal pure returns (bytes calldata content, bytes calldata rest) {
        (uint256 start, uint256 end) = _bounds(input, tag);
        return (input[start:end], input[end:]);
    }

    /// @notice As {read}, with tag and length.
    function readWhole(bytes calldata input, uint8 tag)
        internal
        pure
        returns (bytes calldata element, bytes calldata rest)
    {
        (, uint256 end) = _bounds(input, tag);
        return (input[:end], input[end:]);
    }

    /// @notice As {read}; nothing may follow the element.
    function readLast(bytes calldata input, uint8 tag) internal pure returns (bytes calldata content) {
        bytes calldata rest;
        (content, rest) = read(input, tag);
        requireEnd(rest);
    }

    /// @notice Reads an INTEGER that is not negative.
    /// @param input Starts with the element.
    /// @param maxBytes Bytes that its magnitude may have.
    /// @return magnitude Its bytes without leading zeros; empty when it is zero.
    /// @return rest What follows it.
    function readInteger(bytes calldata input, uint256 maxBytes)
        internal
        pure
        returns (bytes calldata magnitude, bytes calldata rest)
    {
        (magnitude, rest) = read(input, INTEGER);
        require(magnitude.length != 0 && magnitude[0] < 0x80, IEncodingErrors.DerBadInteger(magnitude));
        if (magnitude[0] == 0) {
            require(magnitude.length == 1 || magnitude[1] >= 0x80, IEncodingErrors.DerIntegerNotShortest(magnitude));
            magnitude = magnitude[1:];
        }
        require(magnitude.length <= maxBytes, IEncodingErrors.DerIntegerTooLong(magnitude.length, maxBytes));
    }

    /// @notice Reads a BOOLEAN that is FALSE when it is left out.
    /// @param input Starts with the element, if it is there.
    /// @return value Whether it is there; it must be TRUE then.
    /// @return rest What follows it.
    function readFlag(bytes calldata input) internal pure returns (bool value, bytes calldata rest) {
        if (input.length == 0 || uint8(input[0]) != BOOLEAN) return (false, input);

        bytes calldata content;
        (content, rest) = read(input, BOOLEAN);
        require(content.length == 1 && content[0] == TRUE, IEncodingErrors.DerBadBoolean(content));
        return (true, rest);
    }

    /// @notice Reverts when something is left.
    function requireEnd(bytes calldata rest) internal pure {
        require(rest.length == 0, IEncodingErrors.DerTrailingBytes(rest.length));
    }

    function _bounds(bytes calldata input, uint8 tag) private pure returns (uint256 start, uint256 end) {
        require(input.length >= 2, IEncodingErrors.DerTruncated(2, input.length));
        require(uint8(input[0]) == tag, IEncodingErrors.DerWrongTag(uint8(input[0]), tag));

        uint256 length = uint8(input[1]);
        start = 2;
        if (length >= 0x80) {
            start = length - 0x80 + 2;
            require(start == 3 || start == 4, IEncodingErrors.DerBadLength(uint8(length)));
            require(input.length >= start, IEncodingErrors.DerTruncated(start, input.length));
            length = start == 3 ? uint8(input[2]) : uint16(bytes2(input[2:]));
            require(length >= (start == 3 ? 0x80 : 0x100), IEncodingErrors.DerLengthNotShortest(length));
        }
        end = start + length;
        require(input.length >= end, IEncodingErrors.DerTruncated(end, input.length));
    }
}
