// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IP384} from "../interfaces/IP384.sol";
import {ISha384} from "../interfaces/ISha384.sol";
import {Certificate} from "../types/Certificate.sol";
import {X509} from "./X509.sol";

/// @title CertificateCache
/// @notice See {ICertificateCache}.
abstract contract CertificateCache is ICertificateCache, Ownable2Step {
    /// @notice How far a chain has been followed.
    struct Link {
        /// @dev The last certificate's id; zero before the root.
        bytes32 id;
        bytes32 subject;
        bytes publicKey;
        bool isCa;
        /// @dev How many authorities may still follow.
        uint256 pathLength;
        /// @dev Unix seconds, inclusive: the first expiry so far.
        uint256 notAfter;
    }

    /// @notice Longest certificate in bytes.
    uint256 public constant MAX_CERTIFICATE_BYTES = X509.MAX_BYTES;

    /// @inheritdoc ICertificateCache
    bytes32 public immutable ROOT;
    /// @inheritdoc ICertificateCache
    ISha384 public immutable SHA384;
    /// @inheritdoc ICertificateCache
    IP384 public immutable P384;

    /// @inheritdoc ICertificateCache
    mapping(bytes32 issuer => mapping(uint256 serialNumber => bool)) public isRevoked;

    mapping(bytes32 id => Certificate) private _certificates;

    /// @param sha384 Computes SHA-384.
    /// @param p384 Verifies signatures.
    /// @param root SHA-256 of the root certificate.
    constructor(ISha384 sha384, IP384 p384, bytes32 root) {
        SHA384 = sha384;
        P384 = p384;
        ROOT = root;
    }

    /// @inheritdoc ICertificateCache
    function cacheCertificates(bytes[] calldata chain, bytes[] calldata hints) external returns (bytes32 id) {
        require(chain.length != 0, EmptyChain());
        require(hints.length == chain.length - 1, WrongHintCount(hints.length, chain.length - 1));
        Link memory link;
        for (uint256 i; i < chain.length; ++i) {
            _follow(link, chain[i], i == 0 ? chain[0][:0] : hints[i - 1]);
        }
        return link.id;
    }

    /// @inheritdoc ICertificateCache
    function revoke(bytes32 issuer, uint256 serialNumber) external onlyOwner {
        require(!isRevoked[issuer][serialNumber], AlreadyRevoked(issuer, serialNumber));

        isRevoked[issuer][serialNumber] = true;

        emit CertificateRevoked(issuer, serialNumber);
    }

    /// @inheritdoc ICertificateCache
    function isCached(bytes32 id) external view returns (bool) {
        return _certificates[id].notAfter != 0;
    }

    /// @dev Goes one certificate down the chain: judges it unless its bytes were judged below the same ancestors before,
    /// and checks what may have changed since. Reverts when it may not be relied on now.
    /// @param link The certificate above; becomes this one.
    /// @param certificate The certificate.
    /// @param hint For its signature; not looked at for the root and for what is cached.
    function _follow(Link memory link, bytes calldata certificate, bytes calldata hint) internal {
        bytes32 parentId = link.id;
        bytes32 id = keccak256(abi.encode(parentId, keccak256(certificate)));
        Certificate memory facts = _certificates[id];
        bool isNew = facts.notAfter == 0;
        if (isNew) facts = parentId == 0 ? _judgeRoot(certificate) : _judge(link, id, certificate, hint);
        uint256 serialNumber = X509.serialNumberOf(certificate, facts);
        _requireUsable(X509.issuerOf(certificate, facts), serialNumber, facts);
        _descend(link, id, certificate, facts);

        if (isNew) {
            _certificates[id] = facts;

            emit CertificateCached(id, parentId, serialNumber, facts.notAfter);
        }
    }

    function _judgeRoot(bytes calldata certificate) private view returns (Certificate memory facts) {
        bytes32 found = sha256(certificate);
        require(found == ROOT, WrongRoot(found, ROOT));
        (facts,,) = X509.parse(certificate);
    }

    function _judge(Link memory link, bytes32 id, bytes calldata certificate, bytes calldata hint)
        private
        view
        returns (Certificate memory facts)
    {
        bytes calldata signed;
        bytes memory signature;
        (facts, signed, signature) = X509.parse(certificate);
        bytes32 issuer = X509.issuerOf(certificate, facts);
        require(issuer == link.subject, WrongIssuer(issuer, link.subject));
        require(_isSignedBy(link.publicKey, signed, signature, hint), CertificateSignatureInvalid(id));
    }

    /// @dev Whether `signature` is the key's over SHA-384 of `message`.
    function _isSignedBy(bytes memory publicKey, bytes memory message, bytes memory signature, bytes calldata hint)
        internal
        view
        returns (bool)
    {
        (bytes32 high, bytes16 low) = SHA384.hash(message);
        return P384.verify(high, low, signature, publicKey, hint);
    }

    function _requireUsable(bytes32 issuer, uint256 serialNumber, Certificate memory facts) private view {
        require(block.timestamp >= facts.notBefore, CertificateNotYetValid(facts.notBefore, block.timestamp));
        require(block.timestamp <= facts.notAfter, CertificateExpired(facts.notAfter, block.timestamp));
        require(!isRevoked[issuer][serialNumber], RevokedCertificate(issuer, serialNumber));
    }

    function _descend(Link memory link, bytes32 id, bytes calldata certificate, Certificate memory facts) private pure {
        uint256 pathLength = facts.pathLength;
        if (link.id == 0) {
            link.notAfter = facts.notAfter;
        } else {
            require(link.isCa, ParentIsNoAuthority(link.id));
            if (facts.isCa) {
                require(link.pathLength != 0, PathTooLong(link.id));
                if (link.pathLength <= pathLength) pathLength = link.pathLength - 1;
            }
            if (facts.notAfter < link.notAfter) link.notAfter = facts.notAfter;
        }
        (link.id, link.isCa, link.pathLength) = (id, facts.isCa, pathLength);
        link.subject = X509.subjectOf(certificate, facts);
        link.publicKey = X509.publicKeyOf(certificate, facts);
    }
}
