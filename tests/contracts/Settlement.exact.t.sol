// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IERC3009} from "../../contracts/interfaces/external/IERC3009.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {ExactPayment} from "../../contracts/types/Payments.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

interface IAuthorizations {
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
}

/// Payments of the x402 scheme `exact`: a transfer counts only when Settlement makes it itself.
contract SettlementExactTest is PaymentTest {
    string private constant USED = "FiatTokenV2: authorization is used or canceled";

    function testFuzz_exact_movesTheSignedValue(uint8 count, uint96 amount, bytes32 nonce) public {
        uint256 receipts = bound(count, 1, 8);
        amount = uint96(bound(amount, 1, 100_000));
        assertAllSettled(_run(receipts, amount, receipts * amount, nonce));
        assertEq(earned(1), receipts * amount);
        assertEq(settlement.amountTally(address(usdc), Tier.SIGNED), receipts * amount);
        assertEq(usdc.balanceOf(payer.addr), 1_000_000 - receipts * amount);
    }

    function testFuzz_exact_refusesAnyOtherSum(uint96 value) public {
        value = uint96(bound(value, 1, 1_000_000));
        vm.assume(value != 2 * PRICE);
        assertAllSkipped(_run(2, PRICE, value, "nonce"), paymentFailedSaying("FiatTokenV2: invalid signature"));
    }

    function testFuzz_exact_aFrontRunTransferIsNeverCredited(uint96 amount, address thief) public {
        vm.assume(thief != address(0) && thief.code.length == 0);
        amount = uint96(bound(amount, 1, 100_000));
        Group memory group = _run(1, amount, amount, "nonce");
        ExactPayment memory terms = abi.decode(group.payments[0].data, (ExactPayment));
        vm.prank(thief);
        _transfer(amount, terms);
        assertEq(earned(1), amount, "the pay address was paid, without evidence");

        assertAllSkipped(group, paymentFailedSaying(USED));
        assertEq(settlement.amountTally(address(usdc), Tier.SIGNED), 0, "not counted");
    }

    function testFuzz_exact_aCancelledAuthorisationIsNeverCredited(uint96 amount) public {
        amount = uint96(bound(amount, 1, 100_000));
        Group memory group = _run(1, amount, amount, "nonce");
        mint(usdc, payAddress(1), amount); // a surplus that nobody may claim with it
        _cancel("nonce");
        assertTrue(IAuthorizations(address(usdc)).authorizationState(payer.addr, "nonce"), "looks like a used one");

        assertAllSkipped(group, paymentFailedSaying(USED));
        assertEq(settlement.nextSeq(), 0);
    }

    function testFuzz_exact_paysOnceOnly(bytes32 nonce) public {
        Group memory group = _run(1, PRICE, PRICE, nonce);
        assertAllSettled(group);
        Group memory again = signedGroup(receiptsOf(50, 1, payer.addr, PRICE, 1), exact(0, 1, payer, 1, PRICE, nonce));
        assertAllSkipped(again, paymentFailedSaying(USED));
        assertEq(earned(1), PRICE);
    }

    function testFuzz_exact_paysTheSignedPayAddressOnly(uint8 signedFloor) public {
        signedFloor = uint8(bound(signedFloor, 2, 255));
        Group memory group = _run(1, PRICE, PRICE, "nonce");
        group.payments[0] = exact(0, 1, payer, signedFloor, PRICE, "nonce");
        assertAllSkipped(group, paymentFailedSaying("FiatTokenV2: invalid signature"));
    }

    function testFuzz_exact_signatureIs65Bytes(bytes calldata signature) public {
        vm.assume(signature.length != 65);
        Group memory group = _run(1, PRICE, PRICE, "nonce");
        ExactPayment memory terms = abi.decode(group.payments[0].data, (ExactPayment));
        terms.signature = signature;
        group.payments[0].data = abi.encode(terms);
        assertAllSkipped(group, abi.encodeWithSelector(ISettlement.BadSignatureLength.selector, signature.length));
    }

    function testFuzz_exact_insideItsWindowOnly(uint32 time) public {
        Group memory group = _run(1, PRICE, PRICE, "nonce");
        time = uint32(bound(time, 0, 600));
        vm.warp(SERVED_AT + time);
        if (time < 300) assertAllSettled(group);
        else assertAllSkipped(group, paymentFailedSaying("FiatTokenV2: authorization is expired"));
    }

    function test_exact_isMarkedInTheEvent() public {
        Group memory group = _run(1, PRICE, PRICE, "nonce");
        vm.recordLogs();
        settleOne(group);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlement.InferenceSettled.selector) continue;
            (,,,,, uint256 terms) = abi.decode(logs[i].data, (bytes32, address, address, bytes32, bytes32, uint256));
            assertEq(uint8(terms >> 8), 4, "scheme");
            return;
        }
        revert("no event");
    }

    function _run(uint256 count, uint96 amount, uint256 value, bytes32 nonce) private view returns (Group memory) {
        return signedGroup(receiptsOf(1, count, payer.addr, amount, 1), exact(0, uint32(count), payer, 1, value, nonce));
    }

    function _transfer(uint256 amount, ExactPayment memory terms) private {
        (uint8 v, bytes32 r, bytes32 s) = _parts(terms.signature);
        address target = payAddresses.addressOf(prover.addr, 1);
        IERC3009(address(usdc))
            .transferWithAuthorization(
                payer.addr, target, amount, terms.validAfter, terms.validBefore, terms.nonce, v, r, s
            );
    }

    function _cancel(bytes32 nonce) private {
        bytes32 typehash = 0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429;
        bytes32 structHash = keccak256(abi.encode(typehash, payer.addr, nonce));
        (, bytes memory domain) = address(usdc).staticcall(abi.encodeWithSignature("DOMAIN_SEPARATOR()"));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(payer.privateKey, typedDigest(abi.decode(domain, (bytes32)), structHash));
        IAuthorizations(address(usdc)).cancelAuthorization(payer.addr, nonce, v, r, s);
    }

    function _parts(bytes memory signature) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }
}
