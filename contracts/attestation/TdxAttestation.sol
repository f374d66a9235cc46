// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAttestationVerifier} from "../interfaces/IAttestationVerifier.sol";
import {ITdxAttestation} from "../interfaces/ITdxAttestation.sol";
import {ITdxCollateral} from "../interfaces/ITdxCollateral.sol";
import {P256Signature} from "../crypto/P256Signature.sol";
import {AttestationClaims, Platform} from "../types/Claims.sol";
import {TdxQuote} from "./TdxQuote.sol";

/// @title TdxAttestation
/// @notice See {ITdxAttestation}.
contract TdxAttestation is ITdxAttestation {
    /// @inheritdoc ITdxAttestation
    ITdxCollateral public immutable COLLATERAL;
    /// @inheritdoc IAttestationVerifier
    Platform public immutable PLATFORM;

    bytes32 private immutable ROOT;

    /// @param collateral What Intel says about machines; its platform and root are this contract's.
    constructor(ITdxCollateral collateral) {
        COLLATERAL = collateral;
        PLATFORM = collateral.CERTIFICATES().PLATFORM();
        ROOT = collateral.CERTIFICATES().ROOT();
    }

    /// @inheritdoc ITdxAttestation
    function verify(bytes calldata document, bytes[] calldata hints) external view returns (AttestationClaims memory) {
        TdxQuote.requireForm(document);
        TdxQuote.requireBound(document);
        bytes calldata body = TdxQuote.bodyOf(document);
        bool debug = TdxQuote.readDebug(body);
        uint256 notAfter = _requireVouchedFor(body, TdxQuote.qeReportOf(document), document, hints);
        _requireSigned(document);
        return _claims(body, notAfter, debug);
    }

    /// @dev The machine is up to date, and its key signed the quoting enclave's report.
    function _requireVouchedFor(
        bytes calldata body,
        bytes calldata qeReport,
        bytes calldata document,
        bytes[] calldata chain
    ) private view returns (uint256) {
        (bytes32 x, bytes32 y, uint256 notAfter) = COLLATERAL.judge(body, qeReport, chain);
        (bytes32 r, bytes32 s) = TdxQuote.qeSignatureOf(document);
        require(P256Signature.isValid(sha256(qeReport), r, s, x, y), InvalidQeReportSignature());
        return notAfter;
    }

    /// @dev The attestation key signed header and body.
    function _requireSigned(bytes calldata document) private view {
        (bytes32 x, bytes32 y) = TdxQuote.keyOf(document);
        (bytes32 r, bytes32 s) = TdxQuote.signatureOf(document);
        bytes32 digest = sha256(document[:TdxQuote.SIGNED_BYTES]);
        require(P256Signature.isValid(digest, r, s, x, y), InvalidQuoteSignature());
    }

    function _claims(bytes calldata body, uint256 notAfter, bool debug)
        private
        view
        returns (AttestationClaims memory)
    {
        return AttestationClaims({
            platform: PLATFORM,
            root: ROOT,
            measurement: keccak256(abi.encodePacked(PLATFORM, TdxQuote.codeOf(body))),
            userData: TdxQuote.reportDataOf(body),
            nonce: "",
            publicKey: "",
            timestamp: uint64(block.timestamp),
            notAfter: uint64(notAfter),
            debug: debug
        });
    }
}
