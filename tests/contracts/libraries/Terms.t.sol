// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Terms} from "../../../contracts/types/Terms.sol";

contract TermsTest is Test {
    function testFuzz_terms_unpackWhatWasPacked(uint64 nonce, uint96 amount, uint64 servedAt, uint8 floor, uint24 flags)
        public
        pure
    {
        Terms terms = Terms.wrap(uint256(bytes32(abi.encodePacked(nonce, amount, servedAt, floor, flags))));
        assertEq(terms.nonce(), nonce, "nonce");
        assertEq(terms.amount(), amount, "amount");
        assertEq(terms.servedAt(), servedAt, "servedAt");
        assertEq(terms.floor(), floor, "floor");
        assertEq(terms.flags(), flags, "flags");
    }
}
