// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITdxCollateral} from "../interfaces/ITdxCollateral.sol";
import {Machine, MachineLevel, QeIdentity, SvnLevel, TcbStatus, TdxModule} from "../types/TdxTcb.sol";

/// @notice Whether machine, TDX module and quoting enclave are what Intel's lists call up to date, without any known
/// attack. Offsets are in bytes; numbers in quotes and reports have their lowest byte first.
library TcbPolicy {
    /// @dev In a quote's body: the versions of the TDX module's parts, its signer and its attributes.
    uint256 private constant MODULE_SIGNER = 64;
    uint256 private constant MODULE_ATTRIBUTES = 112;
    uint256 private constant TD_ATTRIBUTES = 120;
    /// @dev In the quoting enclave's report.
    uint256 private constant MISC_SELECT = 16;
    uint256 private constant ATTRIBUTES = 48;
    uint256 private constant SIGNER = 128;
    uint256 private constant PRODUCT_ID = 256;
    uint256 private constant SVN = 258;
    /// @dev Bit of an enclave's attributes.
    bytes16 private constant DEBUG = bytes16(uint128(0x02) << 120);
    /// @dev The TDX module's own two versions, which {requireModule} judges when the quote names a module.
    bytes16 private constant MODULE_SVNS = bytes16(uint128(0xffff) << 112);

    /// @notice Requires the TDX module that wrote the body to be known and up to date.
    /// @param modules What Intel lists.
    /// @param body The quote's body.
    function requireModule(TdxModule[] storage modules, bytes calldata body) internal view {
        (uint8 svn, uint8 version) = (uint8(body[0]), uint8(body[1]));
        TdxModule storage module = _find(modules, version);
        bytes32 signer = keccak256(body[MODULE_SIGNER:MODULE_ATTRIBUTES]);
        bytes8 attributes = bytes8(body[MODULE_ATTRIBUTES:TD_ATTRIBUTES]);
        require(
            signer == module.signer && attributes == module.attributes,
            ITdxCollateral.WrongTdxModule(signer, attributes)
        );
        if (version == 0) return;

        (bool found, SvnLevel memory level) = _levelOf(module.levels, svn);
        require(found, ITdxCollateral.NoModuleLevel(svn));
        require(
            _isGood(level.status, level.advisories), ITdxCollateral.ModuleNotUpToDate(level.status, level.advisories)
        );
    }

    /// @notice Requires the machine's firmware to be up to date, by the versions of its parts and by the processor's
    /// packed version.
    /// @param levels What Intel lists.
    /// @param machine The machine.
    /// @param body The quote's body.
    function requireMachine(MachineLevel[] storage levels, Machine memory machine, bytes calldata body) internal view {
        bytes16 tdxSvns = bytes16(body);
        _requireLevel(levels, machine.components, machine.pceSvn, tdxSvns);
        if (machine.cpuSvn != machine.components) _requireLevel(levels, machine.cpuSvn, machine.pceSvn, tdxSvns);
    }

    /// @notice Requires the quoting enclave to be Intel's and up to date.
    /// @param identity What Intel says about it.
    /// @param report Its report.
    function requireQe(QeIdentity storage identity, bytes calldata report) internal view {
        bytes16 attributes = bytes16(report[ATTRIBUTES:]);
        require(attributes & DEBUG == 0, ITdxCollateral.QuotingEnclaveDebug(attributes));
        (bytes32 signer, uint16 productId) = (bytes32(report[SIGNER:]), _readUint16(report, PRODUCT_ID));
        require(
            signer == identity.signer && productId == identity.productId,
            ITdxCollateral.WrongQuotingEnclave(signer, productId)
        );
        bytes4 misc = bytes4(report[MISC_SELECT:]);
        (bytes16 mask, bytes4 miscMask) = (identity.attributesMask, identity.miscSelectMask);
        require(
            attributes & mask == identity.attributes & mask && misc & miscMask == identity.miscSelect & miscMask,
            ITdxCollateral.WrongQuotingEnclaveAttributes(attributes, misc)
        );
        uint16 svn = _readUint16(report, SVN);
        (bool found, SvnLevel memory level) = _levelOf(identity.levels, svn);
        require(found, ITdxCollateral.NoQeLevel(svn));
        require(_isGood(level.status, level.advisories), ITdxCollateral.QeNotUpToDate(level.status, level.advisories));
    }

    function _requireLevel(MachineLevel[] storage levels, bytes16 svns, uint16 pceSvn, bytes16 tdxSvns) private view {
        for (uint256 i; i < levels.length; ++i) {
            MachineLevel memory level = levels[i];
            bytes16 least = tdxSvns[1] == 0 ? level.tdxSvns : level.tdxSvns & ~MODULE_SVNS;
            if (pceSvn >= level.pceSvn && _reaches(svns, level.sgxSvns) && _reaches(tdxSvns, least)) {
                require(
                    _isGood(level.status, level.advisories),
                    ITdxCollateral.MachineNotUpToDate(level.status, level.advisories)
                );
                return;
            }
        }
        revert ITdxCollateral.NoMachineLevel(svns, pceSvn, tdxSvns);
    }

    /// @dev Whether each byte is at least as great.
    function _reaches(bytes16 svns, bytes16 least) private pure returns (bool) {
        for (uint256 i; i < 16; ++i) {
            if (svns[i] < least[i]) return false;
        }
        return true;
    }

    function _find(TdxModule[] storage modules, uint8 version) private view returns (TdxModule storage module) {
        for (uint256 i; i < modules.length; ++i) {
            module = modules[i];
            if (module.version == version) return module;
        }
        revert ITdxCollateral.UnknownTdxModule(version);
    }

    /// @dev The first level that the version reaches.
    function _levelOf(SvnLevel[] storage levels, uint256 svn) private view returns (bool found, SvnLevel memory level) {
        for (uint256 i; i < levels.length; ++i) {
            level = levels[i];
            if (svn >= level.svn) return (true, level);
        }
    }

    function _isGood(TcbStatus status, uint8 advisories) private pure returns (bool) {
        return status == TcbStatus.UP_TO_DATE && advisories == 0;
    }

    function _readUint16(bytes calldata data, uint256 offset) private pure returns (uint16) {
        return uint16(uint8(data[offset])) | uint16(uint8(data[offset + 1])) << 8;
    }
}
