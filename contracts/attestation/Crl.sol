// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IIntelCertificates} from "../interfaces/IIntelCertificates.sol";
import {CrlTimes} from "../types/TdxTcb.sol";
import {Der} from "./Der.sol";
import {DerTime} from "./DerTime.sol";
import {X509P256} from "./X509P256.sol";

/// @notice Reads revocation lists of version 2 that are signed by ECDSA with SHA-256. Critical extensions, with which a
/// list could be partial or of several issuers, are refused.
library Crl {
    /// @dev Tag of the extensions: [0].
    uint8 private constant EXTENSIONS = 0xa0;
    /// @dev INTEGER 1, and the algorithm.
    bytes15 private constant FORM = 0x020101300a06082a8648ce3d040302;

    /// @notice Reads a list.
    /// @param crl Its DER.
    /// @return signed The part that is signed.
    /// @return issuer keccak256 of the issuer's name.
    /// @return times When it holds.
    /// @return revoked Its entries.
    function parse(bytes calldata crl)
        internal
        pure
        returns (bytes calldata signed, bytes32 issuer, CrlTimes memory times, bytes calldata revoked)
    {
        (signed,) = Der.readWhole(Der.readLast(crl, Der.SEQUENCE), Der.SEQUENCE);
        bytes calldata rest = Der.readLast(signed, Der.SEQUENCE);
        bytes15 found = bytes15(rest);
        require(found == FORM, IIntelCertificates.WrongCrlForm(found, FORM));
        bytes calldata name;
        (name, rest) = Der.readWhole(rest[15:], Der.SEQUENCE);
        issuer = keccak256(name);
        (times.thisUpdate, rest) = DerTime.read(rest);
        (times.nextUpdate, rest) = DerTime.read(rest);
        revoked = rest[:0];
        if (uint8(bytes1(rest)) == Der.SEQUENCE) (revoked, rest) = Der.read(rest, Der.SEQUENCE);
        _requireNoneCritical(Der.readLast(Der.readLast(rest, EXTENSIONS), Der.SEQUENCE));
    }

    /// @notice The signature of a list that {parse} has read.
    /// @param crl Its DER.
    /// @return r First number.
    /// @return s Second number.
    function signatureOf(bytes calldata crl) internal pure returns (bytes32 r, bytes32 s) {
        (, bytes calldata rest) = Der.readWhole(Der.readLast(crl, Der.SEQUENCE), Der.SEQUENCE);
        return X509P256.readSignature(X509P256.readAlgorithm(rest));
    }

    /// @notice Reads one entry. Since when the certificate is revoked does not matter.
    /// @param input Starts with it.
    /// @return serialNumber Of the certificate that is revoked.
    /// @return rest What follows it.
    function readEntry(bytes calldata input) internal pure returns (uint256 serialNumber, bytes calldata rest) {
        bytes calldata entry;
        (entry, rest) = Der.read(input, Der.SEQUENCE);
        (serialNumber, entry) = X509P256.readSerialNumber(entry);
        bool isLong = uint8(bytes1(entry)) == Der.GENERALIZED_TIME;
        (, entry) = Der.read(entry, isLong ? Der.GENERALIZED_TIME : Der.UTC_TIME);
        if (entry.length != 0) _requireNoneCritical(Der.readLast(entry, Der.SEQUENCE));
    }

    function _requireNoneCritical(bytes calldata rest) private pure {
        while (rest.length != 0) {
            bytes calldata extension;
            (extension, rest) = Der.read(rest, Der.SEQUENCE);
            bytes calldata identifier;
            (identifier, extension) = Der.read(extension, Der.OBJECT_IDENTIFIER);
            bool critical;
            (critical, extension) = Der.readFlag(extension);
            require(!critical, ICertificateCache.UnknownCriticalExtension(identifier));
            Der.readLast(extension, Der.OCTET_STRING);
        }
    }
}
