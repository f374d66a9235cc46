// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";
import {Certificate, UNLIMITED_PATH} from "../types/Certificate.sol";
import {Der} from "./Der.sol";

/// @notice Reads the extensions of certificates: basicConstraints and keyUsage, in any order and once each. Others may be
/// there when they are not critical.
library X509Extensions {
    /// @notice Most extensions that a certificate may have.
    uint256 internal constant MAX_EXTENSIONS = 16;

    /// @dev Tag of the field: [3].
    uint8 private constant EXTENSIONS = 0xa3;
    bytes3 private constant BASIC_CONSTRAINTS = 0x551d13;
    bytes3 private constant KEY_USAGE = 0x551d0f;
    /// @dev Bits of keyUsage's first byte.
    uint8 private constant DIGITAL_SIGNATURE = 0x80;
    uint8 private constant KEY_CERT_SIGN = 0x04;

    /// @notice What has been read.
    struct Seen {
        bytes32[] identifiers;
        uint256 count;
        bool hasConstraints;
        bool hasUsage;
        uint8 usage;
    }

    /// @notice Reads the extensions, which end the certificate, and checks that the key may do what it is for.
    /// @param input Starts with the field.
    /// @param facts Gets `isCa` and `pathLength`.
    function parse(bytes calldata input, Certificate memory facts) internal pure {
        Seen memory seen;
        seen.identifiers = new bytes32[](MAX_EXTENSIONS);
        bytes calldata rest = Der.readLast(Der.readLast(input, EXTENSIONS), Der.SEQUENCE);
        while (rest.length != 0) {
            bytes calldata extension;
            (extension, rest) = Der.read(rest, Der.SEQUENCE);
            _readExtension(extension, seen, facts);
        }

        require(seen.hasConstraints, ICertificateCache.ExtensionMissing(BASIC_CONSTRAINTS));
        require(seen.hasUsage, ICertificateCache.ExtensionMissing(KEY_USAGE));
        uint8 needed = facts.isCa ? KEY_CERT_SIGN : DIGITAL_SIGNATURE;
        require(seen.usage & needed == needed, ICertificateCache.KeyUsageMissing(seen.usage, needed));
    }

    function _readExtension(bytes calldata extension, Seen memory seen, Certificate memory facts) private pure {
        (bytes calldata identifier, bytes calldata rest) = Der.read(extension, Der.OBJECT_IDENTIFIER);
        _requireFirst(identifier, seen);
        bool critical;
        (critical, rest) = Der.readFlag(rest);
        bytes calldata value = Der.readLast(rest, Der.OCTET_STRING);
        bytes3 short = identifier.length == 3 ? bytes3(identifier) : bytes3(0);
        if (short == BASIC_CONSTRAINTS) {
            seen.hasConstraints = true;
            _readConstraints(value, facts);
        } else if (short == KEY_USAGE) {
            seen.hasUsage = true;
            seen.usage = _readUsage(value);
        } else {
            require(!critical, ICertificateCache.UnknownCriticalExtension(identifier));
        }
    }

    function _requireFirst(bytes calldata identifier, Seen memory seen) private pure {
        bytes32 hash = keccak256(identifier);
        for (uint256 i; i < seen.count; ++i) {
            require(seen.identifiers[i] != hash, ICertificateCache.ExtensionRepeated(identifier));
        }
        require(seen.count < MAX_EXTENSIONS, ICertificateCache.TooManyExtensions(MAX_EXTENSIONS));
        seen.identifiers[seen.count++] = hash;
    }

    function _readConstraints(bytes calldata value, Certificate memory facts) private pure {
        bytes calldata rest = Der.readLast(value, Der.SEQUENCE);
        (facts.isCa, rest) = Der.readFlag(rest);
        facts.pathLength = UNLIMITED_PATH;
        if (rest.length == 0) return;

        bytes calldata magnitude;
        (magnitude, rest) = Der.readInteger(rest, 1);
        Der.requireEnd(rest);
        facts.pathLength = uint8(bytes1(magnitude));
        require(facts.isCa, ICertificateCache.PathLengthWithoutAuthority(facts.pathLength));
    }

    /// @dev A BIT STRING of named bits: one or two bytes after the count of unused bits, the last used bit is one and the
    /// unused ones are zero.
    function _readUsage(bytes calldata value) private pure returns (uint8) {
        bytes calldata bits = Der.readLast(value, Der.BIT_STRING);
        require(bits.length == 2 || bits.length == 3, IEncodingErrors.DerBadBitString(bits));
        uint256 unused = uint8(bits[0]);
        uint256 last = uint8(bits[bits.length - 1]);
        require(unused < 8 && last & ((2 << unused) - 1) == 1 << unused, IEncodingErrors.DerBadBitString(bits));
        return uint8(bits[1]);
    }
}
