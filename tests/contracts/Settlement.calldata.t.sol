// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// Calldata that no ABI encoder writes, and too little gas.
contract SettlementCalldataTest is PaymentTest {
    bytes4 private constant SETTLE = ISettlement.settle.selector;

    function test_settle_noGroups() public {
        assertEq(settleAs(prover.addr, new Group[](0)).length, 0);
    }

    function testFuzz_settle_groupsMustStandWhereEncodersPutThem(uint8 shift) public {
        uint256 words = bound(shift, 1, 200);
        bytes memory canonical = _encoded(_groups());
        // the same array, `words` further back
        bytes memory moved = abi.encodePacked(SETTLE, 0x20 + 32 * words, new bytes(32 * words), _tail(canonical, 0x24));
        _assertReverts(moved, abi.encodeWithSelector(ISettlement.NonCanonicalCalldata.selector, 0x44 + 32 * words));
    }

    function testFuzz_settle_dataBehindTheGroupsDoesNotMatter(bytes calldata rest) public {
        (bool success, bytes memory output) = _call(abi.encodePacked(_encoded(_groups()), rest));
        assertTrue(success);
        GroupResult[] memory results = abi.decode(output, (GroupResult[]));
        assertEq(results[0].settled, 1);
        assertEq(results[1].settled, 2);
        assertEq(settlement.nextSeq(), 3);
    }

    /// One flipped byte anywhere: either the call reverts and nothing happened, or each group settled as it was signed
    /// or was refused, or receipts lost their payment.
    function testFuzz_settle_aFlippedByteNeverSettlesSomethingElse(uint256 position, uint8 flip) public {
        Group[] memory groups = new Group[](2);
        groups[0] = signedGroup(receiptsOf(1, 2, address(0), 0, 1));
        groups[1] = signedGroup(receiptsOf(11, 2, payer.addr, PRICE, 1), upto(0, 2, payer, 1, 2 * PRICE, 1));
        bytes memory data = _encoded(groups);
        position = bound(position, 4, data.length - 1);
        data[position] ^= bytes1(uint8(bound(flip, 1, 255)));

        _call(data);

        uint256 free = _used(1) + _used(2);
        uint256 paid = _used(11) + _used(12);
        assertEq(settlement.nextSeq(), free + paid, "only what was signed");
        assertEq(settlement.tally(Tier.SIGNED), free + paid, "at the signed tier");
        assertEq(earned(1), paid * PRICE, "paid for what was paid for");
        assertHoldsNothing();
    }

    /// The upper bytes of a payer's word are no part of an address: no receipt settles with them set.
    function testFuzz_settle_aDirtyPayerIsRefused(uint96 dirt, bool paid) public {
        vm.assume(dirt != 0);
        address from = paid ? payer.addr : address(0);
        InferenceReceipt[] memory receipts = receiptsOf(1, 1, from, paid ? PRICE : 0, 1);
        Group memory group = signedGroup(receipts);
        bytes memory data = _encoded(one(group));
        // the receipts' array comes first behind the eight words of the group
        uint256 payerAt = 4 + 3 * 32 + 8 * 32 + 32 + 2 * 32;
        assertEq(_word(data, payerAt), uint256(uint160(from)), "the payer is there");
        _setWord(data, payerAt, uint256(dirt) << 160 | uint160(from));
        // the prover signs what the contract will hash
        bytes32 dirtyHash = _hashWithPayerWord(group, uint256(dirt) << 160 | uint160(from));
        bytes memory evidence = sign(prover, settlement.groupDigest(dirtyHash, SIGNED_ROUTE));
        _setBytes(data, group.evidence, evidence);

        (bool success, bytes memory output) = _call(data);

        assertTrue(success);
        GroupResult[] memory results = abi.decode(output, (GroupResult[]));
        assertEq(results[0].reason, abi.encodeWithSelector(ISettlement.MalformedGroup.selector), "reason");
        assertEq(settlement.nextSeq(), 0);
    }

    function testFuzz_settle_anUnknownSchemeNumberIsRefused(uint256 scheme) public {
        scheme = bound(scheme, 5, type(uint256).max);
        Group memory group = signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), upto(0, 1, payer, 1, PRICE, 1));
        bytes memory data = _encoded(one(group));
        // the payment's first word is the scheme; first 0, count 1 and the data's offset come behind
        bytes memory needle = abi.encode(uint256(1), uint256(0), uint256(1), uint256(0x80));
        _setWord(data, _find(data, needle), scheme);
        (, bytes memory output) = _call(data);
        GroupResult[] memory results = abi.decode(output, (GroupResult[]));
        assertEq(results[0].reason, abi.encodeWithSelector(ISettlement.MalformedGroup.selector), "reason");
    }

    function testFuzz_settle_paymentDataThatIsNoEncodingIsRefused(uint8 scheme, bytes calldata junk) public {
        Group memory group = signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), upto(0, 1, payer, 1, PRICE, 1));
        vm.assume(junk.length < 96);
        group.payments[0].scheme = PaymentScheme(bound(scheme, 1, 4));
        group.payments[0].data = junk;
        (, bytes memory output) = _call(_encoded(one(group)));
        GroupResult[] memory results = abi.decode(output, (GroupResult[]));
        assertEq(results[0].reason, abi.encodeWithSelector(ISettlement.MalformedGroup.selector), "reason");
        assertFalse(settlement.isNonceUsed(prover.addr, 1));
    }

    function testFuzz_settleGroup_isForSettlementOnly(address caller) public {
        vm.assume(caller != address(settlement));
        Group[] memory groups = _groups();
        vm.expectRevert(abi.encodeWithSelector(ISettlement.OnlySelf.selector, caller));
        vm.prank(caller);
        settlement.settleGroup(0, prover.addr, groups);
    }

    /* GAS */

    /// With any amount of gas a good batch settles in whole, or the transaction reverts for want of gas: no group and no
    /// receipt is ever refused for it.
    function testFuzz_settle_wantOfGasIsNobodysFault(uint256 gasLimit, uint8 kind) public {
        Group[] memory groups = _paidGroups(kind % 3);
        gasLimit = bound(gasLimit, 30_000, 1_800_000);
        vm.prank(prover.addr);
        try settlement.settle{gas: gasLimit}(groups) returns (GroupResult[] memory results) {
            assertEq(results[0].settled, 2, "first group");
            assertEq(results[1].settled, 1, "second group");
        } catch (bytes memory reason) {
            bool starved = reason.length == 0 || bytes4(reason) == ISettlement.NotEnoughGas.selector;
            assertTrue(starved, "for want of gas");
            assertEq(settlement.nextSeq(), 0, "nothing happened");
        }
    }

    /// Where gas ends matters most around the calls: step through the whole range there.
    function test_settle_wantOfGasInSmallSteps() public {
        Group[] memory groups = _paidGroups(1);
        uint256 state = vm.snapshotState();
        bool settled;
        for (uint256 gasLimit = 30_000; gasLimit < 1_200_000; gasLimit += 1_733) {
            vm.prank(prover.addr);
            try settlement.settle{gas: gasLimit}(groups) returns (GroupResult[] memory results) {
                assertEq(results[0].settled + results[1].settled, 3, "all of it");
                settled = true;
            } catch (bytes memory reason) {
                assertFalse(settled, "more gas never hurts");
                bool starved = reason.length == 0 || bytes4(reason) == ISettlement.NotEnoughGas.selector;
                assertTrue(starved, "for want of gas");
            }
            vm.revertToState(state);
        }
        assertTrue(settled, "the range reaches far enough");
    }

    /// Here the gas ends in the group's own frame, behind its calls, and enough is left to say something about it.
    function testFuzz_settle_wantOfGasInALongGroup(uint256 gasLimit) public {
        Group[] memory groups = one(signedGroup(receiptsOf(1, 200, address(0), 0, 1)));
        gasLimit = bound(gasLimit, 300_000, 1_400_000);
        vm.prank(prover.addr);
        try settlement.settle{gas: gasLimit}(groups) returns (GroupResult[] memory results) {
            assertEq(results[0].settled, 200, "all of it");
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), ISettlement.NotEnoughGas.selector, "for want of gas");
            (uint256 available, uint256 needed) = abi.decode(_tail(reason, 4), (uint256, uint256));
            assertLt(available, gasLimit, "it had less than the transaction");
            assertLt(available, needed, "and needs more than it had");
        }
    }

    function testFuzz_settle_malformedIsNotWantOfGas(uint256 gasLimit) public {
        Group[] memory groups = _paidGroups(0);
        groups[0].payments[0].data = hex"01";
        gasLimit = bound(gasLimit, 900_000, 30_000_000);
        vm.prank(prover.addr);
        GroupResult[] memory results = settlement.settle{gas: gasLimit}(groups);
        assertEq(results[0].reason, abi.encodeWithSelector(ISettlement.MalformedGroup.selector), "reason");
        assertEq(results[1].settled, 1, "neighbour");
    }

    /* PARTS */

    function _groups() private view returns (Group[] memory groups) {
        groups = new Group[](2);
        groups[0] = signedGroup(receiptsOf(1, 1, address(0), 0, 1));
        groups[1] = teeGroup(receiptsOf(2, 2, address(0), 0, 2));
    }

    function _paidGroups(uint8 kind) private returns (Group[] memory groups) {
        Payment memory payment = upto(0, 2, payer, 1, 2 * PRICE, 1);
        if (kind == 1) {
            openChannelOf(payer, 1);
            payment = voucher(0, 2, payer, channelOf(payer, 1), 2 * PRICE);
        }
        if (kind == 2) payment = exact(0, 2, payer, 1, 2 * PRICE, "nonce");
        groups = new Group[](2);
        groups[0] = signedGroup(receiptsOf(1, 2, payer.addr, PRICE, 1), payment);
        groups[1] = teeGroup(receiptsOf(5, 1, address(0), 0, 2));
    }

    function _encoded(Group[] memory groups) private pure returns (bytes memory) {
        return abi.encodeCall(ISettlement.settle, (groups));
    }

    function _call(bytes memory data) private returns (bool success, bytes memory output) {
        vm.prank(prover.addr);
        return address(settlement).call(data);
    }

    function _assertReverts(bytes memory data, bytes memory reason) private {
        (bool success, bytes memory output) = _call(data);
        assertFalse(success, "it went through");
        assertEq(output, reason, "reason");
    }

    function _used(uint64 nonce) private view returns (uint256) {
        return settlement.isNonceUsed(prover.addr, nonce) ? 1 : 0;
    }

    function _hashWithPayerWord(Group memory group, uint256 payerWord) private view returns (bytes32) {
        InferenceReceipt memory receipt = group.receipts[0];
        bytes memory data = abi.encodeCall(ISettlement.receiptHash, (group.modelId, group.prover, group.asset, receipt));
        _setWord(data, 4 + 5 * 32, payerWord);
        (bool success, bytes memory output) = address(settlement).staticcall(data);
        assertTrue(success, "hashed as it is");
        return bytes32(output);
    }

    /* BYTES */

    function _tail(bytes memory data, uint256 start) private pure returns (bytes memory tail) {
        tail = new bytes(data.length - start);
        for (uint256 i; i < tail.length; ++i) {
            tail[i] = data[start + i];
        }
    }

    function _word(bytes memory data, uint256 position) private pure returns (uint256 word) {
        assembly {
            word := mload(add(add(data, 0x20), position))
        }
    }

    function _setWord(bytes memory data, uint256 position, uint256 word) private pure {
        assembly {
            mstore(add(add(data, 0x20), position), word)
        }
    }

    function _setBytes(bytes memory data, bytes memory old, bytes memory replacement) private pure {
        uint256 position = _find(data, old);
        for (uint256 i; i < replacement.length; ++i) {
            data[position + i] = replacement[i];
        }
    }

    function _find(bytes memory data, bytes memory needle) private pure returns (uint256) {
        bytes32 wanted = keccak256(needle);
        uint256 length = needle.length;
        for (uint256 position; position + length <= data.length; ++position) {
            bytes32 found;
            assembly {
                found := keccak256(add(add(data, 0x20), position), length)
            }
            if (found == wanted) return position;
        }
        revert("not found");
    }
}
