// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {ISignedVerifier} from "../../contracts/interfaces/ISignedVerifier.sol";
import {IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {Settlement} from "../../contracts/Settlement.sol";
import {Group, Payment, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {BatchPayment, ExactPayment, UptoPayment} from "../../contracts/types/Payments.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {ContractAccount} from "./base/ChannelTest.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// Counts how often somebody calls it.
contract CallCounter {
    uint256 public calls;

    fallback() external {
        ++calls;
    }
}

/// A signature is good for what it was given for, and for nothing else: other provers, deployments, accounts of the
/// same owner, other spellings of itself.
contract SecurityReplayTest is PaymentTest {
    bytes4 private constant INVALID_NONCE = 0x756688fe;
    bytes4 private constant INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));
    bytes32 private constant ERC6492_MAGIC = 0x6492649264926492649264926492649264926492649264926492649264926492;
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* OTHER PROVERS AND MODELS */

    function testFuzz_payment_forOneProverPaysNoOther(uint8 scheme) public {
        Vm.Wallet memory thief = vm.createWallet("thief");
        Payment memory payment = _payment(scheme);
        Group memory group = _groupOf(thief, payment);
        bytes memory reason = paymentFailed(abi.encodePacked(INVALID_SIGNER));
        if (payment.scheme == PaymentScheme.BATCH_SETTLEMENT) {
            reason = abi.encodeWithSelector(ISettlement.ChannelMismatch.selector);
        }
        if (payment.scheme == PaymentScheme.EXACT) reason = paymentFailedSaying("FiatTokenV2: invalid signature");
        uint256 before = usdc.balanceOf(payer.addr);

        expectReceiptSkipped(group, 0, reason);
        assertEq(settleAs(thief.addr, one(group))[0].skipped, 1);

        assertEq(usdc.balanceOf(payer.addr), before, "nothing was taken");
        assertEq(earned(1), 0, "nor given to the other");
    }

    /// The payer signs prover and floor, not the model: which model ran is the prover's claim, which the payer reads in
    /// the event.
    function testFuzz_payment_namesNoModel(bytes32 model) public {
        Group memory group = signedGroup(one(receiptOf(1, payer.addr, PRICE, 1)), upto(0, 1, payer, 1, PRICE, 1));
        group.modelId = model;
        group.evidence = sign(prover, digestOf(group));
        assertEq(settleOne(group).settled, 1);
        assertEq(settlement.modelTally(model, Tier.SIGNED), 1, "counted for the model that was claimed");
    }

    function test_payment_ofTheProverItselfIsLikeAnyOther() public {
        fund(prover, PRICE);
        Group memory group = signedGroup(one(receiptOf(1, prover.addr, PRICE, 1)), upto(0, 1, prover, 1, PRICE, 1));
        assertAllSettled(group);
        assertEq(earned(1), PRICE);
        assertEq(usdc.balanceOf(prover.addr), 0);
    }

    function testFuzz_group_ofTheZeroProverIsRefused(address submitter, bytes calldata authorization) public {
        vm.assume(submitter != address(0));
        Group memory group = signedGroup(one(freeReceipt(1)));
        group.prover = address(0);
        group.authorization = authorization;
        bytes memory reason = abi.encodeWithSelector(ISettlement.NotAuthorized.selector, address(0), submitter);
        assertEq(settleAs(submitter, one(group))[0].reason, reason);
    }

    /* OTHER DEPLOYMENTS */

    function testFuzz_evidence_forOneDeploymentIsNoneForAnother(bool tee) public {
        Group memory group = tee ? teeGroup(one(freeReceipt(1))) : signedGroup(one(freeReceipt(1)));
        Settlement other = new Settlement(router, payAddresses);
        vm.prank(prover.addr);
        assertGt(other.settle(one(group))[0].reason.length, 0, "refused there");
        assertEq(other.nextSeq(), 0);
        assertEq(settleOne(group).settled, 1, "accepted here");
    }

    function testFuzz_evidence_forOneChainIsNoneForAnother(uint64 chain) public {
        vm.assume(chain != 84532 && chain != 0);
        Group memory group = signedGroup(one(freeReceipt(1)));
        vm.chainId(chain);
        assertEq(
            settleOne(group).reason, abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, prover.addr)
        );
    }

    /// Another deployment derives the same pay addresses. It is not the facilitator that the payer named, nor the
    /// receiver authorizer of the channel.
    function testFuzz_payment_forOneDeploymentPaysThroughNoOther(bool channel) public {
        Payment memory payment = _payment(channel ? 2 : 0);
        InferenceReceipt[] memory receipts = receiptsOf(1, 1, payer.addr, PRICE, 1);
        Settlement here = settlement;
        settlement = new Settlement(router, payAddresses);
        assertEq(payAddress(1), here.payAddressOf(prover.addr, 1), "the same pay address");
        bytes memory reason = channel
            ? abi.encodeWithSelector(ISettlement.ChannelMismatch.selector)
            : paymentFailed(abi.encodePacked(INVALID_SIGNER));
        assertAllSkipped(signedGroup(receipts, payment), reason);
        settlement = here;
        assertAllSettled(signedGroup(receipts, payment));
    }

    /* OTHER ACCOUNTS OF ONE OWNER */

    function testFuzz_twin_proverDidNotSign(bool asAuthorization) public {
        (address first, address second) = _twins();
        Group memory group = signedGroup(one(freeReceipt(1)));
        group.prover = first;
        group.evidence = sign(prover, digestOf(group));
        group.authorization = authorize(prover, group);
        Group memory stolen = abi.decode(abi.encode(group), (Group));
        stolen.prover = second;
        address submitter = asAuthorization ? relayer : second;

        bytes memory reason = settleAs(submitter, one(stolen))[0].reason;

        bytes memory expected = abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, second);
        if (asAuthorization) {
            expected = abi.encodeWithSelector(ISettlement.NotAuthorized.selector, second, relayer);
        }
        assertEq(reason, expected);
        assertEq(settleAs(relayer, one(group))[0].settled, 1, "the one that signed");
    }

    function test_twin_payersVoucherIsOfOneAccount() public {
        (address first, address second) = _twins();
        IX402BatchSettlement.ChannelConfig memory mine = channelConfig(first, payAddress(1), address(settlement), usdc);
        IX402BatchSettlement.ChannelConfig memory twins =
            channelConfig(second, payAddress(1), address(settlement), usdc);
        openChannel(prover, mine, PRICE);
        openChannel(prover, twins, PRICE);
        Payment memory stolen = voucher(0, 1, prover, twins, PRICE);
        Payment memory given = voucher(0, 1, prover, mine, PRICE);
        InferenceReceipt[] memory receipts = receiptsOf(1, 1, first, PRICE, 1);
        assertAllSkipped(signedGroup(receipts, stolen), abi.encodeWithSelector(ISettlement.ChannelMismatch.selector));
        // the voucher of one channel named as the other's
        BatchPayment memory moved = abi.decode(stolen.data, (BatchPayment));
        moved.channel = mine;
        stolen.data = abi.encode(moved);
        assertAllSkipped(
            signedGroup(receipts, stolen),
            paymentFailed(abi.encodePacked(IX402BatchSettlement.InvalidSignature.selector))
        );
        assertAllSettled(signedGroup(receipts, given));
        assertEq(claimedOf(twins), 0);
    }

    /// Permit2 does not put the owner into what it asks an ERC-1271 account about. An account that does not put itself
    /// in, either, pays with the signature of its twin: a limit of such accounts, which nobody but they can mend.
    function test_twin_thatDoesNotBindItselfPaysByUptoToo() public {
        (address first, address second) = _twins();
        address[2] memory accounts = [first, second];
        Payment memory payment = upto(0, 1, prover, 1, PRICE, 1);
        for (uint64 i; i < 2; ++i) {
            mint(usdc, accounts[i], PRICE);
            vm.prank(accounts[i]);
            usdc.approve(PERMIT2, PRICE);
            assertAllSettled(signedGroup(receiptsOf(i, 1, accounts[i], PRICE, 1), payment));
            assertEq(usdc.balanceOf(accounts[i]), 0, "each pays once");
        }
    }

    /* OTHER SPELLINGS */

    function testFuzz_mirror_isNoEvidence(uint64 nonce) public {
        Group memory group = signedGroup(one(freeReceipt(nonce)));
        group.evidence = _mirror(group.evidence);
        assertGroupRefused(group, abi.encodeWithSelector(ISignedVerifier.NotSignedByProver.selector, prover.addr));
        group = teeGroup(one(freeReceipt(nonce)));
        group.evidence = _mirror(group.evidence);
        assertGroupRefused(group, abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
    }

    /// A payment comes again under the other spelling of its signature.
    function testFuzz_mirror_paysNotTwice(bool byExact) public {
        Payment memory payment = _payment(byExact ? 1 : 0);
        assertAllSettled(signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), payment));
        bytes memory reason;
        if (byExact) {
            ExactPayment memory terms = abi.decode(payment.data, (ExactPayment));
            terms.signature = _mirror(terms.signature);
            payment.data = abi.encode(terms);
            reason = paymentFailedSaying("FiatTokenV2: authorization is used or canceled");
        } else {
            UptoPayment memory terms = abi.decode(payment.data, (UptoPayment));
            terms.signature = _mirror(terms.signature);
            payment.data = abi.encode(terms);
            reason = paymentFailed(abi.encodePacked(INVALID_NONCE));
        }
        assertAllSkipped(signedGroup(receiptsOf(2, 1, payer.addr, PRICE, 1), payment), reason);
        assertEq(earned(1), PRICE, "paid once");
    }

    /// ERC-6492 asks for a call that prepares the account. Nobody makes it on the word of a signature.
    function testFuzz_wrapped_prepareCallIsNeverMade(bool asAuthorization, bool tee) public {
        CallCounter counter = new CallCounter();
        Group memory group = tee ? teeGroup(one(freeReceipt(1))) : signedGroup(one(freeReceipt(1)));
        group.authorization = authorize(prover, group);
        if (asAuthorization) group.authorization = _wrap(counter, group.authorization);
        else group.evidence = _wrap(counter, group.evidence);

        bytes memory reason = settleAs(relayer, one(group))[0].reason;

        bytes4 expected = tee ? IVerifier.MalformedEvidence.selector : ISignedVerifier.NotSignedByProver.selector;
        assertEq(bytes4(reason), asAuthorization ? ISettlement.NotAuthorized.selector : expected);
        assertEq(counter.calls(), 0, "called");
    }

    function testFuzz_wrapped_paymentIsRefused(uint8 scheme) public {
        CallCounter counter = new CallCounter();
        scheme = uint8(bound(scheme, 0, 1));
        Payment memory payment = _payment(scheme);
        if (scheme == 0) {
            UptoPayment memory terms = abi.decode(payment.data, (UptoPayment));
            terms.signature = _wrap(counter, terms.signature);
            payment.data = abi.encode(terms);
        } else {
            ExactPayment memory terms = abi.decode(payment.data, (ExactPayment));
            terms.signature = _wrap(counter, terms.signature);
            payment.data = abi.encode(terms);
        }
        assertEq(settleOne(signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), payment)).skipped, 1);
        assertEq(counter.calls(), 0, "called");
        assertEq(settlement.nextSeq(), 0);
    }

    /* PARTS */

    /// A payment of `PRICE` under floor 1: upto, exact or a voucher.
    function _payment(uint8 scheme) private returns (Payment memory) {
        if (scheme % 3 == 0) return upto(0, 1, payer, 1, PRICE, 1);
        if (scheme % 3 == 1) return exact(0, 1, payer, 1, PRICE, "nonce");
        return voucher(0, 1, payer, openChannelOf(payer, 1), PRICE);
    }

    function _groupOf(Vm.Wallet memory wallet, Payment memory payment) private view returns (Group memory group) {
        group = signedGroup(receiptsOf(1, 1, payer.addr, PRICE, 1), payment);
        group.prover = wallet.addr;
        group.evidence = sign(wallet, digestOf(group));
    }

    /// Two accounts that one key owns, the prover's.
    function _twins() private returns (address first, address second) {
        return (address(new ContractAccount(prover.addr)), address(new ContractAccount(prover.addr)));
    }

    function _mirror(bytes memory signature) private pure returns (bytes memory) {
        bytes32 r;
        uint256 s;
        assembly {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        return abi.encodePacked(r, ORDER - s, signature[64] == bytes1(uint8(27)) ? uint8(28) : uint8(27));
    }

    function _wrap(CallCounter counter, bytes memory signature) private pure returns (bytes memory) {
        return abi.encodePacked(abi.encode(address(counter), hex"c0de", signature), ERC6492_MAGIC);
    }
}
