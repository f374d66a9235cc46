// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Receipt} from "../types/Group.sol";

/// @notice EIP-712 struct hashes of receipts and groups.
library ReceiptHash {
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(bytes32 modelId,address prover,address asset,bytes32 requestHash,bytes32 responseHash,address payer,uint96 amount,uint64 servedAt,uint64 nonce,uint8 floor)"
    );
    bytes32 internal constant GROUP_TYPEHASH = keccak256("Group(bytes32 root,bytes4 route)");

    bytes32 internal constant AUTHORIZATION_TYPEHASH = keccak256("Authorization(bytes32 root,bytes4 route)");

    /// @notice Struct hash of a receipt. The group's model, prover and asset are part of it, so that a receipt hash
    /// stands for itself.
    function hashReceipt(bytes32 modelId, address prover, address asset, Receipt calldata receipt)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                RECEIPT_TYPEHASH,
                modelId,
                prover,
                asset,
                receipt.requestHash,
                receipt.responseHash,
                receipt.payer,
                receipt.amount,
                receipt.servedAt,
                receipt.nonce,
                receipt.floor
            )
        );
    }

    /// @notice Struct hash of a group.
    function hashGroup(bytes32 root, bytes4 route) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP_TYPEHASH, root, route));
    }

    /// @notice Struct hash of a prover's leave for others to submit a group.
    function hashAuthorization(bytes32 root, bytes4 route) internal pure returns (bytes32) {
        return keccak256(abi.encode(AUTHORIZATION_TYPEHASH, root, route));
    }
}
