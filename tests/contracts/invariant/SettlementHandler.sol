// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {IPayAddress} from "../../../contracts/interfaces/IPayAddress.sol";
import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {
    Group,
    GroupResult,
    Payment,
    PaymentScheme,
    Receipt as InferenceReceipt
} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {PaymentTest} from "../base/PaymentTest.sol";

/// Drives Settlement through everything that payers, provers and relayers can do, in bounds in which no step reverts,
/// and keeps books of its own from nothing but what it asked for.
contract SettlementHandler is PaymentTest {
    uint256 private constant PAYERS = 3;

    /// Books: what must have settled.
    uint256 public settled;
    uint256 public paid;
    uint256 public withdrawn;
    mapping(Tier tier => uint256) public settledAt;
    mapping(Tier tier => uint256) public paidAt;
    uint64[] public spent;

    /// What the events said.
    uint256 public events;
    uint256 public eventAmount;
    mapping(Tier tier => uint256) public eventsAt;

    Vm.Wallet[] private _payers;
    bytes[] private _history;
    uint64 private _nextNonce;
    uint256 private _nextPermit;

    /// The contract that holds the tests calls this, not forge.
    function prepare() external {
        PaymentTest.setUp();
        for (uint256 i; i < PAYERS; ++i) {
            _payers.push(vm.createWallet(string(abi.encodePacked("payer ", i))));
            fund(_payers[i], 1_000_000_000);
            for (uint8 floor = 1; floor <= 2; ++floor) {
                openChannelOf(_payers[i], floor);
            }
        }
    }

    /* STEPS */

    function settleFree(uint8 count, uint8 gap, bool tee) external {
        _skipNonces(gap);
        _submit(_receipts(count, address(0), 0, 1), _none(), tee, true);
    }

    function settleUpto(uint8 who, uint8 count, uint96 amount, uint8 floor, bool tee) external {
        (Vm.Wallet memory wallet, InferenceReceipt[] memory receipts) = _paidReceipts(who, count, amount, floor, tee);
        uint256 maximum = sum(receipts);
        uint8 signedFloor = receipts[0].terms.floor();
        _submit(receipts, upto(0, uint32(receipts.length), wallet, signedFloor, maximum, _nextPermit++), tee, true);
    }

    function settleExact(uint8 who, uint8 count, uint96 amount, uint8 floor, bool tee) external {
        (Vm.Wallet memory wallet, InferenceReceipt[] memory receipts) = _paidReceipts(who, count, amount, floor, tee);
        uint8 signedFloor = receipts[0].terms.floor();
        bytes32 nonce = bytes32(_nextPermit++);
        _submit(receipts, exact(0, uint32(receipts.length), wallet, signedFloor, sum(receipts), nonce), tee, true);
    }

    function settleChannel(uint8 who, uint8 count, uint96 amount, uint8 floor, bool tee) external {
        (Vm.Wallet memory wallet, InferenceReceipt[] memory receipts) = _paidReceipts(who, count, amount, floor, tee);
        IX402BatchSettlement.ChannelConfig memory channel = channelOf(wallet, receipts[0].terms.floor());
        (uint128 balance, uint128 claimed) = BATCH.channels(channelIdOf(channel));
        bool enough = claimed + sum(receipts) <= balance;
        uint128 maximum = uint128(claimed + sum(receipts));
        _submit(receipts, voucher(0, uint32(receipts.length), wallet, channel, maximum), tee, enough);
    }

    /// The payer signed for less, for somebody else, or not at all.
    function settleUnpaid(uint8 who, uint8 count, uint96 amount, uint8 defect) external {
        (Vm.Wallet memory wallet, InferenceReceipt[] memory receipts) = _paidReceipts(who, count, amount, 1, false);
        uint32 size = uint32(receipts.length);
        defect = uint8(bound(defect, 0, 4));
        Payment memory payment = _none();
        if (defect == 1) payment = upto(0, size, wallet, 1, sum(receipts) - 1, _nextPermit++);
        if (defect == 2) payment = upto(0, size, wallet, 2, sum(receipts), _nextPermit++);
        if (defect == 3) payment = voucher(0, size, prover, channelOf(wallet, 1), CHANNEL_FUNDS);
        if (defect == 4) payment = exact(0, size, wallet, 1, sum(receipts) + 1, bytes32(_nextPermit++));
        _submit(receipts, payment, false, false);
    }

    function settleBelowFloor(uint8 count, uint8 floor) external {
        floor = uint8(bound(floor, 2, 255));
        _submit(_receipts(count, address(0), 0, floor), _none(), false, false);
    }

    /// A group that settled or was refused before comes again: what settled is skipped. With it a forged one.
    function replay(uint256 index, bool forge) external {
        if (_history.length == 0) return;
        Group[] memory groups = one(abi.decode(_history[index % _history.length], (Group)));
        if (forge) groups[0].evidence = sign(payer, digestOf(groups[0]));
        uint256 expected;
        for (uint256 i; i < groups[0].receipts.length; ++i) {
            if (!settlement.isNonceUsed(prover.addr, groups[0].receipts[i].terms.nonce())) ++expected;
        }
        vm.recordLogs();
        GroupResult memory result = settleAs(prover.addr, groups)[0];
        _readEvents();
        assertEq(result.settled, 0, "what did not settle before lacks something still");
        if (forge) assertGt(result.reason.length, 0, "forged");
        else assertEq(result.skipped, groups[0].receipts.length, "skipped");
    }

    function withdraw(uint8 floor, uint256 share) external {
        floor = uint8(bound(floor, 1, 2));
        address payTo = payAddress(floor);
        if (payTo.code.length == 0) payAddresses.deploy(prover.addr, floor);
        if (earned(floor) > usdc.balanceOf(payTo)) BATCH.settle(payTo, address(usdc));
        uint256 amount = bound(share, 0, usdc.balanceOf(payTo));
        vm.prank(prover.addr);
        IPayAddress(payTo).withdraw(address(usdc), prover.addr, amount);
        withdrawn += amount;
    }

    function refund(uint8 who, uint8 floor, uint128 amount) external {
        floor = uint8(bound(floor, 1, 2));
        Vm.Wallet memory wallet = _payers[who % PAYERS];
        amount = uint128(bound(amount, 1, 1_000_000));
        IX402BatchSettlement.ChannelConfig memory channel = channelOf(wallet, floor);
        vm.prank(prover.addr);
        settlement.refundChannel(channel, floor, amount);
    }

    /* WHAT THE TESTS ASK */

    function parts() external view returns (ISettlement, address, address, bytes32, address[] memory owners) {
        owners = new address[](PAYERS);
        for (uint256 i; i < PAYERS; ++i) {
            owners[i] = _payers[i].addr;
        }
        return (settlement, address(usdc), prover.addr, modelId, owners);
    }

    function enclaveKey() external view returns (bytes32) {
        return keyOf(enclave);
    }

    function spentCount() external view returns (uint256) {
        return spent.length;
    }

    function earnedAt(uint8 floor) external view returns (uint256) {
        return earned(floor);
    }

    /* PARTS */

    function _submit(InferenceReceipt[] memory receipts, Payment memory payment, bool tee, bool settles) private {
        Group memory group = signedGroup(receipts, payment);
        if (tee) {
            group.route = TEE_ROUTE;
            group.evidence = sign(enclave, digestOf(group));
        }
        _history.push(abi.encode(group));
        vm.recordLogs();
        GroupResult memory result = settleAs(prover.addr, one(group))[0];
        _readEvents();
        assertEq(result.reason, "", "group");
        assertEq(result.settled, settles ? receipts.length : 0, "settled");
        assertEq(result.skipped, settles ? 0 : receipts.length, "skipped");
        if (settles) _book(receipts, tee ? Tier.TEE : Tier.SIGNED);
    }

    function _book(InferenceReceipt[] memory receipts, Tier tier) private {
        settled += receipts.length;
        settledAt[tier] += receipts.length;
        paid += sum(receipts);
        paidAt[tier] += sum(receipts);
        for (uint256 i; i < receipts.length; ++i) {
            spent.push(receipts[i].terms.nonce());
        }
    }

    /// The sequence number of each event is that of the one before plus one.
    function _readEvents() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlement.InferenceSettled.selector) continue;
            (,,,,, uint256 terms) = abi.decode(logs[i].data, (bytes32, address, address, bytes32, bytes32, uint256));
            Tier tier = Tier(uint256(logs[i].topics[3]));
            assertEq(terms >> 192, events++, "seq");
            assertLe(uint8(terms >> 24), uint8(tier), "the floor holds");
            eventAmount += uint96(terms >> 96);
            ++eventsAt[tier];
        }
    }

    function _paidReceipts(uint8 who, uint8 count, uint96 amount, uint8 floor, bool tee)
        private
        returns (Vm.Wallet memory wallet, InferenceReceipt[] memory receipts)
    {
        wallet = _payers[who % PAYERS];
        amount = uint96(bound(amount, 1, 10_000));
        receipts = _receipts(count, wallet.addr, amount, uint8(bound(floor, 1, tee ? 2 : 1)));
    }

    function _receipts(uint8 count, address from, uint96 amount, uint8 floor)
        private
        returns (InferenceReceipt[] memory receipts)
    {
        uint256 size = bound(count, 1, 9);
        receipts = receiptsOf(_nextNonce, size, from, amount, floor);
        _skipNonces(size);
    }

    function _skipNonces(uint256 count) private {
        _nextNonce += uint64(count);
    }

    function _none() private pure returns (Payment memory payment) {}
}
