// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AttestationClaims} from "../types/Claims.sol";
import {IAttestationVerifier} from "./IAttestationVerifier.sol";
import {ITdxCollateral} from "./ITdxCollateral.sol";

/// @title Verifies quotes of Intel TDX
/// @notice A quote is accepted when Intel's root certifies the machine, the machine's key vouches for the quoting enclave,
/// that enclave for an attestation key, this key signed header and body, and {ITdxCollateral} calls machine, TDX module
/// and quoting enclave up to date at the block's time, by lists that anybody may submit and that age within a month.
///
/// A quote is of version 4, for TDX, with an attestation key on P-256, by Intel's quoting enclave. It is cut before its
/// certificates, which come as hints instead: they are not signed by the quote, and DER is shorter than what it holds.
///
/// The measurement is keccak256(platform, one byte || MRTD || RTMR0 to RTMR3 || MRCONFIGID || XFAM || TDATTRIBUTES).
/// The claims have report_data, 64 bytes, as `userData`, and neither nonce nor public key. `notAfter` is the first end
/// of a certificate or list that was used.
///
/// What the caller must do, because it is policy:
/// - refuse claims with `debug`: TDATTRIBUTES lets the host look into the domain, or profile it;
/// - compare the measurement with those that it accepts;
/// - ask for a challenge in `userData` and compare it: a quote names no time. `timestamp` is the block's, and says nothing
/// about the quote's age;
/// - know that whoever owns the machine may break into it with physical access, and that Intel does not promise otherwise;
/// - take no quote or signature as something that occurs only once: ECDSA signatures have twins.
interface ITdxAttestation is IAttestationVerifier {
    /// @notice The quote is cut elsewhere, or was not cut.
    error WrongQuoteLength(uint256 length, uint256 expected);
    /// @notice The quote is of another version.
    error UnsupportedQuoteVersion(uint16 version, uint16 expected);
    /// @notice The attestation key is of another kind.
    error UnsupportedAttestationKey(uint16 keyType, uint16 expected);
    /// @notice The quote is of another kind of enclave; the bytes as they stand in the quote.
    error NotTdx(bytes4 teeType, bytes4 expected);
    /// @notice The quoting enclave is not Intel's.
    error UnknownQuotingEnclave(bytes16 vendor, bytes16 expected);
    /// @notice The attestation key is certified in another way.
    error UnsupportedCertification(uint16 certificationType, uint16 expected);
    /// @notice The quoting enclave's own data have another length.
    error WrongQeDataLength(uint256 length, uint256 expected);
    /// @notice The lengths in the quote contradict each other.
    error WrongSignatureDataLength(uint256 length, uint256 expected);
    /// @notice The machine's key did not sign the quoting enclave's report.
    error InvalidQeReportSignature();
    /// @notice The quoting enclave vouches for another attestation key; the second half must be zero.
    error AttestationKeyNotBound(bytes32 found, bytes32 secondHalf, bytes32 expected);
    /// @notice The attestation key did not sign header and body.
    error InvalidQuoteSignature();
    /// @notice TDATTRIBUTES has bits that are reserved or open the domain to other software, or lacks SEPT_VE_DISABLE.
    error WrongTdAttributes(bytes8 attributes);

    /// @inheritdoc IAttestationVerifier
    /// @param document The quote up to its certificates.
    /// @param hints The root, the authority and the machine's certificate; DER.
    function verify(bytes calldata document, bytes[] calldata hints)
        external
        view
        override
        returns (AttestationClaims memory claims);

    /// @notice What Intel says about machines.
    /// @return collateral The contract.
    function COLLATERAL() external view returns (ITdxCollateral collateral);
}
