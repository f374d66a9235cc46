// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Receipt} from "../types/Group.sol";

/// @notice Neighbouring receipts that one payment covers, or that are free.
struct Run {
    /// @dev Index of the first receipt.
    uint256 first;
    /// @dev Index behind the last one.
    uint256 end;
    /// @dev Who pays all of them; zero for free ones.
    address payer;
    /// @dev Floor of all of them.
    uint8 floor;
}

/// @notice Walks over the receipts of a run.
library ReceiptRun {
    /// @dev Parts of a receipt's terms: the nonce without its last byte, which names the word of 256 nonces; that and
    /// floor and flags; the amount.
    uint256 private constant NONCE_WORD_MASK = 0xffffffffffffff00000000000000000000000000000000000000000000000000;
    uint256 private constant SHARED_MASK = 0xffffffffffffff000000000000000000000000000000000000000000ffffffff;
    uint256 private constant AMOUNT_MASK = 0xffffffffffffffffffffffff000000000000000000000000;

    /// @notice Takes receipts from `index` on, as long as they belong to the run (its payer, its floor, nothing
    /// reserved is set, an amount exactly when somebody pays) and their nonces lie in the same word of 256 as the first
    /// one's and are unspent.
    /// @param receipts The group's receipts.
    /// @param run The run; it must not reach beyond the receipts.
    /// @param index Where to start, inside of the run.
    /// @param spent The word's bits, one per spent nonce.
    /// @return next Index of the first receipt that was not taken.
    /// @return sum Sum of the amounts that were taken.
    /// @return spentNow The word with the bits of the taken receipts.
    function take(Receipt[] calldata receipts, Run memory run, uint256 index, uint256 spent)
        internal
        pure
        returns (uint256 next, uint256 sum, uint256 spentNow)
    {
        assembly ("memory-safe") {
            let payer := mload(add(run, 0x40))
            let free := iszero(payer)
            // two words of each receipt count here: the payer, and the terms behind it
            let source := add(add(receipts.offset, shl(7, index)), 0x40)
            let end := add(source, shl(7, sub(mload(add(run, 0x20)), index)))
            // what all terms must have in common: the nonce but for its last byte, the floor, no flags
            let shared := or(and(calldataload(add(source, 0x20)), NONCE_WORD_MASK), shl(24, mload(add(run, 0x60))))
            next := source
            spentNow := spent
            for {} lt(next, end) { next := add(next, 0x80) } {
                let terms := calldataload(add(next, 0x20))
                let amount := and(terms, AMOUNT_MASK)
                let bit := shl(byte(7, terms), 1)
                if or(
                    or(xor(calldataload(next), payer), xor(and(terms, SHARED_MASK), shared)),
                    or(xor(iszero(amount), free), and(spentNow, bit))
                ) { break }
                spentNow := or(spentNow, bit)
                sum := add(sum, amount)
            }
            sum := shr(96, sum)
            next := add(index, shr(7, sub(next, source)))
        }
    }
}
