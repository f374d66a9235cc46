// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Platform} from "../types/Claims.sol";
import {Machine} from "../types/TdxTcb.sol";
import {IEncodingErrors} from "./IEncodingErrors.sol";

/// @title Certificates of Intel's machines and lists, and what Intel has revoked
/// @notice Certificates are X.509 version 3 in DER, signed by ECDSA with SHA-256, with a key on P-256, with
/// basicConstraints and keyUsage, and without critical extensions that are not understood. They descend from one pinned
/// root and are judged each time.
///
/// Intel signs a list of what is revoked for the root (renewed within about a year) and for each authority below it
/// (within a month). Anybody may submit a newer one; there is no owner. A revoked certificate stays revoked, even when a
/// later list leaves it out. Without a current list of its issuer, no certificate is accepted.
///
/// The platform TDX is bound to Intel's root. The platform DEVELOPMENT takes a root of one's own, protects nothing, and can
/// be deployed on development chains only.
interface IIntelCertificates is IEncodingErrors {
    /// @notice What {signerOf} finds.
    struct Signer {
        /// @dev Public key.
        bytes32 x;
        bytes32 y;
        /// @dev keccak256 of the root's name.
        bytes32 root;
        uint256 serialNumber;
        /// @dev Unix seconds until which, inclusive, both certificates are valid.
        uint256 notAfter;
    }

    /// @notice A revocation list was stored.
    /// @param issuer keccak256 of its issuer's name in DER.
    /// @param thisUpdate Unix seconds at which it was made.
    /// @param nextUpdate Unix seconds, exclusive, until which it holds.
    event CrlStored(bytes32 indexed issuer, uint40 thisUpdate, uint40 nextUpdate);
    /// @notice A certificate is refused from now on.
    /// @param issuer keccak256 of its issuer's name in DER.
    /// @param serialNumber Its serial number.
    event CertificateRevoked(bytes32 indexed issuer, uint256 indexed serialNumber);
    /* CERTIFICATES */

    /// @notice Not an uncompressed key on P-256: the bytes before the key, with their tags.
    error WrongPublicKeyType(bytes27 found, bytes27 expected);
    /// @notice The chain has another number of certificates.
    error WrongChainLength(uint256 count, uint256 expected);
    /// @notice The certificate may sign certificates only, or is expected to and may not.
    error WrongRole(bytes32 certificate);
    /// @notice The certificate signs lists and has another name: keccak256 of both common names.
    error WrongSigner(bytes32 found, bytes32 expected);
    /// @notice The certificate has no extension of Intel's, so it is of no machine.
    error NoMachine(bytes32 certificate);
    /// @notice Intel's extension has another entry here.
    error WrongSgxEntry(bytes found, bytes expected);
    /// @notice A value in Intel's extension has another length.
    error WrongSgxValue(bytes value, uint256 expectedLength);

    /* REVOCATION LISTS */

    /// @notice The list is not of version 2, or not signed by ECDSA with SHA-256: its first bytes.
    error WrongCrlForm(bytes15 found, bytes15 expected);
    /// @notice The list is of another issuer: keccak256 of both names.
    error WrongCrlIssuer(bytes32 found, bytes32 expected);
    /// @notice Another key signed the list.
    error CrlSignatureInvalid(bytes32 issuer);
    /// @notice The certificate may not sign revocation lists: its key usage.
    error CrlSigningNotAllowed(uint8 usage);
    /// @notice The issuer's revocation list is missing (`nextUpdate` is zero) or too old.
    error CrlNotCurrent(bytes32 issuer, uint256 nextUpdate, uint256 timestamp);

    /// @notice The list is made later than now.
    error CrlNotYetIssued(uint256 thisUpdate, uint256 timestamp);
    /// @notice The list is past its next update.
    error CrlExpired(uint256 nextUpdate, uint256 timestamp);
    /// @notice The list is not newer than the one that is stored.
    error CrlNotNewer(uint256 thisUpdate, uint256 storedThisUpdate);

    /* CONSTRUCTOR */

    /// @notice The platform has quotes of another form.
    error PlatformNotSupported(Platform platform);
    /// @notice A root other than Intel's is refused on this chain.
    error DevelopmentRootRefused(uint256 chainId);

    /// @notice Stores a revocation list. Anybody may call it. The root's list must be there before another.
    /// @dev Needs about 32,000 gas for each certificate that was not revoked before, and 10,000 for each that was.
    /// @param crl The list in DER.
    /// @param chain The root, or the root and the authority that signed the list; DER.
    function submitCrl(bytes calldata crl, bytes[] calldata chain) external;

    /// @notice Judges the certificate of who signs Intel's lists. It stands directly below the root and has its own name:
    /// the keys of machines, which are certified below an authority, sign no lists. Reverts when it is not to be accepted.
    /// @param chain The root and the certificate; DER.
    /// @return signer What it says.
    function signerOf(bytes[] calldata chain) external view returns (Signer memory signer);

    /// @notice Judges the certificate of a machine. Reverts when it is not to be accepted.
    /// @param chain The root, the authority and the machine's certificate; DER.
    /// @return machine What it says about the machine.
    /// @return x Of the machine's public key.
    /// @return y Of the machine's public key.
    /// @return root keccak256 of the root's name.
    /// @return notAfter Unix seconds until which, inclusive, every certificate and revocation list that was used holds.
    function machineOf(bytes[] calldata chain)
        external
        view
        returns (Machine memory machine, bytes32 x, bytes32 y, bytes32 root, uint256 notAfter);

    /// @notice Whether a certificate is revoked.
    /// @param issuer keccak256 of the issuer's name in DER.
    /// @param serialNumber The certificate's serial number.
    /// @return revoked Whether it is.
    function isRevoked(bytes32 issuer, uint256 serialNumber) external view returns (bool revoked);

    /// @notice When the revocation list of an issuer holds.
    /// @param issuer keccak256 of the issuer's name in DER.
    /// @return thisUpdate Unix seconds; zero when there is none.
    /// @return nextUpdate Unix seconds, exclusive.
    function crls(bytes32 issuer) external view returns (uint40 thisUpdate, uint40 nextUpdate);

    /// @notice SHA-256 of the pinned root certificate.
    /// @return root The fingerprint, as vendors publish it.
    function ROOT() external view returns (bytes32 root);

    /// @notice Whose machines are judged: TDX, or DEVELOPMENT below a root of one's own.
    /// @return platform The platform.
    function PLATFORM() external view returns (Platform platform);
}
