// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IIntelCertificates} from "../interfaces/IIntelCertificates.sol";
import {P256Signature} from "../crypto/P256Signature.sol";
import {DevelopmentChains} from "../libraries/DevelopmentChains.sol";
import {Platform} from "../types/Claims.sol";
import {CrlTimes, Machine} from "../types/TdxTcb.sol";
import {Crl} from "./Crl.sol";
import {Der} from "./Der.sol";
import {SgxExtension} from "./SgxExtension.sol";
import {P256Certificate, X509P256} from "./X509P256.sol";

/// @title IntelCertificates
/// @notice See {IIntelCertificates}.
contract IntelCertificates is IIntelCertificates {
    /// @dev How far a chain has been followed.
    struct Link {
        P256Certificate last;
        /// @dev keccak256 of the root's name.
        bytes32 root;
        /// @dev Unix seconds, inclusive: the first end of a certificate.
        uint256 notAfter;
        /// @dev Unix seconds, exclusive: the first end of a revocation list.
        uint256 nextUpdate;
    }

    /// @notice SHA-256 of the certificate `Intel SGX Root CA`.
    bytes32 public constant INTEL_ROOT = 0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3;

    bytes32 private constant LIST_SIGNER = keccak256("Intel SGX TCB Signing");
    bytes32 private constant KEY_USAGE = keccak256(hex"551d0f");
    /// @dev Bit of keyUsage's first byte.
    uint8 private constant CRL_SIGN = 0x02;
    /// @dev Certificates in a chain.
    uint256 private constant ROOT_ONLY = 1;
    uint256 private constant ROOT_AND_ONE = 2;
    uint256 private constant MACHINE_CHAIN = 3;

    /// @inheritdoc IIntelCertificates
    bytes32 public immutable ROOT;
    /// @inheritdoc IIntelCertificates
    Platform public immutable PLATFORM;

    /// @inheritdoc IIntelCertificates
    mapping(bytes32 issuer => mapping(uint256 serialNumber => bool)) public isRevoked;

    /// @inheritdoc IIntelCertificates
    mapping(bytes32 issuer => CrlTimes) public crls;

    /// @param root SHA-256 of the root certificate: {INTEL_ROOT} for the platform TDX.
    /// @param platform TDX, or DEVELOPMENT on development chains.
    constructor(bytes32 root, Platform platform) {
        if (platform == Platform.TDX) {
            require(root == INTEL_ROOT, ICertificateCache.WrongRoot(root, INTEL_ROOT));
        } else {
            require(platform == Platform.DEVELOPMENT, PlatformNotSupported(platform));
            require(DevelopmentChains.isOne(), DevelopmentRootRefused(block.chainid));
        }
        (ROOT, PLATFORM) = (root, platform);
    }

    /// @inheritdoc IIntelCertificates
    function submitCrl(bytes calldata crl, bytes[] calldata chain) external {
        P256Certificate memory signer = _crlSignerOf(chain);
        (bytes calldata signed, bytes32 issuer, CrlTimes memory times, bytes calldata revoked) = Crl.parse(crl);
        require(issuer == signer.subject, WrongCrlIssuer(issuer, signer.subject));
        (bytes32 r, bytes32 s) = Crl.signatureOf(crl);
        require(P256Signature.isValid(sha256(signed), r, s, signer.x, signer.y), CrlSignatureInvalid(issuer));
        _requireNewer(times, crls[issuer].thisUpdate);

        crls[issuer] = times;
        _revokeAll(issuer, revoked);

        emit CrlStored(issuer, times.thisUpdate, times.nextUpdate);
    }

    /// @inheritdoc IIntelCertificates
    function signerOf(bytes[] calldata chain) external view returns (Signer memory) {
        (Link memory link,) = _follow(chain, ROOT_AND_ONE);
        P256Certificate memory last = link.last;
        require(!last.isCa, WrongRole(keccak256(chain[1])));
        require(last.commonName == LIST_SIGNER, WrongSigner(last.commonName, LIST_SIGNER));
        return Signer(last.x, last.y, link.root, last.serialNumber, link.notAfter);
    }

    /// @inheritdoc IIntelCertificates
    function machineOf(bytes[] calldata chain)
        external
        view
        returns (Machine memory, bytes32, bytes32, bytes32, uint256)
    {
        (Link memory link, bytes calldata extensions) = _follow(chain, MACHINE_CHAIN);
        require(!link.last.isCa, WrongRole(keccak256(chain[2])));
        bytes calldata extension = X509P256.valueOf(extensions, SgxExtension.IDENTIFIER);
        require(extension.length != 0, NoMachine(keccak256(chain[2])));
        uint256 notAfter = link.nextUpdate <= link.notAfter ? link.nextUpdate - 1 : link.notAfter;
        return (SgxExtension.parse(extension), link.last.x, link.last.y, link.root, notAfter);
    }

    /// @dev Judges a chain at the block's time.
    /// @param chain The root first, each signed by the one before it.
    /// @param count How many certificates there must be.
    /// @return link The end of the chain.
    /// @return extensions Those of the last certificate.
    function _follow(bytes[] calldata chain, uint256 count)
        private
        view
        returns (Link memory link, bytes calldata extensions)
    {
        require(chain.length == count, WrongChainLength(chain.length, count));
        bytes32 found = sha256(chain[0]);
        require(found == ROOT, ICertificateCache.WrongRoot(found, ROOT));
        (link.last,, extensions) = X509P256.parse(chain[0]);
        _requireUsable(link.last);
        (link.root, link.notAfter, link.nextUpdate) = (link.last.subject, link.last.notAfter, type(uint256).max);
        for (uint256 i = 1; i < count; ++i) {
            bytes calldata signed;
            P256Certificate memory child;
            (child, signed, extensions) = X509P256.parse(chain[i]);
            _requireIssued(link.last, chain[i - 1], child, chain[i], signed);
            _requireUsable(child);
            _descend(link, chain[i - 1], child);
        }
    }

    function _requireIssued(
        P256Certificate memory parent,
        bytes calldata encodedParent,
        P256Certificate memory child,
        bytes calldata encodedChild,
        bytes calldata signed
    ) private view {
        require(child.issuer == parent.subject, ICertificateCache.WrongIssuer(child.issuer, parent.subject));
        require(parent.isCa, ICertificateCache.ParentIsNoAuthority(keccak256(encodedParent)));
        require(
            P256Signature.isValid(sha256(signed), child.r, child.s, parent.x, parent.y),
            ICertificateCache.CertificateSignatureInvalid(keccak256(encodedChild))
        );
    }

    function _requireUsable(P256Certificate memory certificate) private view {
        (uint256 notBefore, uint256 notAfter) = (certificate.notBefore, certificate.notAfter);
        require(block.timestamp >= notBefore, ICertificateCache.CertificateNotYetValid(notBefore, block.timestamp));
        require(block.timestamp <= notAfter, ICertificateCache.CertificateExpired(notAfter, block.timestamp));
        require(
            !isRevoked[certificate.issuer][certificate.serialNumber],
            ICertificateCache.RevokedCertificate(certificate.issuer, certificate.serialNumber)
        );
    }

    /// @dev Goes one certificate down. No chain has more than three, so that only the parent's own limit on authorities
    /// below it can matter.
    function _descend(Link memory link, bytes calldata encodedParent, P256Certificate memory child) private view {
        P256Certificate memory parent = link.last;
        require(!child.isCa || parent.pathLength != 0, ICertificateCache.PathTooLong(keccak256(encodedParent)));
        uint256 nextUpdate = crls[child.issuer].nextUpdate;
        require(nextUpdate > block.timestamp, CrlNotCurrent(child.issuer, nextUpdate, block.timestamp));
        link.last = child;
        if (child.notAfter < link.notAfter) link.notAfter = child.notAfter;
        if (nextUpdate < link.nextUpdate) link.nextUpdate = nextUpdate;
    }

    function _crlSignerOf(bytes[] calldata chain) private view returns (P256Certificate memory) {
        (Link memory link, bytes calldata extensions) =
            _follow(chain, chain.length == ROOT_ONLY ? ROOT_ONLY : ROOT_AND_ONE);
        require(link.last.isCa, WrongRole(keccak256(chain[chain.length - 1])));
        uint8 usage = uint8(Der.readLast(X509P256.valueOf(extensions, KEY_USAGE), Der.BIT_STRING)[1]);
        require(usage & CRL_SIGN != 0, CrlSigningNotAllowed(usage));
        return link.last;
    }

    function _requireNewer(CrlTimes memory times, uint256 stored) private view {
        require(times.thisUpdate <= block.timestamp, CrlNotYetIssued(times.thisUpdate, block.timestamp));
        require(times.nextUpdate > block.timestamp, CrlExpired(times.nextUpdate, block.timestamp));
        require(times.thisUpdate > stored, CrlNotNewer(times.thisUpdate, stored));
    }

    function _revokeAll(bytes32 issuer, bytes calldata entries) private {
        while (entries.length != 0) {
            uint256 serialNumber;
            (serialNumber, entries) = Crl.readEntry(entries);
            if (!isRevoked[issuer][serialNumber]) {
                isRevoked[issuer][serialNumber] = true;

                emit CertificateRevoked(issuer, serialNumber);
            }
        }
    }
}
