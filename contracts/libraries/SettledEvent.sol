// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Group, PaymentScheme, Receipt} from "../types/Group.sol";
import {Tier} from "../types/Tier.sol";
import {Run} from "./ReceiptRun.sol";

/// @notice Emits {ISettlement-InferenceSettled} for the receipts of a group, in order. What the events share is laid
/// out once; the layout of a receipt in calldata and of an event's data are made for each other.
library SettledEvent {
    /// @dev Bit positions in the event's packed word.
    uint256 private constant SEQ_SHIFT = 192;
    uint256 private constant SCHEME_SHIFT = 8;

    /// @notice What the events of a group share, and how many there are.
    struct Log {
        /// @dev The six words of the data: model, prover, asset, then request hash, response hash, packed terms.
        bytes data;
        /// @dev Sequence number of the group's first event.
        uint256 firstSeq;
        /// @dev Number of events so far.
        uint256 count;
        Tier tier;
        /// @dev Bits of {Labels}; they take the low 8 bits of the packed word.
        uint8 labels;
    }

    /// @notice Prepares the events of `group`.
    function open(Log memory log, Group calldata group, uint256 firstSeq, Tier tier, uint8 labels) internal pure {
        log.data = abi.encode(group.modelId, group.prover, group.asset, bytes32(0), bytes32(0), bytes32(0));
        log.firstSeq = firstSeq;
        log.tier = tier;
        log.labels = labels;
    }

    /// @notice Emits the event of each receipt of a run whose hash is not zero.
    /// @param log What {open} prepared.
    /// @param receipts The group's receipts.
    /// @param hashes Their hashes; zero for a receipt that did not settle. The others have the run's payer.
    /// @param run The receipts to go through.
    /// @param scheme How they were paid.
    function emitRun(
        Log memory log,
        Receipt[] calldata receipts,
        bytes32[] memory hashes,
        Run memory run,
        PaymentScheme scheme
    ) internal {
        // what the receipts do not say: sequence number and flags
        uint256 marks = (log.firstSeq + log.count) << SEQ_SHIFT | uint256(scheme) << SCHEME_SHIFT | log.labels;
        marks = _emitAll(log, receipts, hashes, run, marks);
        log.count = (marks >> SEQ_SHIFT) - log.firstSeq;
    }

    /// @dev Returns the marks of the next event.
    function _emitAll(
        Log memory log,
        Receipt[] calldata receipts,
        bytes32[] memory hashes,
        Run memory run,
        uint256 marks
    ) private returns (uint256) {
        bytes32 topic = ISettlement.InferenceSettled.selector;
        assembly ("memory-safe") {
            let data := add(mload(log), 0x20)
            let answers := add(data, 0x60)
            let terms := add(data, 0xa0)
            let tier := mload(add(log, 0x60))
            let payer := mload(add(run, 0x40))
            let source := add(receipts.offset, shl(7, mload(run)))
            let end := add(add(hashes, 0x20), shl(5, mload(add(run, 0x20))))
            for { let hash := add(add(hashes, 0x20), shl(5, mload(run))) } lt(hash, end) { hash := add(hash, 0x20) } {
                let receiptHash := mload(hash)
                if receiptHash {
                    calldatacopy(answers, source, 0x40)
                    // the marks take the place of the nonce
                    mstore(terms, or(marks, shr(64, shl(64, calldataload(add(source, 0x60))))))
                    log4(data, 0xc0, topic, receiptHash, payer, tier)
                    marks := add(marks, shl(192, 1))
                }
                source := add(source, 0x80)
            }
        }
        return marks;
    }
}
