// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ITdxCollateral} from "../interfaces/ITdxCollateral.sol";

/// @notice Reads JSON of a known form: keys in a known order, no spaces, no escapes. Each function takes the text from
/// what it reads on, and returns what follows it.
library Json {
    /// @dev A time, and where it has no digits.
    uint256 private constant TIME_BYTES = 22;
    bytes32 private constant TIME_FORM = '"0000-00-00T00:00:00Z"';
    bytes32 private constant TIME_MASK = 0xff00000000ff0000ff0000ff0000ff0000ff0000ffff00000000000000000000;

    /// @notice Reads text that must be there.
    /// @param input Starts with it.
    /// @param text At most 32 bytes, without zeros.
    /// @return rest What follows it.
    function skip(bytes calldata input, bytes32 text) internal pure returns (bytes calldata rest) {
        require(startsWith(input, text), ITdxCollateral.WrongText(bytes32(input), text));
        return input[_length(text):];
    }

    /// @notice Whether the input starts with a text.
    /// @param input The input.
    /// @param text At most 32 bytes, without zeros.
    function startsWith(bytes calldata input, bytes32 text) internal pure returns (bool) {
        return (bytes32(input) ^ text) >> (256 - 8 * _length(text)) == 0;
    }

    /// @notice Reads what stands between the items of a list.
    /// @param input What follows an item.
    /// @return more Whether another item follows.
    /// @return rest What follows the comma or the end of the list.
    function hasMore(bytes calldata input) internal pure returns (bool more, bytes calldata rest) {
        more = bytes1(input) == ",";
        rest = more ? input[1:] : skip(input, "]");
    }

    /// @notice Reads a number that is not negative.
    /// @param input Starts with its first digit.
    /// @param max The greatest that it may be.
    /// @return value The number.
    /// @return rest What follows it.
    function readNumber(bytes calldata input, uint256 max) internal pure returns (uint256 value, bytes calldata rest) {
        uint256 length;
        bytes32 digits = bytes32(input);
        while (length < 32 && digits[length] >= "0" && digits[length] <= "9") {
            value = value * 10 + uint8(digits[length]) - 48;
            ++length;
        }
        require(length != 0 && (length == 1 || digits[0] != "0") && value <= max, ITdxCollateral.BadNumber(digits, max));
        return (value, input[length:]);
    }

    /// @notice Reads a string of upper-case hexadecimal digits in quotes.
    /// @param input Starts with the quote.
    /// @param count Bytes that it stands for.
    /// @return value The bytes.
    /// @return rest What follows the quote at its end.
    function readHex(bytes calldata input, uint256 count)
        internal
        pure
        returns (bytes memory value, bytes calldata rest)
    {
        rest = skip(input, '"');
        value = new bytes(count);
        for (uint256 i; i < count; ++i) {
            uint8 read;
            (read, rest) = readHexByte(rest);
            value[i] = bytes1(read);
        }
        rest = skip(rest, '"');
    }

    /// @notice Reads two upper-case hexadecimal digits.
    /// @param input Starts with them.
    /// @return value The byte that they stand for.
    /// @return rest What follows them.
    function readHexByte(bytes calldata input) internal pure returns (uint8 value, bytes calldata rest) {
        value = _digit(bytes1(input)) << 4 | _digit(bytes1(input[1:]));
        rest = input[2:];
    }

    /// @notice Reads a string of printable ASCII without quotes and backslashes.
    /// @param input Starts with the quote.
    /// @return content What stands between the quotes.
    /// @return rest What follows them.
    function readString(bytes calldata input) internal pure returns (bytes calldata content, bytes calldata rest) {
        rest = skip(input, '"');
        uint256 length;
        while (true) {
            require(length < rest.length, ITdxCollateral.BadString(bytes32(input)));
            bytes1 character = rest[length];
            if (character == '"') break;
            require(character >= " " && character <= "~" && character != "\\", ITdxCollateral.BadString(bytes32(input)));
            ++length;
        }
        return (rest[:length], rest[length + 1:]);
    }

    /// @notice Reads a time in UTC, `"YYYY-MM-DDTHH:MM:SSZ"`, from the year 1970 on.
    /// @param input Starts with the quote.
    /// @return unixSeconds The time.
    /// @return rest What follows the quote at its end.
    function readTime(bytes calldata input) internal pure returns (uint40 unixSeconds, bytes calldata rest) {
        bytes32 text = bytes32(input);
        uint256 year = _field(text, 1, 1, 99) * 100 + _field(text, 3, 0, 99);
        uint256 month = _field(text, 6, 1, 12);
        uint256 day = _field(text, 9, 1, 31);
        uint256 clock =
            _field(text, 12, 0, 23) * 1 hours + _field(text, 15, 0, 59) * 1 minutes + _field(text, 18, 0, 59);
        require(
            input.length >= TIME_BYTES && (text ^ TIME_FORM) & TIME_MASK == 0 && year >= 1970,
            ITdxCollateral.BadIsoTime(text)
        );
        unixSeconds = uint40(_dayNumber(year, month, day) * 1 days + clock);
        rest = input[TIME_BYTES:];
    }

    /// @dev Days since 1970-01-01. Years are counted from March, so that the leap day is the last one.
    function _dayNumber(uint256 year, uint256 month, uint256 day) private pure returns (uint256) {
        (uint256 y, uint256 m) = month > 2 ? (year, month - 3) : (year - 1, month + 9);
        return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    }

    function _field(bytes32 text, uint256 at, uint256 min, uint256 max) private pure returns (uint256 value) {
        (bytes1 tens, bytes1 ones) = (text[at], text[at + 1]);
        require(tens >= "0" && tens <= "9" && ones >= "0" && ones <= "9", ITdxCollateral.BadIsoTime(text));
        value = (uint8(tens) - 48) * 10 + uint8(ones) - 48;
        require(value >= min && value <= max, ITdxCollateral.BadIsoTime(text));
    }

    function _digit(bytes1 digit) private pure returns (uint8) {
        if (digit >= "0" && digit <= "9") return uint8(digit) - 48;
        require(digit >= "A" && digit <= "F", ITdxCollateral.BadHexDigit(digit));
        return uint8(digit) - 55;
    }

    /// @dev Bytes up to the last one that is not zero.
    function _length(bytes32 text) private pure returns (uint256) {
        uint256 lowestBit = uint256(text) & (~uint256(text) + 1);
        return 32 - Math.log2(lowestBit) / 8;
    }
}
