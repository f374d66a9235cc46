// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Vm} from "forge-std/Test.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ChannelTest, ContractAccount} from "./base/ChannelTest.sol";

/// @dev Pins the two ways out of a channel, withdrawal and refund, to the published facts of x402's channels.
contract X402BatchSettlementExitTest is ChannelTest {
    /* WITHDRAWALS */

    function testFuzz_withdraw_paysThePayer(uint128 amount, bool byAuthorizer) public {
        config.payerAuthorizer = stranger;
        channelId = openChannel(payer, config, FUNDS);
        amount = boundAmount(amount, 1, FUNDS);
        address caller = byAuthorizer ? stranger : payer.addr;

        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.WithdrawInitiated(channelId, amount, uint40(block.timestamp + 1 days));
        vm.prank(caller);
        BATCH.initiateWithdraw(config, amount);
        _assertPending(amount, uint40(block.timestamp));

        skip(1 days);
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.WithdrawFinalized(channelId, caller, amount);
        _finalizeAs(caller);

        _assertPending(0, 0);
        assertChannel(FUNDS - amount, 0);
        assertEq(usdc.balanceOf(payer.addr), amount);
    }

    function testFuzz_withdraw_leavesWhatIsClaimedInTime(uint128 claimed) public {
        claimed = boundAmount(claimed, 1, FUNDS);
        _initiate(FUNDS);
        skip(1 days);
        claimTotal(claimed);
        _finalizeAs(payer.addr);

        assertChannel(claimed, claimed);
        assertEq(usdc.balanceOf(payer.addr), FUNDS - claimed);
        BATCH.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), claimed);
    }

    function testFuzz_withdraw_leavesLaterClaimsWithoutFunds(uint128 amount, uint128 claimed) public {
        amount = boundAmount(amount, 1, FUNDS);
        claimed = boundAmount(claimed, FUNDS - amount + 1, FUNDS);
        _initiate(amount);
        skip(1 days);
        _finalizeAs(payer.addr);

        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, claimed, claimed));
        vm.expectRevert(IX402BatchSettlement.ClaimExceedsBalance.selector);
        vm.prank(receiver);
        BATCH.claim(rows);
    }

    function testFuzz_withdraw_closesAChannelWithoutClaims(uint128 amount) public {
        amount = boundAmount(amount, 1, FUNDS);
        _initiate(amount);
        skip(1 days);
        if (amount == FUNDS) _expectClosed();
        _finalizeAs(payer.addr);

        uint128 rest = FUNDS - amount;
        if (rest != 0) {
            _initiate(rest);
            skip(1 days);
            _expectClosed();
            _finalizeAs(payer.addr);
        }
        bytes memory data = depositData(payer, config, FUNDS, 7);
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.ChannelCreated(channelId, config);
        BATCH.deposit(config, FUNDS, ERC3009_COLLECTOR, data);
    }

    function testFuzz_finalize_reverts_beforeTheDelay(uint40 delay, uint40 waited) public {
        config.withdrawDelay = uint40(bound(delay, 15 minutes, 30 days));
        channelId = openChannel(payer, config, FUNDS);
        _initiate(FUNDS);
        uint256 start = block.timestamp;
        vm.warp(start + bound(waited, 0, config.withdrawDelay - 1));
        vm.expectRevert(IX402BatchSettlement.WithdrawDelayNotElapsed.selector);
        _finalizeAs(payer.addr);

        vm.warp(start + config.withdrawDelay);
        _finalizeAs(payer.addr);
    }

    function test_finalize_reverts_whenNothingIsPending() public {
        vm.expectRevert(IX402BatchSettlement.WithdrawalNotPending.selector);
        _finalizeAs(payer.addr);
    }

    function testFuzz_withdraw_reverts_whenCallerIsNotThePayersSide(address caller) public {
        vm.assume(caller != payer.addr && caller != address(0));
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToInitiateWithdraw.selector);
        vm.prank(caller);
        BATCH.initiateWithdraw(config, FUNDS);

        _initiate(FUNDS);
        skip(1 days);
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToFinalizeWithdraw.selector);
        _finalizeAs(caller);
    }

    function testFuzz_initiate_reverts_whenAboveWhatIsUnclaimed(uint128 claimed, uint128 amount) public {
        claimed = boundAmount(claimed, 1, FUNDS);
        amount = boundAmount(amount, FUNDS - claimed + 1, type(uint128).max);
        claimTotal(claimed);
        vm.expectRevert(IX402BatchSettlement.WithdrawAmountExceedsAvailable.selector);
        _initiate(amount);
    }

    function test_initiate_reverts_whenAmountIsZero() public {
        vm.expectRevert(IX402BatchSettlement.NothingToWithdraw.selector);
        _initiate(0);
    }

    function testFuzz_initiate_reverts_whenPending(uint128 first, uint128 second) public {
        _initiate(boundAmount(first, 1, FUNDS));
        vm.expectRevert(IX402BatchSettlement.WithdrawalAlreadyPending.selector);
        _initiate(boundAmount(second, 1, FUNDS));
    }

    /* REFUNDS */

    function testFuzz_refund_givesBackWhatIsUnclaimed(uint128 claimed, uint128 amount, bool byAuthorizer) public {
        claimed = boundAmount(claimed, 0, FUNDS - 1);
        amount = boundAmount(amount, 1, type(uint128).max);
        if (claimed != 0) claimTotal(claimed);
        uint128 refunded = amount < FUNDS - claimed ? amount : FUNDS - claimed;
        address caller = byAuthorizer ? authorizer.addr : receiver;

        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Refunded(channelId, caller, refunded);
        if (refunded == FUNDS) _expectClosed();
        vm.prank(caller);
        BATCH.refund(config, amount);

        assertChannel(FUNDS - refunded, claimed);
        assertEq(usdc.balanceOf(payer.addr), refunded);
        assertEq(BATCH.refundNonce(channelId), 1);
    }

    function testFuzz_refund_onlyAdvancesTheNonce_whenAllIsClaimed(uint128 amount) public {
        amount = boundAmount(amount, 1, type(uint128).max);
        claimTotal(FUNDS);
        vm.recordLogs();
        vm.prank(receiver);
        BATCH.refund(config, amount);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(BATCH.refundNonce(channelId), 1);
        assertChannel(FUNDS, FUNDS);
    }

    function testFuzz_refund_lowersThePendingWithdrawal(uint128 pending, uint128 amount) public {
        pending = boundAmount(pending, 1, FUNDS);
        amount = boundAmount(amount, 1, FUNDS);
        _initiate(pending);
        vm.prank(receiver);
        BATCH.refund(config, amount);
        if (amount < pending) _assertPending(pending - amount, uint40(block.timestamp));
        else _assertPending(0, 0);
    }

    function testFuzz_refund_reverts_whenCallerIsNotTheReceiversSide(address caller) public {
        vm.assume(caller != receiver && caller != authorizer.addr);
        vm.expectRevert(IX402BatchSettlement.NotAuthorizedToRefund.selector);
        vm.prank(caller);
        BATCH.refund(config, 1);
    }

    function test_refund_reverts_whenAmountIsZero() public {
        vm.expectRevert(IX402BatchSettlement.ZeroRefund.selector);
        vm.prank(receiver);
        BATCH.refund(config, 0);
    }

    function testFuzz_refundWithSignature_isRelayedOnce(uint128 amount, address relayer, bool byContract) public {
        amount = boundAmount(amount, 1, FUNDS);
        if (byContract) {
            config.receiverAuthorizer = address(new ContractAccount(authorizer.addr));
            channelId = openChannel(payer, config, FUNDS);
        }
        bytes memory signature = _signRefund(authorizer, 0, amount);
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Refunded(channelId, relayer, amount);
        vm.prank(relayer);
        BATCH.refundWithSignature(config, amount, 0, signature);
        assertEq(usdc.balanceOf(payer.addr), amount);

        vm.expectRevert(IX402BatchSettlement.InvalidRefundNonce.selector);
        BATCH.refundWithSignature(config, amount, 0, signature);
    }

    function testFuzz_refundWithSignature_reverts_whenNonceIsNotTheNext(uint256 nonce) public {
        nonce = bound(nonce, 1, type(uint256).max);
        bytes memory signature = _signRefund(authorizer, nonce, 1);
        vm.expectRevert(IX402BatchSettlement.InvalidRefundNonce.selector);
        BATCH.refundWithSignature(config, 1, nonce, signature);
    }

    function testFuzz_refundWithSignature_reverts_whenSignedByAnother(uint256 key, uint128 amount) public {
        key = boundPrivateKey(key);
        vm.assume(key != authorizer.privateKey);
        bytes memory signature = _signRefund(vm.createWallet(key), 0, amount);
        vm.expectRevert(IX402BatchSettlement.InvalidSignature.selector);
        BATCH.refundWithSignature(config, amount, 0, signature);
    }

    function testFuzz_multicall_claimsAndRefunds(uint128 claimed) public {
        claimed = boundAmount(claimed, 1, FUNDS - 1);
        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, claimed, claimed));
        bytes[] memory calls = new bytes[](2);
        bytes memory claimSignature = signDigest(authorizer, claimBatchDigest(rows));
        calls[0] = abi.encodeCall(BATCH.claimWithSignature, (rows, claimSignature));
        bytes memory refundSignature = _signRefund(authorizer, 0, FUNDS);
        calls[1] = abi.encodeCall(BATCH.refundWithSignature, (config, FUNDS, 0, refundSignature));
        Multicall(address(BATCH)).multicall(calls);

        assertChannel(claimed, claimed);
        assertEq(usdc.balanceOf(payer.addr), FUNDS - claimed);
    }

    function _initiate(uint128 amount) private {
        vm.prank(payer.addr);
        BATCH.initiateWithdraw(config, amount);
    }

    function _finalizeAs(address caller) private {
        vm.prank(caller);
        BATCH.finalizeWithdraw(config);
    }

    function _expectClosed() private {
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.ChannelClosed(channelId, config);
    }

    function _signRefund(Vm.Wallet memory signer, uint256 nonce, uint128 amount) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(REFUND_TYPEHASH, channelId, nonce, amount));
        return signDigest(signer, typedDigest(batchDomain(), structHash));
    }

    function _assertPending(uint128 amount, uint40 initiatedAt) private view {
        (uint128 actualAmount, uint40 actualStart) = BATCH.pendingWithdrawals(channelId);
        assertEq(actualAmount, amount, "pending amount");
        assertEq(actualStart, initiatedAt, "initiatedAt");
    }
}
