// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {INitroAttestation} from "../interfaces/INitroAttestation.sol";
import {IP384} from "../interfaces/IP384.sol";
import {ISha384} from "../interfaces/ISha384.sol";
import {DevelopmentChains} from "../libraries/DevelopmentChains.sol";
import {AttestationClaims, Platform} from "../types/Claims.sol";
import {Cbor} from "./Cbor.sol";
import {CertificateCache} from "./CertificateCache.sol";
import {Cose} from "./Cose.sol";
import {NitroPayload, Payload} from "./NitroPayload.sol";

/// @title NitroAttestation
/// @notice See {INitroAttestation}.
contract NitroAttestation is INitroAttestation, CertificateCache {
    /// @notice SHA-256 of AWS's root certificate, as AWS publishes it.
    bytes32 public constant AWS_ROOT = 0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b;

    /// @inheritdoc INitroAttestation
    Platform public immutable PLATFORM;

    /// @param sha384 Computes SHA-384.
    /// @param p384 Verifies signatures.
    /// @param root SHA-256 of the root certificate: {AWS_ROOT} for the platform NITRO.
    /// @param platform NITRO, or DEVELOPMENT on development chains.
    /// @param owner May revoke certificates.
    constructor(ISha384 sha384, IP384 p384, bytes32 root, Platform platform, address owner)
        CertificateCache(sha384, p384, root)
        Ownable(owner)
    {
        if (platform == Platform.NITRO) {
            require(root == AWS_ROOT, WrongRoot(root, AWS_ROOT));
        } else {
            require(platform == Platform.DEVELOPMENT, PlatformNotSupported(platform));
            require(DevelopmentChains.isOne(), DevelopmentRootRefused(block.chainid));
        }
        PLATFORM = platform;
    }

    /// @inheritdoc INitroAttestation
    function verify(bytes calldata document, bytes[] calldata hints) external returns (AttestationClaims memory) {
        (bytes calldata input, bytes memory message, bytes memory signature) = Cose.read(document);
        Payload memory payload = NitroPayload.parse(input, PLATFORM);
        Link memory link = _followAll(input, payload, hints);
        _requireSigned(link, message, signature, hints[hints.length - 1]);
        return _claims(payload, link);
    }

    function _requireSigned(Link memory link, bytes memory message, bytes memory signature, bytes calldata hint)
        private
        view
    {
        require(!link.isCa, SignerIsAuthority(link.id));
        require(_isSignedBy(link.publicKey, message, signature, hint), DocumentSignatureInvalid());
    }

    function _claims(Payload memory payload, Link memory link) private view returns (AttestationClaims memory) {
        return AttestationClaims({
            platform: PLATFORM,
            root: ROOT,
            measurement: payload.measurement,
            userData: payload.userData,
            nonce: payload.nonce,
            publicKey: payload.publicKey,
            timestamp: payload.timestamp,
            notAfter: uint64(link.notAfter),
            debug: payload.debug
        });
    }

    /// @dev Follows the certificates of a document: the bundle's, then the signer's.
    function _followAll(bytes calldata input, Payload memory payload, bytes[] calldata hints)
        private
        returns (Link memory link)
    {
        uint256 count = payload.cabundleCount;
        require(hints.length == count + 1, WrongHintCount(hints.length, count + 1));
        bytes calldata certificate;
        bytes calldata bundle = input[payload.cabundle:];
        for (uint256 i; i < count; ++i) {
            (certificate, bundle) = Cbor.readString(bundle, Cbor.BYTES);
            _follow(link, certificate, i == 0 ? input[:0] : hints[i - 1]);
        }
        (certificate,) = Cbor.readString(input[payload.certificate:], Cbor.BYTES);
        _follow(link, certificate, hints[count - 1]);
    }
}
