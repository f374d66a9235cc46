// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IP384} from "./IP384.sol";
import {ISha384} from "./ISha384.sol";

/// @title Certificates of one pinned root, judged once and remembered
/// @notice A certificate is remembered under the hash of its bytes and of all its ancestors: the verdict about the same
/// bytes below the same ancestors is the same for ever. What may change later, that a certificate expires or is
/// revoked, is checked for every certificate of a chain each time the chain is used.
/// @dev The cache is no register of certificates: ECDSA lets anybody who sees a signature make a second valid one, so
/// one certificate can have several entries. Revocation does not depend on them, it goes by issuer and serial number.
///
/// Certificates are X.509 version 3 in DER, at most 1,024 bytes long, signed by ECDSA with SHA-384, with a key
/// on P-384, with basicConstraints and keyUsage, and without critical extensions that are not understood.
interface ICertificateCache {
    /// @notice A certificate was judged and is remembered.
    /// @param id Its id, see {isCached}.
    /// @param parentId Id of the certificate above; zero for the root.
    /// @param serialNumber Its serial number.
    /// @param notAfter Unix seconds until which it is valid.
    event CertificateCached(
        bytes32 indexed id, bytes32 indexed parentId, uint256 indexed serialNumber, uint40 notAfter
    );
    /// @notice A certificate is refused from now on, with all that descend from it.
    /// @param issuer keccak256 of the issuer's name in DER.
    /// @param serialNumber Its serial number.
    event CertificateRevoked(bytes32 indexed issuer, uint256 indexed serialNumber);

    /* FORM */

    /// @notice The certificate is too long.
    error CertificateTooLong(uint256 length, uint256 max);
    /// @notice Not X.509 version 3: the bytes of the version field with its wrapper.
    error NotVersion3(bytes5 found, bytes5 expected);
    /// @notice Not ECDSA with SHA-384: the bytes of the algorithm with its tags.
    error WrongSignatureAlgorithm(bytes12 found, bytes12 expected);
    /// @notice Not an uncompressed key on P-384: the bytes before the key, with their tags.
    error WrongPublicKeyType(bytes24 found, bytes24 expected);
    /// @notice The serial number is zero.
    error SerialNumberZero();
    /// @notice The certificate has more extensions than are read.
    error TooManyExtensions(uint256 max);
    /// @notice The extension occurs twice.
    error ExtensionRepeated(bytes objectIdentifier);
    /// @notice The certificate demands that this extension is understood, and it is not.
    error UnknownCriticalExtension(bytes objectIdentifier);
    /// @notice The extension must be there.
    error ExtensionMissing(bytes3 objectIdentifier);
    /// @notice A path length where none may be: the certificate is not of an authority.
    error PathLengthWithoutAuthority(uint256 pathLength);
    /// @notice The key may not be used for this; both values are bits as in keyUsage's first byte.
    error KeyUsageMissing(uint8 usage, uint8 needed);

    /* CHAIN */

    /// @notice There is no certificate.
    error EmptyChain();
    /// @notice The first certificate is not the pinned root: SHA-256 of both.
    error WrongRoot(bytes32 found, bytes32 expected);
    /// @notice The issuer's name is not the name of the certificate above; both are keccak256 of the DER.
    error WrongIssuer(bytes32 issuer, bytes32 parentSubject);
    /// @notice The certificate above is not of an authority.
    error ParentIsNoAuthority(bytes32 parentId);
    /// @notice More authorities follow each other than one above allows.
    error PathTooLong(bytes32 parentId);
    /// @notice The signature of the certificate is not by the key of the one above, or the hint is wrong.
    error CertificateSignatureInvalid(bytes32 id);
    /// @notice The certificate is not valid yet.
    error CertificateNotYetValid(uint256 notBefore, uint256 timestamp);
    /// @notice The certificate has expired.
    error CertificateExpired(uint256 notAfter, uint256 timestamp);
    /// @notice The certificate is revoked.
    error RevokedCertificate(bytes32 issuer, uint256 serialNumber);
    /// @notice There must be one hint for each signature that may have to be checked.
    error WrongHintCount(uint256 count, uint256 expected);

    /* OWNER */

    /// @notice The certificate is revoked already.
    error AlreadyRevoked(bytes32 issuer, uint256 serialNumber);

    /// @notice Judges a chain and remembers its certificates, so that later transactions need not. Anybody may call it.
    /// @param chain Certificates in DER: the root first, each signed by the one before it.
    /// @param hints One for each certificate after the root, see {IP384-verify}; not looked at, and may be empty, where the
    /// certificate is cached.
    /// @return id The last certificate's.
    function cacheCertificates(bytes[] calldata chain, bytes[] calldata hints) external returns (bytes32 id);

    /// @notice Refuses a certificate, and all that descend from it, from this transaction on and for ever. Only the owner,
    /// who can do nothing else; one that is a timelock is later than its delay. With the root's own name and number, nothing is accepted any more.
    /// @param issuer keccak256 of the issuer's name in DER.
    /// @param serialNumber The certificate's serial number.
    function revoke(bytes32 issuer, uint256 serialNumber) external;

    /// @notice Whether a certificate is revoked.
    /// @param issuer keccak256 of the issuer's name in DER.
    /// @param serialNumber The certificate's serial number.
    /// @return revoked Whether it is.
    function isRevoked(bytes32 issuer, uint256 serialNumber) external view returns (bool revoked);

    /// @notice Whether a certificate is remembered, so that it needs no hint. It may have expired or be revoked.
    /// @param id keccak256(abi.encode(id of the certificate above, keccak256(certificate))); the root has zero above it.
    /// @return cached Whether it is.
    function isCached(bytes32 id) external view returns (bool cached);

    /// @notice SHA-256 of the pinned root certificate.
    /// @return root The fingerprint, as vendors publish it.
    function ROOT() external view returns (bytes32 root);

    /// @notice Computes SHA-384.
    /// @return sha384 The contract.
    function SHA384() external view returns (ISha384 sha384);

    /// @notice Verifies signatures.
    /// @return p384 The contract.
    function P384() external view returns (IP384 p384);
}
