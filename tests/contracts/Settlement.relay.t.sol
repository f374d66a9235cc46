// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {ContractAccount} from "./base/ChannelTest.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// Groups that somebody else submits: the prover's signature makes them the prover's.
contract SettlementRelayTest is PaymentTest {
    function testFuzz_relay_anybodyWithTheProversSignature(address submitter, uint8 count) public {
        vm.assume(submitter != prover.addr);
        Group memory group = teeGroup(receiptsOf(1, bound(count, 1, 9), address(0), 0, 1));
        group.authorization = authorize(prover, group);
        GroupResult memory result = settleAs(submitter, one(group))[0];
        assertEq(result.settled, group.receipts.length);
        assertTrue(settlement.isNonceUsed(prover.addr, 1), "the prover's nonce");
        assertFalse(settlement.isNonceUsed(submitter, 1), "not the submitter's");
    }

    function testFuzz_relay_refusesAnyOtherSignature(uint256 key, address submitter) public {
        vm.assume(submitter != prover.addr);
        Vm.Wallet memory signer = vm.createWallet(bound(key, 1, 1 << 250));
        Group memory group = teeGroup(receiptsOf(1, 2, address(0), 0, 1));
        group.authorization = authorize(signer, group);
        _assertNotAuthorized(group, submitter);
    }

    function testFuzz_relay_refusesASignatureOfAnyOtherLength(bytes calldata authorization) public {
        vm.assume(authorization.length != 65);
        Group memory group = teeGroup(receiptsOf(1, 2, address(0), 0, 1));
        group.authorization = authorization;
        _assertNotAuthorized(group, relayer);
    }

    function testFuzz_relay_refusesTheMirroredSignature(uint64 nonce) public {
        Group memory group = teeGroup(one(freeReceipt(nonce)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(prover.privateKey, authorizationOf(group));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        group.authorization = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        _assertNotAuthorized(group, relayer);
    }

    function testFuzz_relay_signatureIsOfThisGroupOnly(uint8 change) public {
        Group memory group = teeGroup(receiptsOf(1, 2, address(0), 0, 1));
        group.authorization = authorize(prover, group);
        change = uint8(bound(change, 0, 4));
        if (change == 0) group.receipts = receiptsOf(1, 1, address(0), 0, 1);
        if (change == 1) group.receipts = receiptsOf(1, 3, address(0), 0, 1);
        if (change == 2) group.modelId = keccak256("other");
        if (change == 3) group.asset = relayer;
        if (change == 4) group.route = SIGNED_ROUTE;
        _assertNotAuthorized(group, relayer);
    }

    function testFuzz_relay_signatureIsOfThisProverOnly(address other) public {
        vm.assume(other != prover.addr && other != relayer && other.code.length == 0);
        Group memory group = teeGroup(receiptsOf(1, 2, address(0), 0, 1));
        group.authorization = authorize(prover, group);
        group.prover = other;
        _assertNotAuthorized(group, relayer);
    }

    function testFuzz_relay_ofAContractProver(uint8 count) public {
        ContractAccount account = new ContractAccount(prover.addr);
        Group memory group = signedGroup(receiptsOf(1, bound(count, 1, 9), address(0), 0, 1));
        group.prover = address(account);
        group.evidence = sign(prover, digestOf(group));
        _assertNotAuthorized(group, relayer);
        group.authorization = authorize(prover, group);
        assertEq(settleAs(relayer, one(group))[0].settled, group.receipts.length);
    }

    /// Evidence is seen in the mempool: with it nobody can submit the group first.
    function testFuzz_relay_refusesEvidenceAsAuthorization(address submitter, uint8 count) public {
        vm.assume(submitter != prover.addr);
        Group memory group = signedGroup(receiptsOf(1, bound(count, 1, 9), address(0), 0, 1));
        group.authorization = group.evidence;
        _assertNotAuthorized(group, submitter);
    }

    function test_relay_aSubmitterNeedsNoSignatureForItsOwn() public {
        Group memory group = signedGroup(receiptsOf(1, 2, address(0), 0, 1));
        group.authorization = "not looked at";
        assertEq(settleOne(group).settled, 2);
    }

    /// The leave covers the payments: a relayer that leaves them out, cuts one short or changes one is refused.
    function testFuzz_relay_refusesOtherPayments(uint8 count, uint8 change) public {
        uint32 receipts = uint32(bound(count, 2, 9));
        Payment memory payment = upto(0, receipts, payer, 1, receipts * PRICE, 1);
        Group memory group = signedGroup(receiptsOf(1, receipts, payer.addr, PRICE, 1), payment);
        group.authorization = authorize(prover, group);

        change = uint8(bound(change, 0, 3));
        if (change == 0) group.payments = new Payment[](0);
        if (change == 1) group.payments[0].count = 1;
        if (change == 2) group.payments[0].first = 1;
        if (change == 3) group.payments[0].data = bytes.concat(payment.data, bytes32(0));
        _assertNotAuthorized(group, relayer);

        group.payments = new Payment[](1);
        group.payments[0] = upto(0, receipts, payer, 1, receipts * PRICE, 1);
        assertEq(settleAs(relayer, one(group))[0].settled, receipts);
    }

    function testFuzz_relay_refusesExchangedPaymentsOfOnePayer(uint96 small, uint96 more) public {
        small = uint96(bound(small, 1, 1_000));
        uint96 large = small + uint96(bound(more, 1, 1_000));
        InferenceReceipt[] memory receipts = two(receiptOf(1, payer.addr, small, 1), receiptOf(2, payer.addr, large, 1));
        Group memory group = signedGroup(receipts, upto(0, 1, payer, 1, small, 1));
        Payment memory first = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (first, upto(1, 1, payer, 1, large, 2));
        group.authorization = authorize(prover, group);

        (group.payments[0].data, group.payments[1].data) = (group.payments[1].data, group.payments[0].data);
        _assertNotAuthorized(group, relayer);
        (group.payments[0].data, group.payments[1].data) = (group.payments[1].data, group.payments[0].data);
        assertEq(settleAs(relayer, one(group))[0].settled, 2);
    }

    /// Groups of several provers in one transaction; each is judged by itself.
    function testFuzz_relay_groupsOfSeveralProvers(bool firstSigned, bool secondSigned) public {
        Vm.Wallet memory second = vm.createWallet("second prover");
        Group[] memory groups = new Group[](2);
        groups[0] = signedGroup(receiptsOf(1, 2, address(0), 0, 1));
        groups[1] = signedGroup(receiptsOf(1, 3, address(0), 0, 1));
        groups[1].prover = second.addr;
        groups[1].evidence = sign(second, digestOf(groups[1]));
        if (firstSigned) groups[0].authorization = authorize(prover, groups[0]);
        if (secondSigned) groups[1].authorization = authorize(second, groups[1]);

        GroupResult[] memory results = settleAs(relayer, groups);

        assertEq(results[0].settled, firstSigned ? 2 : 0);
        assertEq(results[1].settled, secondSigned ? 3 : 0);
        assertEq(settlement.isNonceUsed(prover.addr, 1), firstSigned);
        assertEq(settlement.isNonceUsed(second.addr, 1), secondSigned);
    }

    function _assertNotAuthorized(Group memory group, address submitter) private {
        bytes memory reason = abi.encodeWithSelector(ISettlement.NotAuthorized.selector, group.prover, submitter);
        vm.expectEmit(address(settlement));
        emit ISettlement.GroupSkipped(group.modelId, group.prover, group.route, 0, reason);
        assertEq(settleAs(submitter, one(group))[0].reason, reason, "reason");
        assertEq(settlement.nextSeq(), 0, "seq");
    }
}
