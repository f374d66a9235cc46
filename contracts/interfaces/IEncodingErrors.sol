// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What is wrong with the bytes of a certificate (DER) or a document (CBOR)
/// @notice Errors of the readers; each carries what was found.
interface IEncodingErrors {
    /* DER */

    /// @notice The element is longer than what holds it.
    error DerTruncated(uint256 needed, uint256 available);
    /// @notice Another kind of element was expected here.
    error DerWrongTag(uint8 tag, uint8 expected);
    /// @notice The first length byte announces an indefinite length, or more than two length bytes.
    error DerBadLength(uint8 first);
    /// @notice The length could be written in fewer bytes.
    error DerLengthNotShortest(uint256 length);
    /// @notice Bytes follow where nothing may follow.
    error DerTrailingBytes(uint256 count);
    /// @notice A BOOLEAN is not the one byte FF. (FALSE is every BOOLEAN's default here, and DER leaves defaults out.)
    error DerBadBoolean(bytes value);
    /// @notice An INTEGER has no byte, or is negative.
    error DerBadInteger(bytes value);
    /// @notice An INTEGER starts with a byte that it does not need.
    error DerIntegerNotShortest(bytes value);
    /// @notice An INTEGER has too many bytes.
    error DerIntegerTooLong(uint256 length, uint256 max);
    /// @notice A BIT STRING is empty, leaves bits unused that it may not, or has trailing zeros.
    error DerBadBitString(bytes value);
    /// @notice Not a date and time of the calendar in the form that RFC 5280 asks for.
    error DerBadTime(bytes value);

    /* CBOR */

    /// @notice The item is longer than what holds it.
    error CborTruncated(uint256 needed, uint256 available);
    /// @notice Another major type was expected here.
    error CborWrongType(uint8 major, uint8 expected);
    /// @notice The low five bits of the first byte are reserved, or mean an indefinite length where none may be.
    error CborBadInfo(uint8 major, uint8 info);
    /// @notice The number could be written in fewer bytes.
    error CborNotShortest(uint256 value);
    /// @notice Bytes follow where nothing may follow.
    error CborTrailingBytes(uint256 count);
    /// @notice Items are nested too deep.
    error CborTooDeep(uint256 max);
}
