// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {INitroAttestation} from "../interfaces/INitroAttestation.sol";
import {Cbor} from "./Cbor.sol";

/// @notice Takes COSE_Sign1 apart.
library Cose {
    uint256 private constant PARTS = 4;
    uint256 private constant SIGNATURE_BYTES = 96;
    uint256 private constant SIGN1_TAG = 18;
    /// @dev { 1: -35 }, algorithm ES384.
    bytes4 private constant PROTECTED_HEADER = 0xa1013822;
    /// @dev What precedes the payload in the message that is signed: the head of an array of four, "Signature1", the
    /// protected header, and empty external data.
    bytes private constant CONTEXT = hex"846a5369676e61747572653144a101382240";

    /// @notice Reads a document.
    /// @param document COSE_Sign1, with or without its tag.
    /// @return payload The payload.
    /// @return message What is signed.
    /// @return signature r and s, 48 bytes each.
    function read(bytes calldata document)
        internal
        pure
        returns (bytes calldata payload, bytes memory message, bytes memory signature)
    {
        bytes calldata input = _readHeaders(document);
        bytes calldata rest;
        (payload, rest) = Cbor.readString(input, Cbor.BYTES);
        message = bytes.concat(CONTEXT, input[:input.length - rest.length]);
        signature = _readSignature(rest);
    }

    function _readSignature(bytes calldata input) private pure returns (bytes calldata signature) {
        bytes calldata rest;
        (signature, rest) = Cbor.readString(input, Cbor.BYTES);
        require(
            signature.length == SIGNATURE_BYTES,
            INitroAttestation.WrongSignatureLength(signature.length, SIGNATURE_BYTES)
        );
        Cbor.requireEnd(rest);
    }

    function _readHeaders(bytes calldata document) private pure returns (bytes calldata rest) {
        rest = document;
        uint256 count;
        if (rest.length != 0 && uint8(rest[0]) >> 5 == Cbor.TAG) {
            (count, rest) = Cbor.readHead(rest, Cbor.TAG);
            require(count == SIGN1_TAG, INitroAttestation.WrongCoseTag(count, SIGN1_TAG));
        }
        (count, rest) = Cbor.readHead(rest, Cbor.ARRAY);
        require(count == PARTS, INitroAttestation.WrongPartCount(count, PARTS));
        bytes calldata header;
        (header, rest) = Cbor.readString(rest, Cbor.BYTES);
        require(
            header.length == 4 && bytes4(header) == PROTECTED_HEADER,
            INitroAttestation.WrongProtectedHeader(header, PROTECTED_HEADER)
        );
        return Cbor.skipMap(rest);
    }
}
