// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";
import {IIntelCertificates} from "../interfaces/IIntelCertificates.sol";
import {Certificate} from "../types/Certificate.sol";
import {Der} from "./Der.sol";
import {DerTime} from "./DerTime.sol";
import {X509Extensions} from "./X509Extensions.sol";

/// @notice What a certificate of Intel's says.
struct P256Certificate {
    uint256 serialNumber;
    /// @dev keccak256 of the names in DER.
    bytes32 issuer;
    bytes32 subject;
    /// @dev keccak256 of the subject's common name; zero when it has none.
    bytes32 commonName;
    /// @dev Public key.
    bytes32 x;
    bytes32 y;
    /// @dev Signature.
    bytes32 r;
    bytes32 s;
    /// @dev Unix seconds, inclusive.
    uint256 notBefore;
    uint256 notAfter;
    bool isCa;
    uint256 pathLength;
}

/// @notice Reads certificates with keys on P-256 that are signed by ECDSA with SHA-256, as strictly as {X509} reads those
/// on P-384.
library X509P256 {
    /// @notice Longest certificate in bytes.
    uint256 internal constant MAX_BYTES = 4_096;
    /// @notice SEQUENCE { OBJECT IDENTIFIER ecdsa-with-SHA256 }
    bytes12 internal constant ECDSA_WITH_SHA256 = 0x300a06082a8648ce3d040302;

    uint256 private constant NUMBER_BYTES = 32;
    uint256 private constant MAX_SERIAL_BYTES = 20;
    /// @dev [0] { INTEGER 2 }
    bytes5 private constant VERSION_3 = 0xa003020102;
    /// @dev SEQUENCE { SEQUENCE { OBJECT IDENTIFIER ecPublicKey, OBJECT IDENTIFIER secp256r1 }, BIT STRING of which all
    /// bits are used, with an uncompressed point }. The lengths are in it, so that 64 bytes follow.
    bytes27 private constant P256_KEY = 0x3059301306072a8648ce3d020106082a8648ce3d03010703420004;
    /// @dev Tag of the extensions: [3].
    uint8 private constant EXTENSIONS = 0xa3;
    uint8 private constant SET = 0x31;
    uint8 private constant UTF8_STRING = 0x0c;
    bytes3 private constant COMMON_NAME = 0x550403;

    /// @notice Reads a certificate.
    /// @param certificate Its DER.
    /// @return facts What it says.
    /// @return signed The part of it that is signed.
    /// @return extensions Its extensions, each a SEQUENCE.
    function parse(bytes calldata certificate)
        internal
        pure
        returns (P256Certificate memory facts, bytes calldata signed, bytes calldata extensions)
    {
        require(certificate.length <= MAX_BYTES, ICertificateCache.CertificateTooLong(certificate.length, MAX_BYTES));
        bytes calldata rest = Der.readLast(certificate, Der.SEQUENCE);
        (signed, rest) = Der.readWhole(rest, Der.SEQUENCE);
        (facts.r, facts.s) = readSignature(readAlgorithm(rest));
        extensions = _parseSigned(Der.readLast(signed, Der.SEQUENCE), facts);
    }

    /// @notice Reads the algorithm, which must be {ECDSA_WITH_SHA256}.
    /// @param input Starts with it.
    /// @return rest What follows it.
    function readAlgorithm(bytes calldata input) internal pure returns (bytes calldata rest) {
        bytes12 found = bytes12(input);
        require(found == ECDSA_WITH_SHA256, ICertificateCache.WrongSignatureAlgorithm(found, ECDSA_WITH_SHA256));
        return input[12:];
    }

    /// @notice Reads a signature, which must end the input.
    /// @param input Starts with its BIT STRING.
    /// @return r First number.
    /// @return s Second number.
    function readSignature(bytes calldata input) internal pure returns (bytes32 r, bytes32 s) {
        bytes calldata bits = Der.readLast(input, Der.BIT_STRING);
        require(bits.length != 0 && bits[0] == 0, IEncodingErrors.DerBadBitString(bits));
        bytes calldata numbers = Der.readLast(bits[1:], Der.SEQUENCE);
        (r, numbers) = _readNumber(numbers, NUMBER_BYTES);
        (s, numbers) = _readNumber(numbers, NUMBER_BYTES);
        Der.requireEnd(numbers);
    }

    /// @notice Reads a serial number.
    /// @param input Starts with it.
    /// @return serialNumber The number.
    /// @return rest What follows it.
    function readSerialNumber(bytes calldata input) internal pure returns (uint256 serialNumber, bytes calldata rest) {
        bytes32 number;
        (number, rest) = _readNumber(input, MAX_SERIAL_BYTES);
        serialNumber = uint256(number);
        require(serialNumber != 0, ICertificateCache.SerialNumberZero());
    }

    /// @notice The value of an extension, or nothing when it is not there.
    /// @param extensions What {parse} returned.
    /// @param identifier keccak256 of the extension's object identifier.
    /// @return value The value.
    function valueOf(bytes calldata extensions, bytes32 identifier) internal pure returns (bytes calldata value) {
        bytes calldata rest = extensions;
        while (rest.length != 0) {
            bytes calldata extension;
            (extension, rest) = Der.read(rest, Der.SEQUENCE);
            (value, extension) = Der.read(extension, Der.OBJECT_IDENTIFIER);
            if (keccak256(value) == identifier) {
                (, extension) = Der.readFlag(extension);
                return Der.readLast(extension, Der.OCTET_STRING);
            }
        }
        return extensions[:0];
    }

    function _parseSigned(bytes calldata rest, P256Certificate memory facts)
        private
        pure
        returns (bytes calldata extensions)
    {
        bytes5 version = bytes5(rest);
        require(version == VERSION_3, ICertificateCache.NotVersion3(version, VERSION_3));
        (facts.serialNumber, rest) = readSerialNumber(rest[5:]);
        rest = readAlgorithm(rest);
        bytes calldata name;
        (name, rest) = Der.readWhole(rest, Der.SEQUENCE);
        facts.issuer = keccak256(name);
        rest = _readValidity(rest, facts);
        (name, rest) = Der.readWhole(rest, Der.SEQUENCE);
        (facts.subject, facts.commonName) = (keccak256(name), _commonName(name));
        rest = _readPublicKey(rest, facts);
        Certificate memory role;
        X509Extensions.parse(rest, role);
        (facts.isCa, facts.pathLength) = (role.isCa, role.pathLength);
        return Der.readLast(Der.readLast(rest, EXTENSIONS), Der.SEQUENCE);
    }

    function _readValidity(bytes calldata input, P256Certificate memory facts)
        private
        pure
        returns (bytes calldata rest)
    {
        bytes calldata times;
        (times, rest) = Der.read(input, Der.SEQUENCE);
        (facts.notBefore, times) = DerTime.read(times);
        (facts.notAfter, times) = DerTime.read(times);
        Der.requireEnd(times);
    }

    function _readPublicKey(bytes calldata input, P256Certificate memory facts)
        private
        pure
        returns (bytes calldata rest)
    {
        bytes calldata key;
        (key, rest) = Der.readWhole(input, Der.SEQUENCE);
        bytes27 found = bytes27(key);
        require(found == P256_KEY, IIntelCertificates.WrongPublicKeyType(found, P256_KEY));
        (facts.x, facts.y) = (bytes32(key[27:]), bytes32(key[59:]));
    }

    /// @dev The name is a SEQUENCE of SETs of one pair each.
    function _commonName(bytes calldata name) private pure returns (bytes32) {
        bytes calldata rest = Der.readLast(name, Der.SEQUENCE);
        while (rest.length != 0) {
            bytes calldata pair;
            (pair, rest) = Der.read(rest, SET);
            pair = Der.readLast(pair, Der.SEQUENCE);
            bytes calldata identifier;
            (identifier, pair) = Der.read(pair, Der.OBJECT_IDENTIFIER);
            if (identifier.length == 3 && bytes3(identifier) == COMMON_NAME && uint8(bytes1(pair)) == UTF8_STRING) {
                return keccak256(Der.readLast(pair, UTF8_STRING));
            }
        }
        return 0;
    }

    function _readNumber(bytes calldata input, uint256 maxBytes)
        private
        pure
        returns (bytes32 number, bytes calldata rest)
    {
        bytes calldata magnitude;
        (magnitude, rest) = Der.readInteger(input, maxBytes);
        if (magnitude.length != 0) number = bytes32(magnitude) >> (256 - 8 * magnitude.length);
    }
}
