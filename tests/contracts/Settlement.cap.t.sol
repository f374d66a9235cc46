// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {VerdictTest} from "./base/VerdictTest.sol";

/// How much the key behind the evidence may back in total: a key that was extracted does bounded harm.
contract SettlementCapTest is VerdictTest {
    bytes32 private constant KEY = "key";
    uint256 private constant FUNDS = 1_000_000;

    uint64 private _nextNonce = 1;

    function testFuzz_cap_isReachedButNotPassed(uint256 cap, uint256 first, uint256 above) public {
        cap = bound(cap, 2, FUNDS / 2);
        first = bound(first, 1, cap - 1);
        verifier.say(0, KEY, cap);
        assertAllSettled(_paid(first));
        assertEq(settlement.backedAmount(KEY, address(usdc)), first, "backed at first");
        assertAllSettled(_paid(cap - first));
        assertEq(settlement.backedAmount(KEY, address(usdc)), cap, "backed");

        _assertBeyond(_paid(1), KEY, cap + 1, cap);
        above = bound(above, 1, FUNDS - cap);
        _assertBeyond(_paid(above), KEY, cap + above, cap);
    }

    function testFuzz_cap_boundsAllSchemesTogether(uint256 cap, uint256 spent) public {
        cap = bound(cap, 3, 1_000);
        spent = bound(spent, 1, cap - 2);
        IX402BatchSettlement.ChannelConfig memory channel = _openChannel();
        verifier.say(0, KEY, cap);
        assertAllSettled(_judged(spent, voucher(0, 1, payer, channel, uint128(spent))));
        assertAllSettled(_judged(1, exact(0, 1, payer, 1, 1, "nonce")));

        Group memory group = _judged(cap - spent, voucher(0, 1, payer, channel, uint128(cap)));
        _assertBeyond(group, KEY, cap + 1, cap);
        assertEq(claimedOf(channel), spent, "claimed");
        assertAllSettled(_judged(cap - spent - 1, voucher(0, 1, payer, channel, uint128(cap))));
    }

    function testFuzz_cap_doesNotCountFreeReceipts(uint8 count) public {
        verifier.say(0, KEY, 0);
        assertAllSettled(judgedGroup(receiptsOf(100, bound(count, 1, 40), address(0), 0, 1), noPayment()));
        assertEq(settlement.backedAmount(KEY, address(usdc)), 0);
        _assertBeyond(_paid(1), KEY, 1, 0);
    }

    /// A payment that is refused backs nothing: the group's other receipts settle up to the cap.
    function testFuzz_cap_doesNotCountSkippedReceipts(uint96 amount) public {
        amount = uint96(bound(amount, 1, FUNDS));
        verifier.say(0, KEY, amount);
        InferenceReceipt[] memory receipts = receiptsOf(1, 2, payer.addr, amount, 1);
        Group memory group = judgedGroup(receipts, upto(0, 1, payer, 1, amount, 1));
        Payment memory refused = upto(1, 1, payer, 2, amount, 2); // another pay address
        Payment memory accepted = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (accepted, refused);

        GroupResult memory result = settleOne(group);

        assertEq(result.reason, "");
        assertEq(result.settled, 1);
        assertEq(settlement.backedAmount(KEY, address(usdc)), amount);
    }

    function testFuzz_cap_isPerAsset(uint256 cap) public {
        cap = bound(cap, 1, FUNDS);
        address first = address(usdc);
        verifier.say(0, KEY, cap);
        assertAllSettled(_paid(cap));

        usdc = deployFiatToken();
        fund(payer, FUNDS);
        assertEq(settlement.backedAmount(KEY, address(usdc)), 0, "other asset");
        assertAllSettled(_paid(cap));
        assertEq(settlement.backedAmount(KEY, address(usdc)), cap);
        assertEq(settlement.backedAmount(KEY, first), cap);
    }

    function testFuzz_cap_isPerKey(uint256 cap, bytes32 other) public {
        vm.assume(other != KEY && other != 0);
        cap = bound(cap, 1, FUNDS / 2 - 1);
        verifier.say(0, KEY, cap);
        assertAllSettled(_paid(cap));
        verifier.say(0, other, cap);
        assertEq(settlement.backedAmount(other, address(usdc)), 0, "other key");
        assertAllSettled(_paid(cap));
        _assertBeyond(_paid(1), other, cap + 1, cap);
    }

    function testFuzz_cap_belowWhatIsBackedStopsPaidGroupsOnly(uint256 backed, uint256 cap) public {
        backed = bound(backed, 1, FUNDS / 2);
        cap = bound(cap, 0, backed);
        verifier.say(0, KEY, type(uint256).max);
        assertAllSettled(_paid(backed));
        verifier.say(0, KEY, cap);
        _assertBeyond(_paid(1), KEY, backed + 1, cap);
        assertAllSettled(judgedGroup(receiptsOf(100, 2, address(0), 0, 1), noPayment()));
        verifier.say(0, KEY, backed + 1);
        assertAllSettled(_paid(1));
    }

    function testFuzz_cap_needsAKey(uint256 cap) public {
        verifier.say(0, 0, bound(cap, 0, 9));
        assertAllSettled(_paid(10));
        assertEq(settlement.backedAmount(0, address(usdc)), 0);
    }

    /// However many receipts and payments the group has.
    function test_cap_takesOneWriteAGroup() public {
        assertEq(_writesOf(KEY, 10) - _writesOf(0, 20), 1);
    }

    /// With a real key and the cap of the model's owner.
    function testFuzz_cap_ofTheModelHoldsForItsEnclaves(uint128 cap) public {
        cap = uint128(bound(cap, 0, PRICE - 1));
        bytes32 key = keyOf(enclave);
        vm.startPrank(prover.addr);
        models.setValueCap(modelId, address(usdc), PRICE);
        vm.stopPrank();
        assertAllSettled(teeGroup(one(paidReceipt(Tier.TEE))));
        assertEq(settlement.backedAmount(key, address(usdc)), PRICE);
        _assertBeyond(teeGroup(one(paidReceipt(Tier.TEE, 1))), key, PRICE + 1, PRICE);

        vm.prank(prover.addr);
        models.setValueCap(modelId, address(usdc), cap);
        _assertBeyond(teeGroup(one(paidReceipt(Tier.TEE, 1))), key, PRICE + 1, cap);
        assertAllSettled(signedGroup(one(paidReceipt(Tier.SIGNED, 1)))); // no key, no cap
        vm.prank(prover.addr);
        models.setValueCap(modelId, address(usdc), PRICE + 1);
        assertAllSettled(teeGroup(one(paidReceipt(Tier.TEE, 1))));
    }

    /// Writes to Settlement's storage by a group of six inferences with two payments.
    function _writesOf(bytes32 key, uint64 nonce) private returns (uint256) {
        verifier.say(0, key, type(uint256).max);
        Group memory group =
            judgedGroup(receiptsOf(nonce, 6, payer.addr, 10, 1), upto(0, 3, payer, 1, 30, uint256(nonce)));
        Payment memory first = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (first, upto(3, 3, payer, 1, 30, uint256(nonce) + 1));
        vm.record();
        assertAllSettled(group);
        (, bytes32[] memory writes) = vm.accesses(address(settlement));
        return writes.length;
    }

    function _openChannel() private returns (IX402BatchSettlement.ChannelConfig memory) {
        fund(payer, CHANNEL_FUNDS);
        return openChannelOf(payer, 1);
    }

    function _paid(uint256 amount) private returns (Group memory) {
        return _judged(amount, upto(0, 1, payer, 1, amount, _nextNonce));
    }

    function _judged(uint256 amount, Payment memory payment) private returns (Group memory) {
        return judgedGroup(one(receiptOf(_nextNonce++, payer.addr, uint96(amount), 1)), payment);
    }

    /// The group is refused for the cap, and leaves nothing behind.
    function _assertBeyond(Group memory group, bytes32 key, uint256 total, uint256 cap) private {
        uint256 backed = settlement.backedAmount(key, group.asset);
        uint256 counted = settlement.amountTally(group.asset, Tier.TEE);
        uint256 paid = earned(1) + earned(2);
        assertGroupRefused(
            group, abi.encodeWithSelector(ISettlement.ValueCapExceeded.selector, key, group.asset, total, cap)
        );
        assertEq(settlement.backedAmount(key, group.asset), backed, "backed");
        assertEq(settlement.amountTally(group.asset, Tier.TEE), counted, "amount tally");
        assertEq(settlement.tally(Tier.TEE), settlement.modelTally(modelId, Tier.TEE), "tallies");
        assertEq(earned(1) + earned(2), paid, "pay addresses");
        assertFalse(settlement.isNonceUsed(prover.addr, group.receipts[0].terms.nonce()), "nonce");
        assertEq(settlement.settledGroup(rootOf(group)).count, 0, "root");
    }
}
