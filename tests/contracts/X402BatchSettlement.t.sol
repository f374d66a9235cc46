// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Vm} from "forge-std/Test.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ChannelTest, ContractAccount} from "./base/ChannelTest.sol";
import {IDepositCollector} from "./standins/X402BatchSettlement.sol";
import {X402ERC3009DepositCollector} from "./standins/X402ERC3009DepositCollector.sol";

/// @dev Delivers tokens of its own, as many as the data says.
contract LooseCollector is IDepositCollector {
    function collect(address, address token, uint256, bytes32, bytes calldata data) external {
        IERC20(token).transfer(msg.sender, abi.decode(data, (uint256)));
    }
}

/// @dev Wants its tokens to count in two deposits.
contract ReenteringCollector is IDepositCollector {
    IX402BatchSettlement.ChannelConfig private _config;

    constructor(IX402BatchSettlement.ChannelConfig memory config) {
        _config = config;
    }

    function collect(address, address token, uint256 amount, bytes32, bytes calldata data) external {
        if (data.length == 0) IERC20(token).transfer(msg.sender, amount);
        else IX402BatchSettlement(msg.sender).deposit(_config, uint128(amount), address(this), "");
    }
}

/// @dev Pins the stand-in to the published facts of x402's channels: types and deposits, against the real token.
contract X402BatchSettlementTest is ChannelTest {
    bytes32 internal constant DOMAIN_84532 = 0xfdef80764086b1e0fc6ba99f0cb9aa1d59109fda7c23d60334c89d2de44dffce;
    /// @dev Computed by x402's Python package, see tests/unit/test_x402_standins.py.
    bytes32 internal constant EXAMPLE_CHANNEL_ID = 0x0be21384ccc17c5100599e27d55b3a4f37e2b3cf99002be5f310c38bf273b254;

    function test_abi_isThePublishedOne() public pure {
        assertEq(IX402BatchSettlement.claim.selector, bytes4(0x29237b0c));
        assertEq(IX402BatchSettlement.settle.selector, bytes4(0x9db32a8f));
        assertEq(
            IX402BatchSettlement.Claimed.selector, 0x36bd546bb573e8921fdbfd934bbed62d872796b01792cd240cce27f79dd3eddd
        );
        assertEq(
            IX402BatchSettlement.Settled.selector, 0x7337b4386b690fdb8ba66905b92b9d45d33bc6626ee2620c905fb150ec0cc47d
        );
        string memory channel = "(bytes32,(address,address,address,address,address,uint40,bytes32))";
        assertEq(
            IX402BatchSettlement.ChannelCreated.selector, keccak256(bytes.concat("ChannelCreated", bytes(channel)))
        );
        assertEq(IX402BatchSettlement.ChannelClosed.selector, keccak256(bytes.concat("ChannelClosed", bytes(channel))));
        assertEq(IX402BatchSettlement.Deposited.selector, keccak256("Deposited(bytes32,address,uint128,uint128)"));
        assertEq(IX402BatchSettlement.Refunded.selector, keccak256("Refunded(bytes32,address,uint128)"));
        assertEq(
            IX402BatchSettlement.WithdrawInitiated.selector, keccak256("WithdrawInitiated(bytes32,uint128,uint40)")
        );
        assertEq(
            IX402BatchSettlement.WithdrawFinalized.selector, keccak256("WithdrawFinalized(bytes32,address,uint128)")
        );
    }

    function test_domainAndChannelId_areThePublishedOnes() public view {
        assertEq(batchDomain(), DOMAIN_84532);
        IX402BatchSettlement.ChannelConfig memory example = IX402BatchSettlement.ChannelConfig({
            payer: 0x1111111111111111111111111111111111111111,
            payerAuthorizer: 0x2222222222222222222222222222222222222222,
            receiver: 0x3333333333333333333333333333333333333333,
            receiverAuthorizer: 0x4444444444444444444444444444444444444444,
            token: 0x5555555555555555555555555555555555555555,
            withdrawDelay: 1 days,
            salt: 0x6666666666666666666666666666666666666666666666666666666666666666
        });
        assertEq(BATCH.getChannelId(example), EXAMPLE_CHANNEL_ID);
    }

    function testFuzz_channelId_isTheTypedHash(IX402BatchSettlement.ChannelConfig memory any, uint64 chainId) public {
        vm.chainId(bound(chainId, 1, type(uint64).max));
        assertEq(BATCH.getChannelId(any), channelIdOf(any));
    }

    function testFuzz_digests_areThePublishedOnes(bytes32 id, uint256 nonce, uint128 amount) public view {
        bytes32 voucher = keccak256(abi.encode(VOUCHER_TYPEHASH, id, amount));
        assertEq(BATCH.getVoucherDigest(id, amount), typedDigest(DOMAIN_84532, voucher));
        bytes32 refund = keccak256(abi.encode(REFUND_TYPEHASH, id, nonce, amount));
        assertEq(BATCH.getRefundDigest(id, nonce, amount), typedDigest(DOMAIN_84532, refund));
    }

    function testFuzz_claimBatchDigest_isThePublishedOne(uint128 max, uint128 total) public view {
        IX402BatchSettlement.VoucherClaim[] memory rows =
            two(claimRow(payer, config, max, total), claimRow(payer, config, total, max));
        assertEq(BATCH.getClaimBatchDigest(rows), claimBatchDigest(rows));
    }

    /* DEPOSITS */

    function testFuzz_deposit_credits(uint128 first, uint128 second, bytes32 salt) public {
        first = boundAmount(first, 1, type(uint128).max - 1);
        second = boundAmount(second, 1, type(uint128).max - first);
        config.salt = keccak256(abi.encode(salt));
        bytes32 id = channelIdOf(config);

        mint(usdc, payer.addr, first);
        bytes memory data = depositData(payer, config, first, 7);
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.ChannelCreated(id, config);
        vm.expectEmit(address(BATCH));
        emit IX402BatchSettlement.Deposited(id, stranger, first, first);
        vm.prank(stranger);
        BATCH.deposit(config, first, ERC3009_COLLECTOR, data);

        vm.recordLogs();
        openChannel(payer, config, second);

        (uint128 balance, uint128 totalClaimed) = BATCH.channels(id);
        assertEq(balance, first + second);
        assertEq(totalClaimed, 0);
        assertEq(usdc.balanceOf(address(BATCH)), uint256(FUNDS) + first + second);
        assertEq(usdc.balanceOf(payer.addr), 0);
        assertEq(usdc.balanceOf(ERC3009_COLLECTOR), 0);
        assertFalse(_created(), "a channel is created once");
    }

    function testFuzz_deposit_takesAContractsSignature(uint128 amount) public {
        amount = boundAmount(amount, 1, type(uint128).max);
        config.payer = address(new ContractAccount(payer.addr));
        bytes32 id = openChannel(payer, config, amount);
        (uint128 balance,) = BATCH.channels(id);
        assertEq(balance, amount);
    }

    function testFuzz_deposit_reverts_whenAnAddressIsZero(uint256 which) public {
        which = bound(which, 0, 3);
        if (which == 0) config.payer = address(0);
        if (which == 1) config.receiver = address(0);
        if (which == 2) config.receiverAuthorizer = address(0);
        if (which == 3) config.token = address(0);
        _expectDepositRefused(IX402BatchSettlement.InvalidChannel.selector, 1);
    }

    function testFuzz_deposit_reverts_whenDelayIsOutOfRange(uint40 delay) public {
        config.withdrawDelay = delay < 15 minutes ? delay : uint40(bound(delay, 30 days + 1, type(uint40).max));
        _expectDepositRefused(IX402BatchSettlement.WithdrawDelayOutOfRange.selector, 1);
    }

    function test_deposit_takesDelaysUpToTheLimits() public {
        config.withdrawDelay = 15 minutes - 1;
        _expectDepositRefused(IX402BatchSettlement.WithdrawDelayOutOfRange.selector, 1);
        config.withdrawDelay = 15 minutes;
        openChannel(payer, config, 1);
        config.withdrawDelay = 30 days;
        openChannel(payer, config, 1);
        config.withdrawDelay = 30 days + 1;
        _expectDepositRefused(IX402BatchSettlement.WithdrawDelayOutOfRange.selector, 1);
    }

    function test_deposit_reverts_whenAmountIsZero() public {
        _expectDepositRefused(IX402BatchSettlement.ZeroDeposit.selector, 0);
    }

    function testFuzz_deposit_reverts_whenCollectorHasNoCode(address collector) public {
        vm.assume(collector.code.length == 0);
        vm.expectRevert(IX402BatchSettlement.InvalidCollector.selector);
        BATCH.deposit(config, 1, collector, "");
    }

    function testFuzz_deposit_reverts_whenBalanceOverflows(uint128 amount) public {
        amount = boundAmount(amount, type(uint128).max - FUNDS + 1, type(uint128).max);
        _expectDepositRefused(IX402BatchSettlement.DepositOverflow.selector, amount);
    }

    function testFuzz_deposit_reverts_whenAnotherAmountArrives(uint128 amount, uint128 delivered) public {
        amount = boundAmount(amount, 1, type(uint128).max - FUNDS);
        vm.assume(amount != delivered);
        LooseCollector collector = new LooseCollector();
        mint(usdc, address(collector), type(uint128).max);
        vm.expectRevert(IX402BatchSettlement.DepositCollectionFailed.selector);
        BATCH.deposit(config, amount, address(collector), abi.encode(delivered));
    }

    function testFuzz_deposit_reverts_whenReentered(uint64 amount) public {
        amount = uint64(bound(amount, 1, type(uint64).max));
        ReenteringCollector collector = new ReenteringCollector(config);
        mint(usdc, address(collector), amount);

        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        BATCH.deposit(config, amount, address(collector), "again");

        BATCH.deposit(config, amount, address(collector), "");
    }

    function testFuzz_deposit_reverts_whenRepeated(uint64 amount) public {
        amount = uint64(bound(amount, 1, type(uint64).max));
        mint(usdc, payer.addr, 2 * uint256(amount));
        bytes memory data = depositData(payer, config, amount, 7);
        BATCH.deposit(config, amount, ERC3009_COLLECTOR, data);
        vm.expectRevert("FiatTokenV2: authorization is used or canceled");
        BATCH.deposit(config, amount, ERC3009_COLLECTOR, data);
    }

    function testFuzz_deposit_reverts_whenSignedForAnotherChannel(bytes32 salt) public {
        vm.assume(salt != config.salt);
        mint(usdc, payer.addr, FUNDS);
        bytes memory data = depositData(payer, config, FUNDS, 7);
        config.salt = salt;
        vm.expectRevert("FiatTokenV2: invalid signature");
        BATCH.deposit(config, FUNDS, ERC3009_COLLECTOR, data);
    }

    function testFuzz_collect_reverts_whenCallerIsNotTheSettlement(address caller) public {
        vm.assume(caller != address(BATCH));
        mint(usdc, payer.addr, FUNDS);
        bytes memory data = depositData(payer, config, FUNDS, 7);
        vm.expectRevert(abi.encodeWithSelector(X402ERC3009DepositCollector.OnlySettlement.selector, caller));
        vm.prank(caller);
        IDepositCollector(ERC3009_COLLECTOR).collect(payer.addr, address(usdc), FUNDS, channelId, data);
    }

    function _expectDepositRefused(bytes4 reason, uint128 amount) private {
        vm.expectRevert(reason);
        BATCH.deposit(config, amount, ERC3009_COLLECTOR, "");
    }

    function _created() private returns (bool found) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == IX402BatchSettlement.ChannelCreated.selector) found = true;
        }
    }
}
