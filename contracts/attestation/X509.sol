// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";
import {Certificate} from "../types/Certificate.sol";
import {Der} from "./Der.sol";
import {DerTime} from "./DerTime.sol";
import {X509Extensions} from "./X509Extensions.sol";

/// @notice Reads certificates: what RFC 5280 leaves open is fixed here, and everything is read to the last byte.
library X509 {
    /// @notice Longest certificate in bytes: what an attestation document may hold.
    uint256 internal constant MAX_BYTES = 1_024;
    /// @notice Bytes of a public key, and of a signature.
    uint256 internal constant POINT_BYTES = 96;

    /// @dev Bytes of one number of a signature, or of one coordinate.
    uint256 private constant NUMBER_BYTES = 48;
    /// @dev RFC 5280 allows no longer serial number.
    uint256 private constant MAX_SERIAL_BYTES = 20;

    /// @dev [0] { INTEGER 2 }
    bytes5 private constant VERSION_3 = 0xa003020102;
    /// @dev SEQUENCE { OBJECT IDENTIFIER ecdsa-with-SHA384 }
    bytes12 private constant ECDSA_WITH_SHA384 = 0x300a06082a8648ce3d040303;
    /// @dev SEQUENCE { SEQUENCE { OBJECT IDENTIFIER ecPublicKey, OBJECT IDENTIFIER secp384r1 }, BIT STRING of which all
    /// bits are used, with an uncompressed point }
    bytes24 private constant P384_KEY = 0x3076301006072a8648ce3d020106052b8104002203620004;

    /// @notice Reads a certificate.
    /// @param certificate Its DER.
    /// @return facts What it says.
    /// @return signed The part of it that is signed.
    /// @return signature r and s, 48 bytes each.
    function parse(bytes calldata certificate)
        internal
        pure
        returns (Certificate memory facts, bytes calldata signed, bytes memory signature)
    {
        require(certificate.length <= MAX_BYTES, ICertificateCache.CertificateTooLong(certificate.length, MAX_BYTES));
        bytes calldata rest = Der.readLast(certificate, Der.SEQUENCE);
        (signed, rest) = Der.readWhole(rest, Der.SEQUENCE);
        signature = _readSignature(_readAlgorithm(rest));
        _parseSigned(certificate, Der.readLast(signed, Der.SEQUENCE), facts);
    }

    /// @notice The serial number of a certificate that {parse} has read.
    function serialNumberOf(bytes calldata certificate, Certificate memory facts) internal pure returns (uint256) {
        return uint256(bytes32(certificate[facts.serialOffset:])) >> (256 - 8 * uint256(facts.serialLength));
    }

    /// @notice keccak256 of the issuer's name.
    function issuerOf(bytes calldata certificate, Certificate memory facts) internal pure returns (bytes32) {
        return keccak256(certificate[facts.issuerOffset:][:facts.issuerLength]);
    }

    /// @notice keccak256 of the subject's name.
    function subjectOf(bytes calldata certificate, Certificate memory facts) internal pure returns (bytes32) {
        return keccak256(certificate[facts.subjectOffset:][:facts.subjectLength]);
    }

    /// @notice The public key: x and y.
    function publicKeyOf(bytes calldata certificate, Certificate memory facts) internal pure returns (bytes memory) {
        return certificate[facts.keyOffset:][:POINT_BYTES];
    }

    function _parseSigned(bytes calldata certificate, bytes calldata rest, Certificate memory facts) private pure {
        rest = _readVersion(rest);
        rest = _readSerialNumber(certificate, rest, facts);
        rest = _readAlgorithm(rest);
        bytes calldata name;
        (name, rest) = Der.readWhole(rest, Der.SEQUENCE);
        (facts.issuerOffset, facts.issuerLength) = (_offset(certificate, name), uint16(name.length));
        rest = _readValidity(rest, facts);
        (name, rest) = Der.readWhole(rest, Der.SEQUENCE);
        (facts.subjectOffset, facts.subjectLength) = (_offset(certificate, name), uint16(name.length));
        rest = _readPublicKey(certificate, rest, facts);
        X509Extensions.parse(rest, facts);
    }

    function _readVersion(bytes calldata input) private pure returns (bytes calldata rest) {
        bytes5 found = bytes5(input);
        require(found == VERSION_3, ICertificateCache.NotVersion3(found, VERSION_3));
        return input[5:];
    }

    function _readSerialNumber(bytes calldata certificate, bytes calldata input, Certificate memory facts)
        private
        pure
        returns (bytes calldata rest)
    {
        bytes calldata magnitude;
        (magnitude, rest) = Der.readInteger(input, MAX_SERIAL_BYTES);
        require(magnitude.length != 0, ICertificateCache.SerialNumberZero());
        (facts.serialOffset, facts.serialLength) = (_offset(certificate, magnitude), uint8(magnitude.length));
    }

    function _readAlgorithm(bytes calldata input) private pure returns (bytes calldata rest) {
        bytes12 found = bytes12(input);
        require(found == ECDSA_WITH_SHA384, ICertificateCache.WrongSignatureAlgorithm(found, ECDSA_WITH_SHA384));
        return input[12:];
    }

    function _readValidity(bytes calldata input, Certificate memory facts) private pure returns (bytes calldata rest) {
        bytes calldata times;
        (times, rest) = Der.read(input, Der.SEQUENCE);
        (facts.notBefore, times) = DerTime.read(times);
        (facts.notAfter, times) = DerTime.read(times);
        Der.requireEnd(times);
    }

    function _readPublicKey(bytes calldata certificate, bytes calldata input, Certificate memory facts)
        private
        pure
        returns (bytes calldata rest)
    {
        bytes calldata key;
        (key, rest) = Der.readWhole(input, Der.SEQUENCE);
        bytes24 found = bytes24(key);
        require(found == P384_KEY, ICertificateCache.WrongPublicKeyType(found, P384_KEY));
        key = key[24:];
        require(key.length == POINT_BYTES, ICertificateCache.WrongPublicKeyLength(key.length, POINT_BYTES));
        facts.keyOffset = _offset(certificate, key);
    }

    function _readSignature(bytes calldata input) private pure returns (bytes memory) {
        bytes calldata bits = Der.readLast(input, Der.BIT_STRING);
        require(bits.length != 0 && bits[0] == 0, IEncodingErrors.DerBadBitString(bits));
        bytes calldata numbers = Der.readLast(bits[1:], Der.SEQUENCE);
        bytes calldata r;
        bytes calldata s;
        (r, numbers) = Der.readInteger(numbers, NUMBER_BYTES);
        (s, numbers) = Der.readInteger(numbers, NUMBER_BYTES);
        Der.requireEnd(numbers);
        return bytes.concat(new bytes(NUMBER_BYTES - r.length), r, new bytes(NUMBER_BYTES - s.length), s);
    }

    /// @dev Both are calldata, and `part` lies in `whole`, which is at most {MAX_BYTES} long.
    function _offset(bytes calldata whole, bytes calldata part) private pure returns (uint16 offset) {
        assembly ("memory-safe") {
            offset := sub(part.offset, whole.offset)
        }
    }
}
