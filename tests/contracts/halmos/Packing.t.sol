// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CommonBase} from "forge-std/Base.sol";

import {ReceiptRun, Run} from "../../../contracts/libraries/ReceiptRun.sol";
import {SettledEvent} from "../../../contracts/libraries/SettledEvent.sol";
import {Group, PaymentScheme, Receipt} from "../../../contracts/types/Group.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Tier} from "../../../contracts/types/Tier.sol";

contract PackingProof is CommonBase {
    function check_terms_readBackWhatWasPacked(uint64 nonce, uint96 amount, uint64 servedAt, uint8 floor, uint24 flags)
        public
        pure
    {
        Terms terms = Terms.wrap(uint256(bytes32(abi.encodePacked(nonce, amount, servedAt, floor, flags))));

        assert(terms.nonce() == nonce);
        assert(terms.amount() == amount);
        assert(terms.servedAt() == servedAt);
        assert(terms.floor() == floor);
        assert(terms.flags() == flags);
        assert(terms.floorAndFlags() == uint32(floor) << 24 | flags);
    }

    /// A settled receipt has no flags of its own: {check_take_isWhatItSays}.
    function check_terms_theEventKeepsThem(
        Receipt memory receipt,
        bytes32 hash,
        uint64 seq,
        uint256 scheme,
        uint8 labels
    ) public {
        vm.assume(hash != 0 && receipt.terms.flags() == 0 && seq < type(uint64).max);
        vm.assume(scheme <= uint256(type(PaymentScheme).max));
        Group memory group;
        group.receipts = new Receipt[](1);
        group.receipts[0] = receipt;

        (bytes memory data, uint256 count) = this.emitOne(group, hash, seq, PaymentScheme(scheme), labels);

        (,,, bytes32 requestHash, bytes32 responseHash, Terms terms) =
            abi.decode(data, (bytes32, address, address, bytes32, bytes32, Terms));
        assert(count == 1);
        assert(requestHash == receipt.requestHash && responseHash == receipt.responseHash);
        assert(terms.nonce() == seq);
        assert(terms.amount() == receipt.terms.amount());
        assert(terms.servedAt() == receipt.terms.servedAt());
        assert(terms.floor() == receipt.terms.floor());
        assert(terms.flags() == (scheme << 8 | labels));
    }

    /// Emits the event of the group's only receipt; returns the event's data.
    function emitOne(Group calldata group, bytes32 hash, uint64 seq, PaymentScheme scheme, uint8 labels)
        external
        returns (bytes memory data, uint256 count)
    {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = hash;
        SettledEvent.Log memory log;
        SettledEvent.open(log, group, seq, Tier.TEE, labels);
        SettledEvent.emitRun(
            log, group.receipts, hashes, Run({first: 0, end: 1, payer: group.receipts[0].payer, floor: 1}), scheme
        );
        return (log.data, log.count);
    }

    /// Every bit that is set stays set, every receipt taken flips one more, and the sum is theirs.
    function check_take_isWhatItSays(Receipt[3] memory input, address payer, uint8 floor, uint256 spent) public view {
        Receipt[] memory receipts = new Receipt[](3);
        for (uint256 i; i < 3; ++i) {
            receipts[i] = input[i];
        }

        (uint256 next, uint256 sum, uint256 spentNow) = this.take(receipts, payer, floor, spent);

        assert(next <= 3);
        uint256 expected = spent;
        uint256 expectedSum;
        for (uint256 i; i < next; ++i) {
            Terms terms = receipts[i].terms;
            uint256 bit = 1 << (terms.nonce() & 0xff);
            assert(expected & bit == 0);
            assert(terms.nonce() >> 8 == receipts[0].terms.nonce() >> 8);
            assert(receipts[i].payer == payer && terms.floor() == floor && terms.flags() == 0);
            assert((terms.amount() == 0) == (payer == address(0)));
            expected |= bit;
            expectedSum += terms.amount();
        }
        assert(spentNow == expected);
        assert(sum == expectedSum);
    }

    function take(Receipt[] calldata receipts, address payer, uint8 floor, uint256 spent)
        external
        pure
        returns (uint256 next, uint256 sum, uint256 spentNow)
    {
        return ReceiptRun.take(receipts, Run({first: 0, end: receipts.length, payer: payer, floor: floor}), 0, spent);
    }
}
