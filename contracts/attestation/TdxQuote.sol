// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITdxAttestation} from "../interfaces/ITdxAttestation.sol";

/// @notice Takes TDX quotes of version 4 apart. Offsets are in bytes; numbers have their lowest byte first.
library TdxQuote {
    /// @notice Header and body, which the attestation key signs.
    uint256 internal constant SIGNED_BYTES = HEADER_BYTES + 584;
    uint256 internal constant HEADER_BYTES = 48;
    uint256 internal constant QE_REPORT_BYTES = 384;

    /// @dev The quoting enclave's own data are always as long as this, and end the quote when it is cut.
    uint256 private constant QE_DATA_BYTES = 32;
    uint256 private constant CUT_BYTES = QE_DATA + QE_DATA_BYTES;

    uint256 private constant SIGNATURE = SIGNED_BYTES + 4;
    uint256 private constant CERTIFICATION = SIGNATURE + 128;
    uint256 private constant QE_REPORT = CERTIFICATION + 6;
    uint256 private constant QE_SIGNATURE = QE_REPORT + QE_REPORT_BYTES;
    uint256 private constant QE_DATA = QE_SIGNATURE + 64 + 2;
    uint256 private constant QE_REPORT_DATA = QE_REPORT + 320;

    uint16 private constant VERSION = 4;
    uint16 private constant KEY_ON_P256 = 2;
    uint16 private constant BY_QE_REPORT = 6;
    bytes4 private constant TDX = 0x81000000;
    bytes16 private constant INTEL = 0x939a7233f79c4ca9940a0db3957f0607;

    /// @dev In the body.
    uint256 private constant TD_ATTRIBUTES = 120;
    uint256 private constant MR_TD = 136;
    uint256 private constant MR_CONFIG_ID = 184;
    uint256 private constant MR_OWNER = 232;
    uint256 private constant RTMRS = 328;
    uint256 private constant REPORT_DATA = 520;

    /// @dev The lowest byte opens the domain to its host. Of the others these may be set: ICSSD, the bits 18 to 22,
    /// LASS, SEPT_VE_DISABLE, PKS, KL, TPA and PERFMON. SEPT_VE_DISABLE must be.
    bytes8 private constant DEBUG = 0xff00000000000000;
    bytes8 private constant ALLOWED = 0xff007dd8000000c0;
    bytes8 private constant SEPT_VE_DISABLE = 0x0000001000000000;

    /// @notice Requires the form of a quote: kind and lengths.
    /// @param quote The quote, cut before its certificates.
    function requireForm(bytes calldata quote) internal pure {
        require(quote.length == CUT_BYTES, ITdxAttestation.WrongQuoteLength(quote.length, CUT_BYTES));
        _requireHeader(quote);
        uint16 certification = _readUint16(quote, CERTIFICATION);
        require(certification == BY_QE_REPORT, ITdxAttestation.UnsupportedCertification(certification, BY_QE_REPORT));
        uint256 dataLength = _readUint16(quote, QE_DATA - 2);
        require(dataLength == QE_DATA_BYTES, ITdxAttestation.WrongQeDataLength(dataLength, QE_DATA_BYTES));
        uint256 length = _readUint32(quote, SIGNED_BYTES);
        uint256 expected = _readUint32(quote, CERTIFICATION + 2) + QE_REPORT - SIGNATURE;
        require(
            length == expected && length > CUT_BYTES - SIGNATURE,
            ITdxAttestation.WrongSignatureDataLength(length, expected)
        );
    }

    /// @notice The quoting enclave's report.
    function qeReportOf(bytes calldata quote) internal pure returns (bytes calldata) {
        return quote[QE_REPORT:QE_SIGNATURE];
    }

    /// @notice The body.
    function bodyOf(bytes calldata quote) internal pure returns (bytes calldata) {
        return quote[HEADER_BYTES:SIGNED_BYTES];
    }

    /// @notice r and s of the machine's signature over the quoting enclave's report.
    function qeSignatureOf(bytes calldata quote) internal pure returns (bytes32 r, bytes32 s) {
        return (bytes32(quote[QE_SIGNATURE:]), bytes32(quote[QE_SIGNATURE + 32:]));
    }

    /// @notice r and s of the attestation key's signature over header and body.
    function signatureOf(bytes calldata quote) internal pure returns (bytes32 r, bytes32 s) {
        return (bytes32(quote[SIGNATURE:]), bytes32(quote[SIGNATURE + 32:]));
    }

    /// @notice The attestation key.
    function keyOf(bytes calldata quote) internal pure returns (bytes32 x, bytes32 y) {
        return (bytes32(quote[SIGNATURE + 64:]), bytes32(quote[SIGNATURE + 96:]));
    }

    /// @notice Requires the quoting enclave to vouch for the attestation key.
    function requireBound(bytes calldata quote) internal pure {
        bytes32 expected = sha256(bytes.concat(quote[SIGNATURE + 64:CERTIFICATION], quote[QE_DATA:]));
        (bytes32 found, bytes32 half) = (bytes32(quote[QE_REPORT_DATA:]), bytes32(quote[QE_REPORT_DATA + 32:]));
        require(found == expected && half == 0, ITdxAttestation.AttestationKeyNotBound(found, half, expected));
    }

    /// @notice What identifies the domain's code: MRTD, RTMR0 to RTMR3, MRCONFIGID, XFAM, TDATTRIBUTES.
    function codeOf(bytes calldata body) internal pure returns (bytes memory) {
        return bytes.concat(
            body[MR_TD:MR_CONFIG_ID],
            body[RTMRS:REPORT_DATA],
            body[MR_CONFIG_ID:MR_OWNER],
            body[TD_ATTRIBUTES + 8:MR_TD],
            body[TD_ATTRIBUTES:TD_ATTRIBUTES + 8]
        );
    }

    /// @notice The domain's 64 bytes.
    function reportDataOf(bytes calldata body) internal pure returns (bytes calldata) {
        return body[REPORT_DATA:];
    }

    /// @notice Requires the domain to be closed to other software, but for debug mode.
    /// @return debug Whether it is open to its host.
    function readDebug(bytes calldata body) internal pure returns (bool debug) {
        bytes8 attributes = bytes8(body[TD_ATTRIBUTES:]);
        require(
            attributes & ~ALLOWED == 0 && attributes & SEPT_VE_DISABLE != 0,
            ITdxAttestation.WrongTdAttributes(attributes)
        );
        return attributes & DEBUG != 0;
    }

    function _requireHeader(bytes calldata quote) private pure {
        uint16 version = _readUint16(quote, 0);
        require(version == VERSION, ITdxAttestation.UnsupportedQuoteVersion(version, VERSION));
        uint16 keyType = _readUint16(quote, 2);
        require(keyType == KEY_ON_P256, ITdxAttestation.UnsupportedAttestationKey(keyType, KEY_ON_P256));
        bytes4 teeType = bytes4(quote[4:]);
        require(teeType == TDX, ITdxAttestation.NotTdx(teeType, TDX));
        bytes16 vendor = bytes16(quote[12:]);
        require(vendor == INTEL, ITdxAttestation.UnknownQuotingEnclave(vendor, INTEL));
    }

    function _readUint16(bytes calldata data, uint256 offset) private pure returns (uint16) {
        return uint16(uint8(data[offset])) | uint16(uint8(data[offset + 1])) << 8;
    }

    function _readUint32(bytes calldata data, uint256 offset) private pure returns (uint256) {
        return _readUint16(data, offset) | uint256(_readUint16(data, offset + 2)) << 16;
    }
}
