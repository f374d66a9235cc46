// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {IPayAddress} from "../../contracts/interfaces/IPayAddress.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {ContractAccount} from "./base/ChannelTest.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// Payments of the x402 scheme `batch-settlement`: what a channel pays is what was verified, no more and no less.
contract SettlementChannelTest is PaymentTest {
    IX402BatchSettlement.ChannelConfig private channel;

    function setUp() public override {
        super.setUp();
        channel = openChannelOf(payer, 1);
    }

    function testFuzz_channel_claimsTheSum(uint8 count, uint96 amount, uint96 headroom) public {
        uint256 receipts = bound(count, 1, 12);
        amount = uint96(bound(amount, 1, 10_000_000));
        uint256 total = receipts * amount;
        Group memory group = _run(1, receipts, amount, uint128(total + headroom));

        assertAllSettled(group);

        assertEq(claimedOf(channel), total, "claimed");
        assertEq(earned(1), total, "pay address");
        assertEq(settlement.amountTally(address(usdc), Tier.SIGNED), total, "amount tally");
        _assertBooked(total);
    }

    function testFuzz_channel_claimsTheDeltaEachTime(uint96 first, uint96 second, bool sameVoucher) public {
        first = uint96(bound(first, 1, 1_000_000));
        second = uint96(bound(second, 1, 1_000_000));
        uint128 total = uint128(first) + second;
        assertAllSettled(_run(1, 1, first, sameVoucher ? total : first));
        assertEq(claimedOf(channel), first);
        assertAllSettled(_run(2, 1, second, total));
        assertEq(claimedOf(channel), total);
        assertEq(earned(1), total);
        _assertBooked(total);
    }

    function testFuzz_channel_oneGroupMayClaimTwice(uint96 first, uint96 second) public {
        first = uint96(bound(first, 1, 1_000_000));
        second = uint96(bound(second, 1, 1_000_000));
        InferenceReceipt[] memory receipts =
            two(receiptOf(1, payer.addr, first, 1), receiptOf(2, payer.addr, second, 1));
        Group memory group = signedGroup(receipts, voucher(0, 1, payer, channel, first));
        Payment memory payment = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (payment, voucher(1, 1, payer, channel, uint128(first) + second));
        assertAllSettled(group);
        assertEq(claimedOf(channel), uint256(first) + second);
        assertEq(earned(1), uint256(first) + second);
    }

    function testFuzz_channel_refusesMoreThanTheVoucherAllows(uint96 missing) public {
        missing = uint96(bound(missing, 1, 3 * PRICE));
        uint128 maximum = 3 * PRICE - missing;
        assertAllSkipped(
            _run(1, 3, PRICE, maximum),
            abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, 3 * PRICE, maximum)
        );
        assertEq(claimedOf(channel), 0, "nothing claimed");
    }

    function testFuzz_channel_anOldVoucherPaysNothing(uint96 amount) public {
        amount = uint96(bound(amount, 1, PRICE));
        assertAllSettled(_run(1, 1, PRICE, PRICE));
        assertAllSkipped(
            _run(2, 1, amount, PRICE),
            abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, uint256(PRICE) + amount, PRICE)
        );
        assertEq(claimedOf(channel), PRICE);
    }

    function testFuzz_channel_refusesAWrongSigner(uint256 key) public {
        key = bound(key, 1, 1 << 250);
        Vm.Wallet memory other = vm.createWallet(key);
        vm.assume(other.addr != payer.addr);
        Group memory group = signedGroup(receiptsOf(1, 2, payer.addr, PRICE, 1), voucher(0, 2, other, channel, 9_000));
        assertAllSkipped(group, paymentFailed(abi.encodePacked(IX402BatchSettlement.InvalidSignature.selector)));
    }

    function testFuzz_channel_mustBeTheReceipts(uint8 field) public {
        field = uint8(bound(field, 0, 3));
        IX402BatchSettlement.ChannelConfig memory other = channel;
        if (field == 0) other.payer = relayer;
        if (field == 1) other.token = address(this);
        if (field == 2) other.receiver = payAddress(2);
        if (field == 3) other.receiverAuthorizer = prover.addr;
        Group memory group = signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), voucher(0, 1, payer, other, PRICE));
        assertAllSkipped(group, abi.encodeWithSelector(ISettlement.ChannelMismatch.selector));
    }

    function test_channel_beyondItsBalanceIsRefused() public {
        Group memory group = _run(1, 1, uint96(CHANNEL_FUNDS + 1), CHANNEL_FUNDS + 1);
        assertAllSkipped(group, paymentFailed(abi.encodePacked(IX402BatchSettlement.ClaimExceedsBalance.selector)));
        assertAllSettled(_run(1, 1, uint96(CHANNEL_FUNDS), CHANNEL_FUNDS));
    }

    function testFuzz_channel_aWithdrawalEndsItOnlyAfterItsDelay(uint32 time) public {
        time = uint32(bound(time, 0, 3 days));
        vm.prank(payer.addr);
        BATCH.initiateWithdraw(channel, CHANNEL_FUNDS);
        vm.warp(block.timestamp + time);
        bool over = time >= channel.withdrawDelay;
        if (over) {
            vm.prank(payer.addr);
            BATCH.finalizeWithdraw(channel);
        }
        Group memory group = _run(1, 1, PRICE, PRICE);
        if (over) {
            assertAllSkipped(group, paymentFailed(abi.encodePacked(IX402BatchSettlement.ClaimExceedsBalance.selector)));
        } else {
            assertAllSettled(group);
        }
    }

    function testFuzz_channel_nobodyElseClaims(address caller, uint128 amount) public {
        vm.assume(caller != address(settlement) && caller != payAddress(1));
        amount = uint128(bound(amount, 1, CHANNEL_FUNDS));
        IX402BatchSettlement.VoucherClaim[] memory rows = new IX402BatchSettlement.VoucherClaim[](1);
        rows[0] = claimRow(payer, channel, amount, amount);
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToClaim.selector);
        vm.prank(caller);
        BATCH.claim(rows);
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToRefund.selector);
        vm.prank(caller);
        BATCH.refund(channel, amount);
    }

    function testFuzz_channel_nobodySignsForSettlement(uint256 key, uint128 amount) public {
        Vm.Wallet memory signer = vm.createWallet(bound(key, 1, 1 << 250));
        amount = uint128(bound(amount, 1, CHANNEL_FUNDS));
        IX402BatchSettlement.VoucherClaim[] memory rows = new IX402BatchSettlement.VoucherClaim[](1);
        rows[0] = claimRow(payer, channel, amount, amount);
        bytes memory signature = sign(signer, claimBatchDigest(rows));
        vm.expectRevert(IX402BatchSettlement.InvalidSignature.selector);
        BATCH.claimWithSignature(rows, signature);
        bytes memory refundSignature = sign(signer, keccak256("refund"));
        vm.expectRevert(IX402BatchSettlement.InvalidSignature.selector);
        BATCH.refundWithSignature(channel, amount, 0, refundSignature);
    }

    function test_channel_theProverCannotClaimThroughItsPayAddress() public {
        payAddresses.deploy(prover.addr, 1);
        IPayAddress payTo = IPayAddress(payAddress(1));
        vm.expectRevert(); // the channels' contract is no token: it has no `transfer`
        vm.prank(prover.addr);
        payTo.withdraw(address(BATCH), prover.addr, 1);
        assertEq(claimedOf(channel), 0);
    }

    function test_channel_ofAContractAccount() public {
        ContractAccount account = new ContractAccount(payer.addr);
        IX402BatchSettlement.ChannelConfig memory config =
            channelConfig(address(account), payAddress(1), address(settlement), usdc);
        mint(usdc, address(account), PRICE);
        BATCH.deposit(config, PRICE, ERC3009_COLLECTOR, depositData(payer, config, PRICE, 77));
        assertAllSettled(signedGroup(receiptsOf(1, 1, address(account), PRICE, 1), voucher(0, 1, payer, config, PRICE)));
    }

    /// Anybody can fund a channel in the payer's name; only the payer's own vouchers may name it in an event.
    function testFuzz_channel_refusesVouchersOfAnotherKey(uint96 amount, address signer) public {
        vm.assume(signer != payer.addr && signer != address(0));
        amount = uint96(bound(amount, 1, 1_000_000));
        Vm.Wallet memory key = vm.createWallet("a key of somebody else");
        IX402BatchSettlement.ChannelConfig memory config = channelOf(payer, 1);
        config.payerAuthorizer = key.addr;
        openChannel(payer, config, CHANNEL_FUNDS);
        bytes memory mismatch = abi.encodeWithSelector(ISettlement.ChannelMismatch.selector);
        InferenceReceipt[] memory receipts = receiptsOf(1, 1, payer.addr, amount, 1);
        assertAllSkipped(signedGroup(receipts, voucher(0, 1, key, config, amount)), mismatch);
        config.payerAuthorizer = signer;
        assertAllSkipped(signedGroup(receipts, voucher(0, 1, payer, config, amount)), mismatch);
        assertEq(claimedOf(config), 0, "nothing claimed");
    }

    function test_channel_whereX402HasNoChannelsRefusesThatPaymentOnly() public {
        InferenceReceipt[] memory receipts = two(receiptOf(1, payer.addr, PRICE, 1), receiptOf(2, payer.addr, PRICE, 1));
        Group memory group = signedGroup(receipts, voucher(0, 1, payer, channel, PRICE));
        Payment memory first = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (first, upto(1, 1, payer, 1, PRICE, 1));
        vm.etch(address(BATCH), "");
        expectReceiptSkipped(group, 0, abi.encodeWithSelector(ISettlement.PaymentFailed.selector, ""));
        assertEq(settleOne(group).settled, 1, "the other payment");
    }

    /// One group with channels of two payers and two floors: each pay address gets its own.
    function testFuzz_channel_severalInOneGroup(uint96 first, uint96 second) public {
        first = uint96(bound(first, 1, 1_000_000));
        second = uint96(bound(second, 1, 1_000_000));
        Vm.Wallet memory other = vm.createWallet("other payer");
        IX402BatchSettlement.ChannelConfig memory strong = openChannelOf(other, 2);
        Group memory group = signedGroup(
            two(receiptOf(1, payer.addr, first, 1), receiptOf(2, other.addr, second, 2)),
            voucher(0, 1, payer, channel, first)
        );
        Payment memory payment = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (payment, voucher(1, 1, other, strong, second));
        group.route = TEE_ROUTE;
        group.evidence = sign(enclave, digestOf(group));

        assertAllSettled(group);

        assertEq(earned(1), first);
        assertEq(earned(2), second);
        assertEq(settlement.amountTally(address(usdc), Tier.TEE), uint256(first) + second);
    }

    /// The token refuses the pay address: that is between it and the prover, and blocks no settlement.
    function test_channel_aPayAddressThatCannotReceiveBlocksNothing() public {
        address target = payAddress(1);
        vm.prank(TOKEN_ADMIN);
        usdc.blacklist(target);
        assertAllSettled(_run(1, 2, PRICE, 2 * PRICE));

        vm.expectRevert();
        BATCH.settle(target, address(usdc));
        vm.prank(TOKEN_ADMIN);
        usdc.unBlacklist(target);
        _assertBooked(2 * PRICE);
    }

    function _run(uint64 firstNonce, uint256 count, uint96 amount, uint128 maximum)
        private
        view
        returns (Group memory)
    {
        return signedGroup(
            receiptsOf(firstNonce, count, payer.addr, amount, 1), voucher(0, uint32(count), payer, channel, maximum)
        );
    }

    /// x402's contract holds it for the pay address, and anybody has it sent there.
    function _assertBooked(uint256 total) private {
        (uint128 claimed, uint128 settled) = BATCH.receivers(payAddress(1), address(usdc));
        assertEq(claimed, total, "claimed for the pay address");
        assertEq(settled, 0, "nothing is sent yet");
        vm.prank(relayer);
        BATCH.settle(payAddress(1), address(usdc));
        assertEq(usdc.balanceOf(payAddress(1)), total, "sent");
    }
}
