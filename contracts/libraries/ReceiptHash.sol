// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Receipt} from "../types/Group.sol";

/// @notice EIP-712 hashes of receipts and groups.
library ReceiptHash {
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(bytes32 modelId,address prover,address asset,bytes32 requestHash,bytes32 responseHash,address payer,uint256 terms)"
    );
    bytes32 internal constant GROUP_TYPEHASH = keccak256("Group(bytes32 root,bytes4 route)");
    bytes32 internal constant AUTHORIZATION_TYPEHASH =
        keccak256("Authorization(bytes32 root,bytes4 route,bytes32 paymentsHash)");

    /// @notice What all receipts of a group share.
    struct Common {
        bytes32 domainSeparator;
        bytes32 modelId;
        address prover;
        address asset;
    }

    /// @notice EIP-712 digests of receipts. The group's model, prover and asset are part of them, so that a receipt
    /// hash stands for itself.
    /// @dev One buffer holds the struct's words: four that are shared, then the four of the receipt, whose calldata
    /// layout is the struct's. Behind it the 66 bytes of the digest's preimage.
    function hashAll(Common memory common, Receipt[] calldata receipts)
        internal
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](receipts.length);
        bytes32 typehash = RECEIPT_TYPEHASH;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let fields := add(buffer, 0x80)
            let preimage := add(buffer, 0x100)
            let structHash := add(preimage, 0x22)
            mstore(buffer, typehash)
            mcopy(add(buffer, 0x20), add(common, 0x20), 0x60)
            mstore(preimage, shl(240, 0x1901))
            mstore(add(preimage, 0x02), mload(common))

            let target := add(hashes, 0x20)
            let end := add(target, shl(5, receipts.length))
            for { let source := receipts.offset } lt(target, end) { source := add(source, 0x80) } {
                calldatacopy(fields, source, 0x80)
                mstore(structHash, keccak256(buffer, 0x100))
                mstore(target, keccak256(preimage, 0x42))
                target := add(target, 0x20)
            }
        }
    }

    /// @notice Struct hash of a group.
    function hashGroup(bytes32 root, bytes4 route) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP_TYPEHASH, root, route));
    }

    /// @notice Struct hash of a prover's leave for others to submit a group with these payments.
    function hashAuthorization(bytes32 root, bytes4 route, bytes32 paymentsHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(AUTHORIZATION_TYPEHASH, root, route, paymentsHash));
    }
}
