// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateCache} from "../interfaces/ICertificateCache.sol";
import {INitroAttestation} from "../interfaces/INitroAttestation.sol";
import {Platform} from "../types/Claims.sol";
import {Cbor} from "./Cbor.sol";
import {Pcrs} from "./Pcrs.sol";

/// @notice What a payload says; offsets are in its bytes.
struct Payload {
    uint64 timestamp;
    bytes32 measurement;
    bool debug;
    bytes publicKey;
    bytes userData;
    bytes nonce;
    /// @dev Where the value of `certificate` starts.
    uint256 certificate;
    /// @dev Where the first item of `cabundle` starts.
    uint256 cabundle;
    uint256 cabundleCount;
    /// @dev One bit for each field that was read.
    uint256 fields;
}

/// @notice Reads the payload of a document.
library NitroPayload {
    /// @dev Longest values in bytes, as the enclave's interface to its platform takes them.
    uint256 private constant MAX_PUBLIC_KEY_BYTES = 1_024;
    uint256 private constant MAX_DATA_BYTES = 512;

    /// @notice Reads a payload.
    /// @param input Its CBOR.
    /// @param platform Whose measurement it makes.
    /// @return payload What it says.
    function parse(bytes calldata input, Platform platform) internal pure returns (Payload memory payload) {
        (uint256 count, bytes calldata rest) = Cbor.readMap(input);
        for (uint256 i;; ++i) {
            bool more;
            (more, rest) = Cbor.hasEntry(rest, i, count);
            if (!more) break;
            INitroAttestation.Field field;
            (field, rest) = _readKey(rest, payload);
            rest = _readValue(input.length, rest, field, platform, payload);
        }
        Cbor.requireEnd(rest);

        for (uint256 i; i <= uint256(INitroAttestation.Field.CABUNDLE); ++i) {
            INitroAttestation.Field field = INitroAttestation.Field(i);
            require(payload.fields & 1 << i != 0, INitroAttestation.FieldMissing(field));
        }
    }

    function _readKey(bytes calldata input, Payload memory payload)
        private
        pure
        returns (INitroAttestation.Field field, bytes calldata rest)
    {
        bytes calldata key;
        (key, rest) = Cbor.readString(input, Cbor.TEXT);
        field = _fieldOf(key);
        uint256 bit = 1 << uint256(field);
        require(payload.fields & bit == 0, INitroAttestation.FieldRepeated(field));
        payload.fields |= bit;
    }

    function _fieldOf(bytes calldata key) private pure returns (INitroAttestation.Field) {
        bytes32 hash = keccak256(key);
        if (hash == keccak256("module_id")) return INitroAttestation.Field.MODULE_ID;
        if (hash == keccak256("digest")) return INitroAttestation.Field.DIGEST;
        if (hash == keccak256("timestamp")) return INitroAttestation.Field.TIMESTAMP;
        if (hash == keccak256("pcrs")) return INitroAttestation.Field.PCRS;
        if (hash == keccak256("certificate")) return INitroAttestation.Field.CERTIFICATE;
        if (hash == keccak256("cabundle")) return INitroAttestation.Field.CABUNDLE;
        if (hash == keccak256("public_key")) return INitroAttestation.Field.PUBLIC_KEY;
        if (hash == keccak256("user_data")) return INitroAttestation.Field.USER_DATA;
        if (hash == keccak256("nonce")) return INitroAttestation.Field.NONCE;
        revert INitroAttestation.UnknownField(key);
    }

    /// @param length Of the whole payload.
    function _readValue(
        uint256 length,
        bytes calldata input,
        INitroAttestation.Field field,
        Platform platform,
        Payload memory payload
    ) private pure returns (bytes calldata rest) {
        if (field > INitroAttestation.Field.CABUNDLE) return _readOptional(input, field, payload);
        if (field == INitroAttestation.Field.MODULE_ID) {
            (, rest) = Cbor.readString(input, Cbor.TEXT);
        } else if (field == INitroAttestation.Field.DIGEST) {
            rest = _readDigest(input);
        } else if (field == INitroAttestation.Field.TIMESTAMP) {
            uint256 milliseconds;
            (milliseconds, rest) = Cbor.readHead(input, Cbor.UINT);
            payload.timestamp = uint64(milliseconds / 1_000);
        } else if (field == INitroAttestation.Field.PCRS) {
            (payload.measurement, payload.debug, rest) = Pcrs.read(input, platform);
        } else if (field == INitroAttestation.Field.CERTIFICATE) {
            payload.certificate = length - input.length;
            (, rest) = Cbor.readString(input, Cbor.BYTES);
        } else {
            rest = _readCabundle(length, input, payload);
        }
    }

    function _readDigest(bytes calldata input) private pure returns (bytes calldata rest) {
        bytes calldata digest;
        (digest, rest) = Cbor.readString(input, Cbor.TEXT);
        require(digest.length == 6 && bytes6(digest) == "SHA384", INitroAttestation.WrongDigest(digest));
    }

    function _readCabundle(uint256 length, bytes calldata input, Payload memory payload)
        private
        pure
        returns (bytes calldata rest)
    {
        uint256 count;
        (count, rest) = Cbor.readHead(input, Cbor.ARRAY);
        require(count != 0, ICertificateCache.EmptyChain());
        (payload.cabundle, payload.cabundleCount) = (length - rest.length, count);
        for (uint256 i; i < count; ++i) {
            (, rest) = Cbor.readString(rest, Cbor.BYTES);
        }
    }

    function _readOptional(bytes calldata input, INitroAttestation.Field field, Payload memory payload)
        private
        pure
        returns (bytes calldata rest)
    {
        bytes calldata value;
        (value, rest) = Cbor.readOptional(input);
        uint256 max = field == INitroAttestation.Field.PUBLIC_KEY ? MAX_PUBLIC_KEY_BYTES : MAX_DATA_BYTES;
        require(value.length <= max, INitroAttestation.FieldTooLong(field, value.length, max));
        if (field == INitroAttestation.Field.PUBLIC_KEY) payload.publicKey = value;
        else if (field == INitroAttestation.Field.USER_DATA) payload.userData = value;
        else payload.nonce = value;
    }
}
