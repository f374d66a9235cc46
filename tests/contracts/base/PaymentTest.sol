// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {
    Group,
    GroupResult,
    Payment,
    PaymentScheme,
    Receipt as InferenceReceipt
} from "../../../contracts/types/Group.sol";
import {BatchPayment, ExactPayment, UptoPayment, UptoPaymentWithPermit} from "../../../contracts/types/Payments.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {ChannelParts} from "./ChannelParts.sol";
import {SettlementTest} from "./SettlementTest.sol";

/// Builders for the payments of all schemes, over runs of receipts.
abstract contract PaymentTest is SettlementTest, ChannelParts {
    bytes32 internal constant TRANSFER_TYPEHASH = 0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267;
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    uint64 internal constant SERVED_AT = 1_800_000_000;
    uint128 internal constant CHANNEL_FUNDS = 1_000_000_000;

    function setUp() public virtual override {
        super.setUp();
        placeBatchSettlement();
    }

    /* RECEIPTS */

    function receiptOf(uint64 nonce, address from, uint96 amount, uint8 floor)
        internal
        pure
        returns (InferenceReceipt memory)
    {
        return InferenceReceipt({
            requestHash: keccak256(abi.encode("request", nonce)),
            responseHash: keccak256(abi.encode("response", nonce)),
            payer: from,
            terms: packTerms(nonce, amount, SERVED_AT, floor)
        });
    }

    /// Receipts of one payer with consecutive nonces.
    function receiptsOf(uint64 firstNonce, uint256 count, address from, uint96 amount, uint8 floor)
        internal
        pure
        returns (InferenceReceipt[] memory receipts)
    {
        receipts = new InferenceReceipt[](count);
        for (uint64 i; i < count; ++i) {
            receipts[i] = receiptOf(firstNonce + i, from, amount, floor);
        }
    }

    /* GROUPS */

    /// A signed group with at most one payment; without one when its scheme is NONE.
    function signedGroup(InferenceReceipt[] memory receipts, Payment memory payment)
        internal
        view
        returns (Group memory group)
    {
        group.modelId = modelId;
        group.prover = prover.addr;
        group.route = SIGNED_ROUTE;
        group.asset = address(usdc);
        group.receipts = receipts;
        if (payment.scheme != PaymentScheme.NONE) {
            group.payments = new Payment[](1);
            group.payments[0] = payment;
        }
        group.evidence = sign(prover, digestOf(group));
    }

    function sum(InferenceReceipt[] memory receipts) internal pure returns (uint256 total) {
        for (uint256 i; i < receipts.length; ++i) {
            total += receipts[i].terms.amount();
        }
    }

    function payAddress(uint8 floor) internal view returns (address) {
        return payAddresses.addressOf(prover.addr, floor);
    }

    /// What is on the pay address, and what channels hold for it.
    function earned(uint8 floor) internal view returns (uint256) {
        (uint128 claimed, uint128 sent) = BATCH.receivers(payAddress(floor), address(usdc));
        return usdc.balanceOf(payAddress(floor)) + claimed - sent;
    }

    /* UPTO */

    function upto(uint32 first, uint32 count, Vm.Wallet memory wallet, uint8 floor, uint256 maxAmount, uint256 nonce)
        internal
        view
        returns (Payment memory)
    {
        return Payment({
            scheme: PaymentScheme.UPTO,
            first: first,
            count: count,
            data: abi.encode(uptoTerms(wallet, payAddress(floor), maxAmount, nonce))
        });
    }

    function uptoTerms(Vm.Wallet memory wallet, address to, uint256 maxAmount, uint256 nonce)
        internal
        view
        returns (UptoPayment memory terms)
    {
        terms.maxAmount = maxAmount;
        terms.nonce = nonce;
        terms.deadline = SERVED_AT + 300;
        terms.signature = signUpto(
            wallet.privateKey,
            UptoTerms({
                token: address(usdc),
                maxAmount: maxAmount,
                nonce: nonce,
                deadline: terms.deadline,
                to: to,
                facilitator: address(settlement),
                validAfter: 0
            })
        );
    }

    function uptoWithPermit(uint32 count, Vm.Wallet memory wallet, uint8 floor, uint256 maxAmount, uint256 permitValue)
        internal
        view
        returns (Payment memory)
    {
        UptoPaymentWithPermit memory terms;
        terms.upto = uptoTerms(wallet, payAddress(floor), maxAmount, 99);
        (terms.permitValue, terms.permitDeadline) = (permitValue, SERVED_AT + 300);
        IERC20Permit token = IERC20Permit(address(usdc));
        bytes32 structHash = keccak256(
            abi.encode(
                PERMIT_TYPEHASH, wallet.addr, PERMIT2, permitValue, token.nonces(wallet.addr), terms.permitDeadline
            )
        );
        (terms.v, terms.r, terms.s) = vm.sign(wallet.privateKey, typedDigest(token.DOMAIN_SEPARATOR(), structHash));
        return Payment({scheme: PaymentScheme.UPTO_WITH_PERMIT, first: 0, count: count, data: abi.encode(terms)});
    }

    /* CHANNELS */

    function channelOf(Vm.Wallet memory wallet, uint8 floor)
        internal
        view
        returns (IX402BatchSettlement.ChannelConfig memory)
    {
        return channelConfig(wallet.addr, payAddress(floor), address(settlement), usdc);
    }

    function openChannelOf(Vm.Wallet memory wallet, uint8 floor)
        internal
        returns (IX402BatchSettlement.ChannelConfig memory config)
    {
        config = channelOf(wallet, floor);
        openChannel(wallet, config, CHANNEL_FUNDS);
    }

    /// A payment from a channel with a voucher over `maxClaimable`, signed by `signer`.
    function voucher(
        uint32 first,
        uint32 count,
        Vm.Wallet memory signer,
        IX402BatchSettlement.ChannelConfig memory config,
        uint128 maxClaimable
    ) internal view returns (Payment memory) {
        BatchPayment memory payment = BatchPayment({
            channel: config,
            maxClaimableAmount: maxClaimable,
            signature: signVoucher(signer, channelIdOf(config), maxClaimable)
        });
        return Payment({scheme: PaymentScheme.BATCH_SETTLEMENT, first: first, count: count, data: abi.encode(payment)});
    }

    function claimedOf(IX402BatchSettlement.ChannelConfig memory config) internal view returns (uint128 claimed) {
        (, claimed) = BATCH.channels(channelIdOf(config));
    }

    /* EXACT */

    function exact(uint32 first, uint32 count, Vm.Wallet memory wallet, uint8 floor, uint256 value, bytes32 nonce)
        internal
        view
        returns (Payment memory)
    {
        return Payment({
            scheme: PaymentScheme.EXACT,
            first: first,
            count: count,
            data: abi.encode(exactTerms(wallet, payAddress(floor), value, nonce))
        });
    }

    function exactTerms(Vm.Wallet memory wallet, address to, uint256 value, bytes32 nonce)
        internal
        view
        returns (ExactPayment memory terms)
    {
        terms.validBefore = SERVED_AT + 300;
        terms.nonce = nonce;
        bytes32 structHash =
            keccak256(abi.encode(TRANSFER_TYPEHASH, wallet.addr, to, value, uint256(0), terms.validBefore, nonce));
        bytes32 domain = IERC20Permit(address(usdc)).DOMAIN_SEPARATOR();
        terms.signature = sign(wallet, typedDigest(domain, structHash));
    }

    /* EXPECTATIONS */

    function paymentFailed(bytes memory cause) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlement.PaymentFailed.selector, cause);
    }

    function paymentFailedSaying(string memory cause) internal pure returns (bytes memory) {
        return paymentFailed(abi.encodeWithSignature("Error(string)", cause));
    }

    /// The group is fine, but none of its receipts settles, all for the same reason; nothing else changes.
    function assertAllSkipped(Group memory group, bytes memory reason) internal {
        uint64 seq = settlement.nextSeq();
        for (uint256 i; i < group.receipts.length; ++i) {
            expectReceiptSkipped(group, i, reason);
        }
        GroupResult memory result = settleOne(group);
        assertEq(result.reason, "", "group's reason");
        assertEq(result.settled, 0, "settled");
        assertEq(result.skipped, group.receipts.length, "skipped");
        assertEq(settlement.nextSeq(), seq, "seq");
        for (uint256 i; i < group.receipts.length; ++i) {
            assertFalse(settlement.isNonceUsed(group.prover, group.receipts[i].terms.nonce()), "nonce");
        }
        assertHoldsNothing();
    }

    function assertAllSettled(Group memory group) internal {
        GroupResult memory result = settleOne(group);
        assertEq(result.reason, "", "group's reason");
        assertEq(result.settled, group.receipts.length, "settled");
        assertEq(result.skipped, 0, "skipped");
        for (uint256 i; i < group.receipts.length; ++i) {
            assertTrue(settlement.isNonceUsed(group.prover, group.receipts[i].terms.nonce()), "nonce");
        }
        assertEq(settlement.settledGroup(rootOf(group)).count, group.receipts.length, "stored root");
        assertHoldsNothing();
    }

    /// Money passes Settlement by: it holds none and can move none (I13).
    function assertHoldsNothing() internal view {
        assertEq(usdc.balanceOf(address(settlement)), 0, "Settlement holds nothing");
        assertEq(usdc.allowance(address(settlement), PERMIT2), 0, "no allowance");
    }
}
