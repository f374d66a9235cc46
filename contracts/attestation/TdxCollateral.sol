// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {P256Signature} from "../crypto/P256Signature.sol";
import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {IIntelCertificates} from "../interfaces/IIntelCertificates.sol";
import {ITdxCollateral} from "../interfaces/ITdxCollateral.sol";
import {ListHeader, Machine, QeIdentity, TcbInfo} from "../types/TdxTcb.sol";
import {IntelLists} from "./IntelLists.sol";
import {TcbPolicy} from "./TcbPolicy.sol";

/// @title TdxCollateral
/// @notice See {ITdxCollateral}.
contract TdxCollateral is ITdxCollateral {
    uint256 private constant SIGNATURE_BYTES = 64;

    /// @inheritdoc ITdxCollateral
    IIntelCertificates public immutable CERTIFICATES;

    mapping(bytes6 fmspc => mapping(bytes2 pceId => TcbInfo)) private _tcbInfo;
    QeIdentity private _qeIdentity;

    /// @param certificates Judges certificates; its root and platform are this contract's.
    constructor(IIntelCertificates certificates) {
        CERTIFICATES = certificates;
    }

    /// @inheritdoc ITdxCollateral
    function submitTcbInfo(bytes calldata json, bytes calldata signature, bytes[] calldata chain) external {
        IIntelCertificates.Signer memory signer = _requireSigned(json, signature, chain);
        (ListHeader memory header, bytes6 fmspc, bytes2 pceId, bytes calldata rest) = IntelLists.readTcbHead(json);
        TcbInfo storage info = _tcbInfo[fmspc][pceId];
        _renew(info.header, header, signer);

        delete info.modules;
        delete info.levels;
        IntelLists.readTcbBody(rest, info);

        emit TcbInfoStored(fmspc, pceId, header.evaluationNumber, header.validUntil);
    }

    /// @inheritdoc ITdxCollateral
    function submitQeIdentity(bytes calldata json, bytes calldata signature, bytes[] calldata chain) external {
        IIntelCertificates.Signer memory signer = _requireSigned(json, signature, chain);
        (ListHeader memory header, bytes calldata rest) = IntelLists.readQeHead(json);
        _renew(_qeIdentity.header, header, signer);

        delete _qeIdentity.levels;
        IntelLists.readQeBody(rest, _qeIdentity);

        emit QeIdentityStored(header.evaluationNumber, header.validUntil);
    }

    /// @inheritdoc ITdxCollateral
    function judge(bytes calldata body, bytes calldata qeReport, bytes[] calldata chain)
        external
        view
        returns (bytes32 x, bytes32 y, uint256 notAfter)
    {
        Machine memory machine;
        bytes32 root;
        (machine, x, y, root, notAfter) = CERTIFICATES.machineOf(chain);
        TcbInfo storage info = _tcbInfo[machine.fmspc][machine.pceId];
        require(info.header.issuedAt != 0, UnknownMachine(machine.fmspc, machine.pceId));
        notAfter = _earliest(notAfter, root, info.header);
        notAfter = _earliest(notAfter, root, _qeIdentity.header);
        TcbPolicy.requireModule(info.modules, body);
        TcbPolicy.requireMachine(info.levels, machine, body);
        TcbPolicy.requireQe(_qeIdentity, qeReport);
    }

    /// @inheritdoc ITdxCollateral
    function tcbInfo(bytes6 fmspc, bytes2 pceId)
        external
        view
        returns (uint40 issuedAt, uint40 validUntil, uint16 evaluationNumber)
    {
        return _times(_tcbInfo[fmspc][pceId].header);
    }

    /// @inheritdoc ITdxCollateral
    function qeIdentity() external view returns (uint40 issuedAt, uint40 validUntil, uint16 evaluationNumber) {
        return _times(_qeIdentity.header);
    }

    function _times(ListHeader memory header) private pure returns (uint40, uint40, uint16) {
        return (header.issuedAt, header.validUntil, header.evaluationNumber);
    }

    /// @dev Whether Intel's signer of lists signed it.
    function _requireSigned(bytes calldata json, bytes calldata signature, bytes[] calldata chain)
        private
        view
        returns (IIntelCertificates.Signer memory signer)
    {
        signer = CERTIFICATES.signerOf(chain);
        uint256 length = signature.length;
        require(length == SIGNATURE_BYTES, WrongListSignatureLength(length, SIGNATURE_BYTES));
        (bytes32 r, bytes32 s) = (bytes32(signature), bytes32(signature[32:]));
        require(P256Signature.isValid(sha256(json), r, s, signer.x, signer.y), ListSignatureInvalid());
    }

    function _renew(ListHeader storage stored, ListHeader memory header, IIntelCertificates.Signer memory signer)
        private
    {
        require(header.issuedAt <= block.timestamp, NotYetIssued(header.issuedAt, block.timestamp));
        require(header.validUntil >= block.timestamp, ListNotCurrent(header.validUntil, block.timestamp));
        (uint256 number, uint256 storedNumber) = (header.evaluationNumber, stored.evaluationNumber);
        require(
            number > storedNumber || (number == storedNumber && header.issuedAt > stored.issuedAt),
            NotNewer(number, header.issuedAt, storedNumber, stored.issuedAt)
        );

        if (signer.notAfter < header.validUntil) header.validUntil = uint40(signer.notAfter);
        stored.issuedAt = header.issuedAt;
        stored.validUntil = header.validUntil;
        stored.evaluationNumber = header.evaluationNumber;
        stored.signerSerialNumber = uint160(signer.serialNumber);
    }

    /// @dev The earlier end, after the list was found to hold now.
    function _earliest(uint256 notAfter, bytes32 root, ListHeader memory header) private view returns (uint256) {
        require(header.validUntil >= block.timestamp, ListNotCurrent(header.validUntil, block.timestamp));
        uint256 serialNumber = header.signerSerialNumber;
        require(!CERTIFICATES.isRevoked(root, serialNumber), ICertificateCache.RevokedCertificate(root, serialNumber));
        return header.validUntil < notAfter ? header.validUntil : notAfter;
    }
}
