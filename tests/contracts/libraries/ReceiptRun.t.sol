// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {ReceiptRun, Run} from "../../../contracts/libraries/ReceiptRun.sol";
import {Receipt as InferenceReceipt} from "../../../contracts/types/Group.sol";
import {Terms} from "../../../contracts/types/Terms.sol";

/// Against a slow version in plain Solidity.
contract ReceiptRunTest is Test {
    struct Case {
        address payer;
        uint8 floor;
        uint256 spent;
        uint8 start;
        uint256 seed;
    }

    /// Receipts that mostly fit, with one that does not somewhere.
    function testFuzz_take_isTheReference(Case memory input, uint8 count, uint8 odd, uint8 defect) public view {
        count = uint8(bound(count, 1, 40));
        input.start = uint8(bound(input.start, 0, count - 1));
        if (input.seed % 3 == 0) input.payer = address(0);
        if (input.seed % 5 != 0) input.spent = 0;
        InferenceReceipt[] memory receipts = _receipts(input, count);
        if (odd < count) _spoil(receipts[odd], defect % 8, input.seed);
        Run memory run = Run({first: 0, end: count, payer: input.payer, floor: input.floor});

        (uint256 next, uint256 sum, uint256 spent) = this.take(receipts, run, input.start, input.spent);
        (uint256 nextExpected, uint256 sumExpected, uint256 spentExpected) =
            _reference(receipts, run, input.start, input.spent);

        assertEq(next, nextExpected, "next");
        assertEq(sum, sumExpected, "sum");
        assertEq(spent, spentExpected, "spent");
    }

    function testFuzz_take_anythingAtAllIsTheReference(
        InferenceReceipt[] calldata receipts,
        Run memory run,
        uint256 index,
        uint256 spent
    ) public pure {
        vm.assume(receipts.length > 0);
        index = bound(index, 0, receipts.length - 1);
        run.end = bound(run.end, index, receipts.length);
        (uint256 next, uint256 sum, uint256 spentNow) = ReceiptRun.take(receipts, run, index, spent);
        (uint256 nextExpected, uint256 sumExpected, uint256 spentExpected) = _reference(receipts, run, index, spent);
        assertEq(next, nextExpected, "next");
        assertEq(sum, sumExpected, "sum");
        assertEq(spentNow, spentExpected, "spent");
    }

    function take(InferenceReceipt[] calldata receipts, Run memory run, uint256 index, uint256 spent)
        external
        pure
        returns (uint256, uint256, uint256)
    {
        return ReceiptRun.take(receipts, run, index, spent);
    }

    function _receipts(Case memory input, uint256 count) private pure returns (InferenceReceipt[] memory receipts) {
        receipts = new InferenceReceipt[](count);
        uint64 first = uint64(input.seed);
        for (uint64 i; i < count; ++i) {
            uint96 amount = input.payer == address(0) ? 0 : uint96(uint256(keccak256(abi.encode(input.seed, i)))) | 1;
            uint64 nonce;
            unchecked {
                nonce = first + i;
            }
            receipts[i].payer = input.payer;
            receipts[i].terms = Terms.wrap(
                uint256(bytes32(abi.encodePacked(nonce, amount, uint64(input.seed >> 64), input.floor, uint24(0))))
            );
        }
    }

    function _spoil(InferenceReceipt memory receipt, uint8 defect, uint256 seed) private pure {
        uint256 terms = Terms.unwrap(receipt.terms);
        if (defect == 0) receipt.payer = address(uint160(seed >> 3));
        if (defect == 1) terms ^= 1 << (seed % 24); // reserved bits
        if (defect == 2) terms ^= 1 << (24 + seed % 8); // floor
        if (defect == 3) terms ^= 1 << (96 + seed % 96); // amount
        if (defect == 4) terms = terms >> 192 << 192 | uint96(terms); // no amount
        if (defect == 5) terms ^= 1 << (200 + seed % 56); // another word of nonces
        if (defect == 6) terms ^= 1 << (192 + seed % 8); // another nonce of the word, taken or not
        if (defect == 7) terms ^= 1 << (32 + seed % 64); // servedAt: anything goes
        receipt.terms = Terms.wrap(terms);
    }

    function _reference(InferenceReceipt[] memory receipts, Run memory run, uint256 index, uint256 spent)
        private
        pure
        returns (uint256 next, uint256 sum, uint256 spentNow)
    {
        (next, spentNow) = (index, spent);
        uint64 word = receipts[index].terms.nonce() / 256;
        while (next < run.end) {
            Terms terms = receipts[next].terms;
            uint256 bit = 2 ** (terms.nonce() % 256);
            bool fits = receipts[next].payer == run.payer && terms.floor() == run.floor && terms.flags() == 0
                && (run.payer == address(0) ? terms.amount() == 0 : terms.amount() != 0) && terms.nonce() / 256 == word
                && spentNow & bit == 0;
            if (!fits) break;
            sum += terms.amount();
            spentNow += bit;
            ++next;
        }
    }
}
