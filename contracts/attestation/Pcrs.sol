// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {INitroAttestation} from "../interfaces/INitroAttestation.sol";
import {Platform} from "../types/Claims.sol";
import {Cbor} from "./Cbor.sol";

/// @notice Reads the registers of a document, and makes the measurement of them.
library Pcrs {
    /// @dev Registers that there are: a document may name any of them, however few it names.
    uint256 private constant BANK_SIZE = 32;
    uint256 private constant PCR_BYTES = 48;
    /// @dev Registers 0 to 2 must be there.
    uint256 private constant REQUIRED = 3;
    /// @dev Holds the certificate that signed the image.
    uint256 private constant IMAGE_SIGNER = 8;

    /// @notice Reads the registers.
    /// @param input Starts with their map.
    /// @param platform Whose measurement it is.
    /// @return measurement Hash of the code's identity, see {INitroAttestation}.
    /// @return debug Whether one of registers 0 to 2 is all zero.
    /// @return rest What follows the map.
    function read(bytes calldata input, Platform platform)
        internal
        pure
        returns (bytes32 measurement, bool debug, bytes calldata rest)
    {
        uint256 count;
        (count, rest) = Cbor.readMap(input);
        bytes memory code = abi.encodePacked(platform);
        uint256 least;
        for (uint256 i;; ++i) {
            bool more;
            (more, rest) = Cbor.hasEntry(rest, i, count);
            if (!more) break;
            bytes calldata value;
            (least, value, rest) = _readEntry(rest, least);
            if (least <= REQUIRED || least == IMAGE_SIGNER + 1) {
                bool zero = _isZero(value);
                if (least <= REQUIRED) debug = debug || zero;
                if (least <= REQUIRED || !zero) code = bytes.concat(code, value);
            }
        }
        require(least >= REQUIRED, INitroAttestation.PcrMissing(least));
        measurement = keccak256(code);
    }

    /// @param least The smallest index that may follow.
    /// @return next The index plus one.
    function _readEntry(bytes calldata input, uint256 least)
        private
        pure
        returns (uint256 next, bytes calldata value, bytes calldata rest)
    {
        uint256 index;
        (index, rest) = Cbor.readHead(input, Cbor.UINT);
        require(index < BANK_SIZE, INitroAttestation.PcrIndexTooHigh(index, BANK_SIZE - 1));
        require(index >= least, INitroAttestation.PcrNotAscending(index, least));
        require(index == least || least >= REQUIRED, INitroAttestation.PcrMissing(least));
        (value, rest) = Cbor.readString(rest, Cbor.BYTES);
        require(value.length == PCR_BYTES, INitroAttestation.WrongPcrLength(index, value.length, PCR_BYTES));
        next = index + 1;
    }

    function _isZero(bytes calldata value) private pure returns (bool) {
        return bytes32(value) | bytes32(value[16:]) == 0;
    }
}
