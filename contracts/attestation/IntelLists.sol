// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITdxCollateral} from "../interfaces/ITdxCollateral.sol";
import {ListHeader, MachineLevel, QeIdentity, SvnLevel, TcbInfo, TcbStatus, TdxModule} from "../types/TdxTcb.sol";
import {Json} from "./Json.sol";

/// @notice Reads the lists that Intel signs, in the form that Intel writes, into storage.
library IntelLists {
    uint256 private constant SIGNER_BYTES = 48;
    uint256 private constant PARTS = 16;

    /// @notice Reads the start of a list for one kind of machine.
    /// @param json The list.
    /// @return header When it holds, without its signer.
    /// @return fmspc Intel's number of the kind.
    /// @return pceId Intel's number of the provisioning enclave.
    /// @return rest What follows.
    function readTcbHead(bytes calldata json)
        internal
        pure
        returns (ListHeader memory header, bytes6 fmspc, bytes2 pceId, bytes calldata rest)
    {
        rest = _readTimes(Json.skip(json, '{"id":"TDX","version":3'), header);
        bytes memory value;
        (value, rest) = Json.readHex(Json.skip(rest, ',"fmspc":'), 6);
        fmspc = bytes6(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"pceId":'), 2);
        pceId = bytes2(value);
        rest = _readEvaluationNumber(Json.skip(rest, ',"tcbType":0'), header);
    }

    /// @notice Reads the rest of it.
    /// @param input What {readTcbHead} left.
    /// @param info Gets modules and levels; must have none.
    function readTcbBody(bytes calldata input, TcbInfo storage info) internal {
        bytes calldata rest = Json.skip(input, ',"tdxModule":{');
        rest = Json.skip(_readModule(rest, info.modules.push()), "}");
        rest = Json.skip(rest, ',"tdxModuleIdentities":[');
        for (bool more = true; more;) {
            rest = _readIdentity(rest, info.modules);
            (more, rest) = Json.hasMore(rest);
        }
        rest = Json.skip(rest, ',"tcbLevels":[');
        for (bool more = true; more;) {
            rest = _readMachineLevel(rest, info.levels.push());
            _requireDescending(info.levels);
            (more, rest) = Json.hasMore(rest);
        }
        _requireEnd(rest);
    }

    /// @notice Reads the start of the quoting enclave's identity.
    /// @param json The list.
    /// @return header When it holds, without its signer.
    /// @return rest What follows.
    function readQeHead(bytes calldata json) internal pure returns (ListHeader memory header, bytes calldata rest) {
        rest = _readTimes(Json.skip(json, '{"id":"TD_QE","version":2'), header);
        rest = _readEvaluationNumber(rest, header);
    }

    /// @notice Reads the rest of it.
    /// @param input What {readQeHead} left.
    /// @param identity Gets the values; must have no levels.
    function readQeBody(bytes calldata input, QeIdentity storage identity) internal {
        bytes memory value;
        bytes calldata rest;
        (value, rest) = Json.readHex(Json.skip(input, ',"miscselect":'), 4);
        identity.miscSelect = bytes4(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"miscselectMask":'), 4);
        identity.miscSelectMask = bytes4(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"attributes":'), 16);
        identity.attributes = bytes16(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"attributesMask":'), 16);
        identity.attributesMask = bytes16(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"mrsigner":'), 32);
        identity.signer = bytes32(value);
        uint256 productId;
        (productId, rest) = Json.readNumber(Json.skip(rest, ',"isvprodid":'), type(uint16).max);
        identity.productId = uint16(productId);
        _requireEnd(_readSvnLevels(rest, identity.levels));
    }

    function _readTimes(bytes calldata input, ListHeader memory header) private pure returns (bytes calldata rest) {
        (header.issuedAt, rest) = Json.readTime(Json.skip(input, ',"issueDate":'));
        (header.validUntil, rest) = Json.readTime(Json.skip(rest, ',"nextUpdate":'));
    }

    function _readEvaluationNumber(bytes calldata input, ListHeader memory header)
        private
        pure
        returns (bytes calldata rest)
    {
        uint256 number;
        (number, rest) = Json.readNumber(Json.skip(input, ',"tcbEvaluationDataNumber":'), type(uint16).max);
        header.evaluationNumber = uint16(number);
    }

    /// @dev Without the mask: no bit may differ, as a bit outside of the mask may not be set.
    function _readModule(bytes calldata input, TdxModule storage module) private returns (bytes calldata rest) {
        bytes memory value;
        (value, rest) = Json.readHex(Json.skip(input, '"mrsigner":'), SIGNER_BYTES);
        module.signer = keccak256(value);
        (value, rest) = Json.readHex(Json.skip(rest, ',"attributes":'), 8);
        module.attributes = bytes8(value);
        (, rest) = Json.readHex(Json.skip(rest, ',"attributesMask":'), 8);
    }

    function _readIdentity(bytes calldata input, TdxModule[] storage modules) private returns (bytes calldata rest) {
        uint8 version;
        (version, rest) = Json.readHexByte(Json.skip(input, '{"id":"TDX_'));
        for (uint256 i; i < modules.length; ++i) {
            require(modules[i].version != version, ITdxCollateral.ModuleRepeated(version));
        }
        TdxModule storage module = modules.push();
        module.version = version;
        rest = _readModule(Json.skip(rest, '",'), module);
        rest = Json.skip(_readSvnLevels(rest, module.levels), "}");
    }

    function _readSvnLevels(bytes calldata input, SvnLevel[] storage levels) private returns (bytes calldata rest) {
        rest = Json.skip(input, ',"tcbLevels":[');
        for (bool more = true; more;) {
            uint256 svn;
            (svn, rest) = Json.readNumber(Json.skip(rest, '{"tcb":{"isvsvn":'), type(uint16).max);
            uint256 count = levels.length;
            require(count == 0 || svn < levels[count - 1].svn, ITdxCollateral.LevelsNotDescending(count));
            SvnLevel memory level;
            level.svn = uint16(svn);
            (level.status, level.advisories, rest) = _readStatus(rest);
            levels.push(level);
            (more, rest) = Json.hasMore(rest);
        }
    }

    /// @dev By the SGX parts, then the enclave for certificates, then the TDX parts: the order in which others sort them.
    function _requireDescending(MachineLevel[] storage levels) private view {
        uint256 last = levels.length - 1;
        if (last == 0) return;

        MachineLevel storage a = levels[last - 1];
        MachineLevel storage b = levels[last];
        bool descends = a.sgxSvns != b.sgxSvns
            ? a.sgxSvns > b.sgxSvns
            : a.pceSvn != b.pceSvn ? a.pceSvn > b.pceSvn : a.tdxSvns > b.tdxSvns;
        require(descends, ITdxCollateral.LevelsNotDescending(last));
    }

    function _readMachineLevel(bytes calldata input, MachineLevel storage level) private returns (bytes calldata rest) {
        bytes16 svns;
        uint256 pceSvn;
        (svns, rest) = _readParts(Json.skip(input, '{"tcb":{"sgxtcbcomponents":['));
        level.sgxSvns = svns;
        (pceSvn, rest) = Json.readNumber(Json.skip(rest, ',"pcesvn":'), type(uint16).max);
        level.pceSvn = uint16(pceSvn);
        (svns, rest) = _readParts(Json.skip(rest, ',"tdxtcbcomponents":['));
        level.tdxSvns = svns;
        TcbStatus status;
        uint8 advisories;
        (status, advisories, rest) = _readStatus(rest);
        (level.status, level.advisories) = (status, advisories);
    }

    function _readParts(bytes calldata input) private pure returns (bytes16 svns, bytes calldata rest) {
        uint256 packed;
        rest = input;
        for (uint256 i; i < PARTS; ++i) {
            if (i != 0) rest = Json.skip(rest, ",");
            uint256 svn;
            (svn, rest) = Json.readNumber(Json.skip(rest, '{"svn":'), type(uint8).max);
            packed = packed << 8 | svn;
            if (Json.startsWith(rest, ',"category":')) (, rest) = Json.readString(rest[12:]);
            if (Json.startsWith(rest, ',"type":')) (, rest) = Json.readString(rest[8:]);
            rest = Json.skip(rest, "}");
        }
        svns = bytes16(uint128(packed));
        rest = Json.skip(rest, "]");
    }

    /// @dev From the end of `tcb` to the end of the level.
    function _readStatus(bytes calldata input)
        private
        pure
        returns (TcbStatus status, uint8 advisories, bytes calldata rest)
    {
        bytes calldata word;
        (, rest) = Json.readTime(Json.skip(input, '},"tcbDate":'));
        (word, rest) = Json.readString(Json.skip(rest, ',"tcbStatus":'));
        status = _statusOf(word);
        if (Json.startsWith(rest, ',"advisoryIDs":[')) {
            rest = rest[16:];
            for (bool more = true; more;) {
                (, rest) = Json.readString(rest);
                ++advisories;
                (more, rest) = Json.hasMore(rest);
            }
        }
        rest = Json.skip(rest, "}");
    }

    function _statusOf(bytes calldata word) private pure returns (TcbStatus) {
        bytes32 hash = keccak256(word);
        if (hash == keccak256("UpToDate")) return TcbStatus.UP_TO_DATE;
        if (hash == keccak256("SWHardeningNeeded")) return TcbStatus.SW_HARDENING_NEEDED;
        if (hash == keccak256("ConfigurationNeeded")) return TcbStatus.CONFIGURATION_NEEDED;
        if (hash == keccak256("ConfigurationAndSWHardeningNeeded")) {
            return TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED;
        }
        if (hash == keccak256("OutOfDate")) return TcbStatus.OUT_OF_DATE;
        if (hash == keccak256("OutOfDateConfigurationNeeded")) return TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED;
        require(hash == keccak256("Revoked"), ITdxCollateral.UnknownStatus(word));
        return TcbStatus.REVOKED;
    }

    function _requireEnd(bytes calldata input) private pure {
        bytes calldata rest = Json.skip(input, "}");
        require(rest.length == 0, ITdxCollateral.TextAfterEnd(rest.length));
    }
}
