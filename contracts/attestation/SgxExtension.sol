// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IIntelCertificates} from "../interfaces/IIntelCertificates.sol";
import {Machine} from "../types/TdxTcb.sol";
import {Der} from "./Der.sol";

/// @notice Reads Intel's extension of a machine's certificate, 1.2.840.113741.1.13.1: pairs of an object identifier below
/// it and a value. The first five must be there, in order; the two that some machines have may follow.
library SgxExtension {
    /// @notice keccak256 of its object identifier.
    bytes32 internal constant IDENTIFIER = keccak256(hex"2a864886f84d010d01");

    /// @dev What all identifiers in it start with, and how many numbers follow.
    bytes11 private constant PREFIX = 0x2a864886f84d010d010000;
    uint256 private constant PREFIX_BYTES = 9;
    uint256 private constant COMPONENTS = 16;
    uint8 private constant ENUMERATED = 0x0a;

    /// @notice Reads the extension.
    /// @param value Its value.
    /// @return machine What it says.
    function parse(bytes calldata value) internal pure returns (Machine memory machine) {
        bytes calldata rest = Der.readLast(value, Der.SEQUENCE);
        bytes calldata entry;
        (entry, rest) = _read(rest, 0x01);
        _readOctets(entry, 16);
        (entry, rest) = _read(rest, 0x02);
        _parseVersions(Der.readLast(entry, Der.SEQUENCE), machine);
        (entry, rest) = _read(rest, 0x03);
        machine.pceId = bytes2(_readOctets(entry, 2));
        (entry, rest) = _read(rest, 0x04);
        machine.fmspc = bytes6(_readOctets(entry, 6));
        (entry, rest) = _read(rest, 0x05);
        Der.readLast(entry, ENUMERATED);
        if (rest.length == 0) return machine;

        (entry, rest) = _read(rest, 0x06);
        _readOctets(entry, 16);
        (entry, rest) = _read(rest, 0x07);
        Der.readLast(entry, Der.SEQUENCE);
        Der.requireEnd(rest);
    }

    function _parseVersions(bytes calldata rest, Machine memory machine) private pure {
        bytes calldata entry;
        uint256 components;
        for (uint256 i = 1; i <= COMPONENTS; ++i) {
            (entry, rest) = _read(rest, uint16(0x0200 + i));
            components = components << 8 | _readNumber(entry, 1);
        }
        machine.components = bytes16(uint128(components));
        (entry, rest) = _read(rest, 0x0211);
        machine.pceSvn = uint16(_readNumber(entry, 2));
        (entry, rest) = _read(rest, 0x0212);
        machine.cpuSvn = bytes16(_readOctets(entry, 16));
        Der.requireEnd(rest);
    }

    /// @param suffix The last one or two numbers of the identifier.
    function _read(bytes calldata input, uint16 suffix)
        private
        pure
        returns (bytes calldata value, bytes calldata rest)
    {
        bytes calldata pair;
        (pair, rest) = Der.read(input, Der.SEQUENCE);
        bytes calldata found;
        (found, value) = Der.read(pair, Der.OBJECT_IDENTIFIER);
        uint256 length = suffix < 0x100 ? PREFIX_BYTES + 1 : PREFIX_BYTES + 2;
        bytes11 expected = PREFIX | bytes11(uint88(suffix < 0x100 ? suffix << 8 : suffix));
        require(
            found.length == length && bytes11(found) == expected,
            IIntelCertificates.WrongSgxEntry(found, abi.encodePacked(expected))
        );
    }

    function _readNumber(bytes calldata input, uint256 maxBytes) private pure returns (uint256) {
        (bytes calldata magnitude, bytes calldata rest) = Der.readInteger(input, maxBytes);
        Der.requireEnd(rest);
        return magnitude.length == 0 ? 0 : uint256(bytes32(magnitude)) >> (256 - 8 * magnitude.length);
    }

    function _readOctets(bytes calldata input, uint256 length) private pure returns (bytes calldata value) {
        value = Der.readLast(input, Der.OCTET_STRING);
        require(value.length == length, IIntelCertificates.WrongSgxValue(value, length));
    }
}
