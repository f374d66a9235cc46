// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AttestationClaims, Platform} from "../types/Claims.sol";
import {IAttestationVerifier} from "./IAttestationVerifier.sol";
import {ICertificateCache} from "./ICertificateCache.sol";
import {IEncodingErrors} from "./IEncodingErrors.sol";

/// @title Verifies attestation documents of AWS Nitro Enclaves
/// @notice A document is accepted when it is signed by a certificate that descends from the pinned root, every
/// certificate of the chain is valid at the block's time and none of them is revoked, and all of it is in the form that
/// is described here, to the last byte.
///
/// The platform NITRO is bound to AWS's root. The platform DEVELOPMENT takes a software root that makes documents of the
/// same form and protects nothing; its contract can be deployed on development chains only, and its measurements never
/// equal those of NITRO.
///
/// A document is COSE_Sign1, with or without tag 18: the protected header says ES384 and nothing else, the unprotected
/// header may hold anything and is not looked at. The payload is a map with each of these keys at most once, the first
/// six must be there, the last three may be null or left out, which means the same:
/// `module_id`, `digest` ("SHA384"), `timestamp` (milliseconds), `pcrs` (ascending indices below 32, 48 bytes each, with 0
/// to 2), `certificate`, `cabundle` (the root first), `public_key`, `user_data`, `nonce`. Any other key is refused.
///
/// The measurement is keccak256(platform, one byte || PCR0 || PCR1 || PCR2 || PCR8), without PCR8 when it is missing or
/// all zero: PCR0 to PCR2 are image, kernel and application, PCR8 is the certificate that signed the image.
///
/// What the caller must do, because it is policy:
/// - refuse claims with `debug`: one of PCR0 to PCR2 is all zero, so the enclave runs in debug mode, and its operator can
/// read and change everything in it;
/// - compare the measurement with those that it accepts;
/// - ask for a challenge in `nonce` or `userData` and compare it, and bound the age of `timestamp`: a document can be
/// shown again as long as its certificates are valid (about three hours), on every chain;
/// - take no document, signature or certificate bytes as something that occurs only once: ECDSA signatures have twins, and
/// the outer wrapping is not signed.
interface INitroAttestation is IAttestationVerifier, ICertificateCache, IEncodingErrors {
    /// @notice Keys of a document's payload.
    enum Field {
        MODULE_ID,
        DIGEST,
        TIMESTAMP,
        PCRS,
        CERTIFICATE,
        CABUNDLE,
        PUBLIC_KEY,
        USER_DATA,
        NONCE
    }

    /* WRAPPING */

    /// @notice The document has another CBOR tag than COSE_Sign1's.
    error WrongCoseTag(uint256 tag, uint256 expected);
    /// @notice COSE_Sign1 has four parts.
    error WrongPartCount(uint256 count, uint256 expected);
    /// @notice The protected header is not the one that says ES384.
    error WrongProtectedHeader(bytes found, bytes4 expected);
    /// @notice The signature has another length.
    error WrongSignatureLength(uint256 length, uint256 expected);
    /// @notice The document's signature is not by its certificate's key, or the hint is wrong.
    error DocumentSignatureInvalid();
    /// @notice The certificate that signed the document is of an authority.
    error SignerIsAuthority(bytes32 id);

    /* PAYLOAD */

    /// @notice No such key belongs in the payload.
    error UnknownField(bytes key);
    /// @notice The key occurs twice.
    error FieldRepeated(Field field);
    /// @notice The key must be there.
    error FieldMissing(Field field);
    /// @notice The value is longer than a document may hold; both in bytes.
    error FieldTooLong(Field field, uint256 length, uint256 max);
    /// @notice The digest is not SHA384.
    error WrongDigest(bytes found);
    /// @notice There is no such register.
    error PcrIndexTooHigh(uint256 index, uint256 max);
    /// @notice The registers are not in ascending order, or one occurs twice.
    error PcrNotAscending(uint256 index, uint256 least);
    /// @notice The value of a register has another length.
    error WrongPcrLength(uint256 index, uint256 length, uint256 expected);
    /// @notice The register must be there.
    error PcrMissing(uint256 index);

    /* CONSTRUCTOR */

    /// @notice The platform has documents of another form.
    error PlatformNotSupported(Platform platform);
    /// @notice The development root is refused on this chain.
    error DevelopmentRootRefused(uint256 chainId);

    /// @inheritdoc IAttestationVerifier
    /// @dev Remembers the certificates.
    /// @param document COSE_Sign1.
    /// @param hints One for each certificate after the root (the bundle's in order, then the signer's), then one for the
    /// document itself, see {IP384-verify}. Hints of cached certificates are not looked at and may be empty: give them
    /// all where it matters that nobody's transaction in between can make this one fail.
    function verify(bytes calldata document, bytes[] calldata hints)
        external
        override
        returns (AttestationClaims memory claims);

    /// @inheritdoc IAttestationVerifier
    /// @dev NITRO or DEVELOPMENT.
    function PLATFORM() external view override returns (Platform platform);
}
