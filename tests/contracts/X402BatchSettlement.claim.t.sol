// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Test.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ChannelTest, ContractAccount} from "./base/ChannelTest.sol";

/// @dev Pins claims and settling of the stand-in to the published facts of x402's channels.
contract X402BatchSettlementClaimTest is ChannelTest {
    bytes internal constant NO_SIGNATURE = "";

    function testFuzz_claim_recordsTheTotal(uint128 first, uint128 second, bool byAuthorizer) public {
        first = boundAmount(first, 1, FUNDS - 1);
        second = boundAmount(second, first + 1, FUNDS);
        claimTotal(first);

        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, FUNDS, second));
        address caller = byAuthorizer ? authorizer.addr : receiver;
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Claimed(channelId, caller, second - first, second);
        vm.prank(caller);
        BATCH.claim(rows);

        assertChannel(FUNDS, second);
        (uint128 totalClaimed, uint128 totalSettled) = BATCH.receivers(receiver, address(usdc));
        assertEq(totalClaimed, second);
        assertEq(totalSettled, 0);
        assertEq(usdc.balanceOf(address(BATCH)), FUNDS, "no tokens move");
    }

    function testFuzz_claim_skips_whenTotalIsNotHigher(uint128 recorded, uint128 again) public {
        recorded = boundAmount(recorded, 1, FUNDS);
        again = boundAmount(again, 0, recorded);
        claimTotal(recorded);

        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, again, again));
        rows[0].signature = NO_SIGNATURE;
        vm.recordLogs();
        vm.prank(receiver);
        BATCH.claim(rows);

        assertEq(vm.getRecordedLogs().length, 0);
        assertChannel(FUNDS, recorded);
    }

    function testFuzz_claim_mixesPayers(uint128 first, uint128 second) public {
        first = boundAmount(first, 1, FUNDS);
        second = boundAmount(second, 1, FUNDS);
        Vm.Wallet memory other = vm.createWallet("other payer");
        IX402BatchSettlement.ChannelConfig memory otherConfig =
            channelConfig(other.addr, receiver, authorizer.addr, usdc);
        openChannel(other, otherConfig, FUNDS);

        IX402BatchSettlement.VoucherClaim[] memory rows =
            two(claimRow(payer, config, first, first), claimRow(other, otherConfig, second, second));
        vm.prank(receiver);
        BATCH.claim(rows);

        assertChannel(FUNDS, first);
        (, uint128 otherClaimed) = BATCH.channels(channelIdOf(otherConfig));
        assertEq(otherClaimed, second);
        (uint128 totalClaimed,) = BATCH.receivers(receiver, address(usdc));
        assertEq(totalClaimed, first + second);
    }

    function testFuzz_claim_reverts_whenCallerIsOfNoReceiverSide(address caller) public {
        vm.assume(caller != receiver && caller != authorizer.addr);
        _expectClaimRefused(IX402BatchSettlement.NotAuthorizedToClaim.selector, caller, claimRow(payer, config, 1, 1));
    }

    function testFuzz_claim_reverts_whenOneRowIsOfAnotherReceiver(address other) public {
        vm.assume(other != receiver && other != address(0));
        IX402BatchSettlement.ChannelConfig memory foreign = channelConfig(payer.addr, other, other, usdc);
        IX402BatchSettlement.VoucherClaim[] memory rows =
            two(claimRow(payer, config, 1, 1), claimRow(payer, foreign, 0, 0));
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToClaim.selector);
        vm.prank(receiver);
        BATCH.claim(rows);
    }

    function test_claim_reverts_whenEmpty() public {
        vm.expectRevert(IX402BatchSettlement.EmptyBatch.selector);
        BATCH.claim(new IX402BatchSettlement.VoucherClaim[](0));
        vm.expectRevert(IX402BatchSettlement.EmptyBatch.selector);
        BATCH.claimWithSignature(new IX402BatchSettlement.VoucherClaim[](0), NO_SIGNATURE);
    }

    function testFuzz_claim_reverts_whenAboveTheVoucher(uint128 max, uint128 total) public {
        max = boundAmount(max, 0, FUNDS - 1);
        total = boundAmount(total, max + 1, FUNDS);
        bytes4 reason = IX402BatchSettlement.ClaimExceedsCeiling.selector;
        _expectClaimRefused(reason, receiver, claimRow(payer, config, max, total));
    }

    function testFuzz_claim_reverts_whenAboveTheBalance(uint128 total) public {
        total = boundAmount(total, FUNDS + 1, type(uint128).max);
        bytes4 reason = IX402BatchSettlement.ClaimExceedsBalance.selector;
        _expectClaimRefused(reason, receiver, claimRow(payer, config, total, total));
        claimTotal(FUNDS);
    }

    function testFuzz_claim_reverts_whenSignerIsNotThePayer(uint256 key) public {
        Vm.Wallet memory other = _otherWallet(key);
        bytes4 reason = IX402BatchSettlement.InvalidSignature.selector;
        _expectClaimRefused(reason, receiver, claimRow(other, config, 1, 1));
    }

    function testFuzz_claim_reverts_whenMaximumIsNotTheSignedOne(uint128 max) public {
        max = boundAmount(max, 1, type(uint128).max - 1);
        IX402BatchSettlement.VoucherClaim memory row = claimRow(payer, config, max, 1);
        row.voucher.maxClaimableAmount = max + 1;
        _expectClaimRefused(IX402BatchSettlement.InvalidSignature.selector, receiver, row);
    }

    function testFuzz_claim_reverts_whenVoucherIsOfAnotherChannel(bytes32 salt) public {
        vm.assume(salt != config.salt);
        IX402BatchSettlement.ChannelConfig memory other = config;
        other.salt = salt;
        IX402BatchSettlement.VoucherClaim memory row = claimRow(payer, config, 1, 1);
        row.signature = signVoucher(payer, channelIdOf(other), 1);
        _expectClaimRefused(IX402BatchSettlement.InvalidSignature.selector, receiver, row);
    }

    function testFuzz_claim_asksThePayersContract(uint128 total) public {
        total = boundAmount(total, 1, FUNDS);
        config.payer = address(new ContractAccount(payer.addr));
        channelId = openChannel(payer, config, FUNDS);
        claimTotal(total);
        assertChannel(FUNDS, total);
    }

    function testFuzz_claim_takesOnlyThePayerAuthorizer(uint256 key) public {
        Vm.Wallet memory signer = _otherWallet(key);
        config.payerAuthorizer = signer.addr;
        channelId = openChannel(payer, config, FUNDS);
        bytes4 reason = IX402BatchSettlement.InvalidSignature.selector;
        _expectClaimRefused(reason, receiver, claimRow(payer, config, 1, 1));

        payer = signer;
        claimTotal(1);
        assertChannel(FUNDS, 1);
    }

    function testFuzz_claim_reverts_whenPayerAuthorizerIsAContract(uint256 key) public {
        Vm.Wallet memory signer = _otherWallet(key);
        config.payerAuthorizer = address(new ContractAccount(signer.addr));
        openChannel(payer, config, FUNDS);
        bytes4 reason = IX402BatchSettlement.InvalidSignature.selector;
        _expectClaimRefused(reason, receiver, claimRow(signer, config, 1, 1));
    }

    /* CLAIMS WITH A SIGNATURE */

    function testFuzz_claimWithSignature_isRelayed(uint128 total, address relayer, bool byContract) public {
        total = boundAmount(total, 1, FUNDS);
        if (byContract) {
            config.receiverAuthorizer = address(new ContractAccount(authorizer.addr));
            channelId = openChannel(payer, config, FUNDS);
        }
        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, FUNDS, total));
        bytes memory signature = signDigest(authorizer, claimBatchDigest(rows));

        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Claimed(channelId, relayer, total, total);
        vm.prank(relayer);
        BATCH.claimWithSignature(rows, signature);
        assertChannel(FUNDS, total);
    }

    function testFuzz_claimWithSignature_reverts_whenRowsAreNotTheSignedOnes(uint128 signed, uint128 total) public {
        signed = boundAmount(signed, 1, FUNDS);
        total = boundAmount(total, 1, FUNDS);
        vm.assume(signed != total);
        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, FUNDS, signed));
        bytes memory signature = signDigest(authorizer, claimBatchDigest(rows));
        rows[0].totalClaimed = total;
        vm.expectRevert(IX402BatchSettlement.InvalidSignature.selector);
        BATCH.claimWithSignature(rows, signature);
    }

    function testFuzz_claimWithSignature_reverts_whenAuthorizersDiffer(address other) public {
        vm.assume(other != authorizer.addr);
        IX402BatchSettlement.ChannelConfig memory otherConfig = channelConfig(payer.addr, receiver, other, usdc);
        IX402BatchSettlement.VoucherClaim[] memory rows =
            two(claimRow(payer, config, 1, 1), claimRow(payer, otherConfig, 0, 0));
        bytes memory signature = signDigest(authorizer, claimBatchDigest(rows));
        vm.expectRevert(IX402BatchSettlement.NotReceiverAuthorizer.selector);
        BATCH.claimWithSignature(rows, signature);
    }

    function testFuzz_claimWithSignature_stillNeedsTheVoucher(uint128 total) public {
        total = boundAmount(total, 1, FUNDS);
        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(authorizer, config, total, total));
        bytes memory signature = signDigest(authorizer, claimBatchDigest(rows));
        vm.expectRevert(IX402BatchSettlement.InvalidSignature.selector);
        BATCH.claimWithSignature(rows, signature);
    }

    /* SETTLING */

    function testFuzz_settle_paysWhatWasClaimedSince(uint128 first, uint128 second, address caller) public {
        first = boundAmount(first, 1, FUNDS - 1);
        second = boundAmount(second, first + 1, FUNDS);
        claimTotal(first);
        _expectSettled(first, caller);
        claimTotal(second);
        _expectSettled(second - first, caller);

        assertEq(usdc.balanceOf(receiver), second);
        (uint128 totalClaimed, uint128 totalSettled) = BATCH.receivers(receiver, address(usdc));
        assertEq(totalClaimed, second);
        assertEq(totalSettled, second);
    }

    function testFuzz_settle_isSilent_whenNothingIsOwed(address anyReceiver) public {
        vm.recordLogs();
        BATCH.settle(anyReceiver, address(usdc));
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(usdc.balanceOf(address(BATCH)), FUNDS);
    }

    function _expectSettled(uint128 amount, address caller) private {
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Settled(receiver, address(usdc), caller, amount);
        vm.prank(caller);
        BATCH.settle(receiver, address(usdc));
    }

    function _expectClaimRefused(bytes4 reason, address caller, IX402BatchSettlement.VoucherClaim memory row) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        BATCH.claim(one(row));
    }

    function _otherWallet(uint256 key) private returns (Vm.Wallet memory) {
        key = boundPrivateKey(key);
        vm.assume(key != payer.privateKey);
        return vm.createWallet(key);
    }
}
