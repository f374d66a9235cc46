// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402UptoPermit2Proxy} from "../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {UptoPayment} from "../../contracts/types/Payments.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";
import {IFiatToken} from "./base/RealParts.sol";

/// Payments of the x402 scheme `upto`, also with the payer's EIP-2612 permit.
contract SettlementUptoTest is PaymentTest {
    bytes4 private constant INVALID_NONCE = 0x756688fe;
    bytes4 private constant INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));

    function setUp() public override {
        super.setUp();
        fund(payer, 100_000_000);
    }

    function testFuzz_upto_chargesTheSumOfARun(uint8 count, uint96 amount, uint128 nonce) public {
        uint256 receipts = bound(count, 1, 12);
        amount = uint96(bound(amount, 1, 1_000_000));
        Group memory group = _run(receipts, amount, receipts * amount, nonce);
        uint256 before = usdc.balanceOf(payer.addr);

        assertAllSettled(group);

        assertEq(usdc.balanceOf(payer.addr), before - receipts * amount, "payer");
        assertEq(earned(1), receipts * amount, "pay address");
        assertEq(settlement.amountTally(address(usdc), Tier.SIGNED), receipts * amount, "amount tally");
    }

    function testFuzz_upto_takesTheSignedMaximumAndNotMore(uint96 amount, uint96 excess) public {
        amount = uint96(bound(amount, 1, 1_000_000));
        excess = uint96(bound(excess, 1, amount * 3));
        uint256 state = vm.snapshotState();
        assertAllSettled(_run(3, amount, uint256(amount) * 3, 1));
        vm.revertToState(state);

        uint256 maximum = uint256(amount) * 3 - excess;
        bytes memory reason =
            abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, uint256(amount) * 3, maximum);
        assertAllSkipped(_run(3, amount, maximum, 1), reason);
    }

    function testFuzz_upto_collectsNothingForReceiptsThatDoNotSettle(uint8 odd) public {
        odd = uint8(bound(odd, 0, 4));
        InferenceReceipt[] memory receipts = receiptsOf(1, 5, payer.addr, PRICE, 1);
        receipts[odd].terms = packTerms(9, PRICE, SERVED_AT, 2); // a floor that is not the run's and does not hold
        Group memory group = signedGroup(receipts, upto(0, 5, payer, odd == 0 ? 2 : 1, 5 * PRICE, 1));

        GroupResult memory result = settleOne(group);

        // without its first receipt the run has the first one's floor, which holds for none
        assertEq(result.settled, odd == 0 ? 0 : 4, "settled");
        assertEq(earned(1), odd == 0 ? 0 : 4 * uint256(PRICE), "collected");
        assertFalse(settlement.isNonceUsed(prover.addr, 9), "nonce");
    }

    function testFuzz_upto_paymentComesOnceInABatchAndLater(uint128 nonce) public {
        InferenceReceipt[] memory receipts = receiptsOf(1, 2, payer.addr, PRICE, 1);
        Group memory group = signedGroup(receipts, upto(0, 1, payer, 1, PRICE, nonce));
        group.payments = new Payment[](2);
        group.payments[0] = upto(0, 1, payer, 1, PRICE, nonce);
        group.payments[1] = upto(1, 1, payer, 1, PRICE, nonce);
        bytes memory reason = paymentFailed(abi.encodePacked(INVALID_NONCE));

        expectReceiptSkipped(group, 1, reason);
        GroupResult memory result = settleOne(group);

        assertEq(result.settled, 1, "the first");
        assertEq(earned(1), PRICE, "paid once");
        assertAllSkipped(signedGroup(one(receipts[1]), upto(0, 1, payer, 1, PRICE, nonce)), reason);
    }

    function testFuzz_upto_refusesOtherTermsThanTheSignedOnes(uint8 field) public {
        field = uint8(bound(field, 0, 3));
        Group memory group = _run(1, PRICE, MAX_PRICE, 1);
        UptoPayment memory terms = abi.decode(group.payments[0].data, (UptoPayment));
        if (field == 0) terms.maxAmount += 1;
        if (field == 1) terms.nonce += 1;
        if (field == 2) terms.deadline += 1;
        if (field == 3) terms.validAfter += 1;
        group.payments[0].data = abi.encode(terms);
        assertAllSkipped(group, paymentFailed(abi.encodePacked(INVALID_SIGNER)));
    }

    function testFuzz_upto_refusesAPayerWhoDidNotSign(address other) public {
        vm.assume(other != payer.addr && other.code.length == 0 && uint160(other) > 0xffff);
        Group memory group = signedGroup(receiptsOf(1, 1, other, PRICE, 1), upto(0, 1, payer, 1, MAX_PRICE, 1));
        assertAllSkipped(group, paymentFailed(abi.encodePacked(INVALID_SIGNER)));
    }

    function testFuzz_upto_isOnlyForSettlementToCollect(address caller) public {
        vm.assume(caller != address(settlement));
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit;
        permit.permitted = IX402UptoPermit2Proxy.TokenPermissions(address(usdc), MAX_PRICE);
        UptoPayment memory terms = uptoTerms(payer, payAddress(1), MAX_PRICE, 1);
        (permit.nonce, permit.deadline) = (terms.nonce, terms.deadline);
        IX402UptoPermit2Proxy.Witness memory witness =
            IX402UptoPermit2Proxy.Witness(payAddress(1), address(settlement), 0);
        vm.expectRevert(IX402UptoPermit2Proxy.UnauthorizedFacilitator.selector);
        vm.prank(caller);
        IX402UptoPermit2Proxy(UPTO_PROXY).settle(permit, PRICE, payer.addr, witness, terms.signature);
    }

    function test_upto_skipsWhenThePayerMovedItsFundsOrRevoked() public {
        Group memory group = _run(2, PRICE, 2 * PRICE, 1);
        uint256 balance = usdc.balanceOf(payer.addr);
        vm.prank(payer.addr);
        usdc.transfer(relayer, balance);
        assertAllSkipped(group, paymentFailedSaying("TRANSFER_FROM_FAILED"));

        vm.prank(relayer);
        usdc.transfer(payer.addr, balance);
        vm.prank(payer.addr);
        usdc.approve(PERMIT2, 0);
        assertAllSkipped(group, paymentFailedSaying("TRANSFER_FROM_FAILED"));

        vm.prank(payer.addr);
        usdc.approve(PERMIT2, type(uint256).max);
        assertAllSettled(group);
    }

    function test_upto_skipsWhenThePayerInvalidatedTheNonce() public {
        Group memory group = _run(1, PRICE, PRICE, 5);
        vm.prank(payer.addr);
        (bool success,) = PERMIT2.call(abi.encodeWithSignature("invalidateUnorderedNonces(uint256,uint256)", 0, 1 << 5));
        assertTrue(success);
        assertAllSkipped(group, paymentFailed(abi.encodePacked(INVALID_NONCE)));
    }

    function testFuzz_upto_aRefusedPaymentDoesNotTouchItsNeighbours(uint8 refused) public {
        refused = uint8(bound(refused, 0, 2));
        InferenceReceipt[] memory receipts = receiptsOf(1, 6, payer.addr, PRICE, 1);
        Group memory group = signedGroup(receipts, upto(0, 1, payer, 1, PRICE, 1));
        group.payments = new Payment[](3);
        for (uint32 i; i < 3; ++i) {
            group.payments[i] = upto(2 * i, 2, payer, 1, i == refused ? PRICE : 2 * PRICE, i);
        }

        GroupResult memory result = settleOne(group);

        assertEq(result.settled, 4, "settled");
        assertEq(result.skipped, 2, "skipped");
        for (uint64 nonce = 1; nonce <= 6; ++nonce) {
            assertEq(settlement.isNonceUsed(prover.addr, nonce), (nonce - 1) / 2 != refused, "nonce");
        }
        assertEq(earned(1), 4 * uint256(PRICE), "collected");
        // what is left may come again
        InferenceReceipt[] memory rest = two(receipts[2 * refused], receipts[2 * refused + 1]);
        assertAllSettled(signedGroup(rest, upto(0, 2, payer, 1, 2 * PRICE, 7)));
        assertEq(settlement.nextSeq(), 6, "seq");
    }

    /* WITH PERMIT */

    function testFuzz_uptoWithPermit_needsNoApproval(uint96 amount) public {
        amount = uint96(bound(amount, 1, MAX_PRICE));
        Vm.Wallet memory fresh = _unapproved();
        InferenceReceipt[] memory receipts = receiptsOf(1, 1, fresh.addr, amount, 1);

        assertAllSkipped(
            signedGroup(receipts, upto(0, 1, fresh, 1, MAX_PRICE, 99)), paymentFailedSaying("TRANSFER_FROM_FAILED")
        );
        assertAllSettled(signedGroup(receipts, uptoWithPermit(1, fresh, 1, MAX_PRICE, MAX_PRICE)));
        assertEq(earned(1), amount);
    }

    function testFuzz_uptoWithPermit_permitMustBeOverTheMaximum(uint256 value) public {
        vm.assume(value != MAX_PRICE);
        Vm.Wallet memory fresh = _unapproved();
        Group memory group =
            signedGroup(receiptsOf(1, 1, fresh.addr, PRICE, 1), uptoWithPermit(1, fresh, 1, MAX_PRICE, value));
        assertAllSkipped(
            group, paymentFailed(abi.encodePacked(IX402UptoPermit2Proxy.Permit2612AmountMismatch.selector))
        );
    }

    function test_uptoWithPermit_takesNotMoreThanTheMaximum() public {
        Vm.Wallet memory fresh = _unapproved();
        Group memory group = signedGroup(
            receiptsOf(1, 1, fresh.addr, MAX_PRICE + 1, 1), uptoWithPermit(1, fresh, 1, MAX_PRICE, MAX_PRICE)
        );
        assertAllSkipped(
            group, abi.encodeWithSelector(ISettlement.AmountAboveMaximum.selector, MAX_PRICE + 1, MAX_PRICE)
        );
    }

    /* THE PAYMENT AND ITS RECEIPTS */

    function test_payment_ofNoSchemeIsRefused() public {
        Group memory group = _run(1, PRICE, PRICE, 1);
        group.payments[0].scheme = PaymentScheme.NONE;
        assertAllSkipped(group, abi.encodeWithSelector(ISettlement.UnknownScheme.selector, PaymentScheme.NONE));
    }

    function test_payment_forAFreeReceiptIsRefused() public {
        Group memory group = _run(1, PRICE, PRICE, 1);
        group.receipts[0] = freeReceipt(1);
        group.evidence = sign(prover, digestOf(group));
        assertGroupRefused(group, abi.encodeWithSelector(ISettlement.PaymentForFreeReceipt.selector, 0));
    }

    function testFuzz_payment_coversOnePayerAndOneFloor(uint8 position) public {
        position = uint8(bound(position, 1, 3));
        InferenceReceipt[] memory receipts = receiptsOf(1, 4, payer.addr, PRICE, 1);
        receipts[position].payer = relayer;
        Group memory group = signedGroup(receipts, upto(0, 4, payer, 1, 4 * PRICE, 1));
        expectReceiptSkipped(
            group, position, abi.encodeWithSelector(ISettlement.PayerMismatch.selector, payer.addr, relayer, PRICE)
        );
        assertEq(settleOne(group).settled, 3, "payer");

        receipts = receiptsOf(5, 4, payer.addr, PRICE, 1);
        receipts[position].terms = packTerms(5 + position, PRICE, SERVED_AT, 3);
        group = signedGroup(receipts, upto(0, 4, payer, 1, 4 * PRICE, 2));
        expectReceiptSkipped(group, position, abi.encodeWithSelector(ISettlement.FloorMixed.selector, 1, 3));
        assertEq(settleOne(group).settled, 3, "floor");
        assertEq(earned(1), 6 * uint256(PRICE), "collected");
    }

    function testFuzz_payment_coversNoAmountOfZero(uint8 position) public {
        position = uint8(bound(position, 0, 3));
        InferenceReceipt[] memory receipts = receiptsOf(1, 4, payer.addr, PRICE, 1);
        receipts[position].terms = packTerms(9, 0, SERVED_AT, 1);
        Group memory group = signedGroup(receipts, upto(0, 4, payer, 1, 4 * PRICE, 1));
        expectReceiptSkipped(
            group, position, abi.encodeWithSelector(ISettlement.PayerMismatch.selector, payer.addr, payer.addr, 0)
        );
        assertEq(settleOne(group).settled, 3);
    }

    function testFuzz_receipt_reservedBitsAreZero(uint24 bits) public {
        vm.assume(bits != 0);
        Group memory group = _run(1, PRICE, PRICE, 1);
        group.receipts[0].terms = Terms.wrap(Terms.unwrap(group.receipts[0].terms) | bits);
        group.evidence = sign(prover, digestOf(group));
        assertAllSkipped(group, abi.encodeWithSelector(ISettlement.ReservedBits.selector, bits));
    }

    function test_payment_freeReceiptsMayStandBeforeBetweenAndBehind() public {
        InferenceReceipt[] memory receipts = receiptsOf(1, 7, payer.addr, PRICE, 1);
        (receipts[0], receipts[3], receipts[6]) = (freeReceipt(1000), freeReceipt(2), freeReceipt(3));
        Group memory group = signedGroup(receipts, upto(1, 2, payer, 1, 2 * PRICE, 1));
        group.receipts[1].terms = packTerms(500, PRICE, SERVED_AT, 1);
        group.receipts[2].terms = packTerms(501, PRICE, SERVED_AT, 1);
        group.receipts[4].terms = packTerms(770, PRICE, SERVED_AT, 1);
        group.evidence = sign(prover, digestOf(group));
        Payment memory first = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (first, upto(4, 2, payer, 1, 2 * PRICE, 2));
        assertAllSettled(group);
        assertEq(earned(1), 4 * uint256(PRICE));
    }

    function _run(uint256 count, uint96 amount, uint256 maximum, uint256 nonce) private view returns (Group memory) {
        return
            signedGroup(receiptsOf(1, count, payer.addr, amount, 1), upto(0, uint32(count), payer, 1, maximum, nonce));
    }

    function _unapproved() private returns (Vm.Wallet memory wallet) {
        wallet = vm.createWallet("unapproved");
        mint(usdc, wallet.addr, 1_000_000);
    }
}
