// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {stdError} from "forge-std/StdError.sol";

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {TokenBalance} from "../../contracts/libraries/TokenBalance.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";
import {IFiatToken} from "./base/RealParts.sol";
import {HostileAccount} from "./hostile/HostileAccount.sol";
import {HostileToken} from "./hostile/HostileToken.sol";
import {HostileVerifier} from "./hostile/HostileVerifier.sol";

/// Everything that Settlement calls, at its worst. A group that meets it never blocks its neighbours, and what a callee
/// can burn is bounded.
contract SettlementHostileTest is PaymentTest {
    bytes4 private constant HOSTILE_ROUTE = "hstl";
    uint32 private constant ROUTE_GAS = 300_000;

    /// Everything around one hostile call: two groups and their frames.
    uint256 private constant OVERHEAD_GAS = 500_000;

    HostileToken private token;
    HostileVerifier private verifier;
    HostileAccount private account;

    function setUp() public override {
        super.setUp();
        token = new HostileToken();
        token.mint(payer.addr, 1_000_000);
        account = new HostileAccount();
        verifier = new HostileVerifier();
        openRoute(HOSTILE_ROUTE, address(verifier), ROUTE_GAS, 0);
    }

    /* TOKENS */

    function testFuzz_token_thatTakesAFee(uint96 amount, uint96 fee) public {
        amount = uint96(bound(amount, 1, 1_000_000));
        fee = uint96(bound(fee, 1, amount));
        token.become(HostileToken.Manner.TAKES_A_FEE, fee);
        _assertRefused(
            _tokenGroup(amount), abi.encodeWithSelector(ISettlement.PaymentShortfall.selector, amount, amount - fee)
        );
    }

    function testFuzz_token_honestOrWithoutReturnValue(uint96 amount, bool silent) public {
        amount = uint96(bound(amount, 1, 1_000_000));
        token.become(silent ? HostileToken.Manner.SAYS_NOTHING : HostileToken.Manner.HONEST, 0);
        _assertBothSettle(_tokenGroup(amount));
        assertEq(token.balanceOf(payAddress(1)), amount);
    }

    function testFuzz_token_withoutReturnValueByUpto(uint96 amount, bool silent) public {
        amount = uint96(bound(amount, 1, 1_000));
        token.become(silent ? HostileToken.Manner.SAYS_NOTHING : HostileToken.Manner.HONEST, 0);
        _assertBothSettle(_tokenGroupByUpto(amount));
        assertEq(token.balanceOf(payAddress(1)), amount);
    }

    function test_token_thatSaysFalse() public {
        token.become(HostileToken.Manner.SAYS_FALSE, 0);
        _assertRefused(_tokenGroup(PRICE), abi.encodeWithSelector(ISettlement.PaymentShortfall.selector, PRICE, 0));
        _assertSkipped(_tokenGroupByUpto(PRICE), paymentFailedSaying("TRANSFER_FROM_FAILED"));
    }

    function testFuzz_token_thatBombs(uint32 size) public {
        size = uint32(bound(size, 0, 100_000));
        token.become(HostileToken.Manner.RETURNS_A_BOMB, size);
        uint256 used = _assertBothSettle(_tokenGroup(PRICE));
        assertLt(used, OVERHEAD_GAS + 400_000);
    }

    function testFuzz_token_thatRevertsWithABomb(uint32 size) public {
        size = uint32(bound(size, 0, 2_000_000));
        token.become(HostileToken.Manner.REVERTS_WITH_A_BOMB, size);
        Group[] memory groups = _withNeighbour(_tokenGroup(PRICE));
        uint256 gasBefore = gasleft();
        GroupResult[] memory results = settleAs(prover.addr, groups);
        assertLt(gasBefore - gasleft(), OVERHEAD_GAS + 400_000, "gas");
        assertEq(results[0].skipped, 1, "skipped");
        assertEq(results[1].settled, 1, "neighbour");
    }

    function test_token_thatBurnsGas() public {
        token.become(HostileToken.Manner.BURNS_GAS, 0);
        uint256 gasBefore = gasleft();
        _assertSkipped(_tokenGroup(PRICE), paymentFailed(""));
        assertLt(gasBefore - gasleft(), 2 * OVERHEAD_GAS + 400_000, "gas");
    }

    function testFuzz_token_whoseBalanceIsABomb(uint32 size) public {
        size = uint32(bound(size, 0, 2_000_000));
        vm.assume(size < 32 || size > 250_000); // in between it is an answer that goes on behind its word
        token.become(HostileToken.Manner.BALANCE_IS_A_BOMB, size);
        _assertRefused(
            _tokenGroup(PRICE), abi.encodeWithSelector(TokenBalance.TokenUnreadable.selector, address(token))
        );
    }

    function test_token_whoseBalanceBurnsGas() public {
        token.become(HostileToken.Manner.BALANCE_BURNS_GAS, 0);
        _assertRefused(
            _tokenGroup(PRICE), abi.encodeWithSelector(TokenBalance.TokenUnreadable.selector, address(token))
        );
    }

    function testFuzz_token_whoseBalanceShrinks(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1_000_000));
        token.become(HostileToken.Manner.BALANCE_SHRINKS, 0);
        _assertRefused(_tokenGroup(amount), stdError.arithmeticError);
    }

    function testFuzz_token_withoutCode(address codeless, bool byUpto) public {
        vm.assume(codeless.code.length == 0 && uint160(codeless) > 0xffff);
        Group memory group = byUpto ? _tokenGroupByUpto(PRICE) : _tokenGroup(PRICE);
        group.asset = codeless;
        group.evidence = sign(prover, digestOf(group));
        _assertRefused(group, abi.encodeWithSelector(TokenBalance.TokenUnreadable.selector, codeless));
    }

    /// The token comes back into Settlement in the middle of a transfer: nothing of it goes through.
    function testFuzz_token_thatCallsBack(uint8 which, bool byUpto) public {
        Group memory inner = signedGroup(one(freeReceipt(1_000)));
        inner.authorization = authorize(prover, inner); // anybody may submit it
        which = uint8(bound(which, 0, 2));
        bytes memory callback = abi.encodeCall(settlement.settle, (one(inner)));
        if (which == 1) callback = abi.encodeCall(settlement.settleGroup, (0, prover.addr, one(inner)));
        if (which == 2) callback = abi.encodeCall(settlement.refundChannel, (channelOf(payer, 1), 1, 1));
        token.callBack(address(settlement), callback);

        _assertBothSettle(byUpto ? _tokenGroupByUpto(PRICE) : _tokenGroup(PRICE));

        assertFalse(token.calledBack(), "the callback went through");
        bytes4 error = which == 1 ? ISettlement.OnlySelf.selector : bytes4(keccak256("ReentrancyGuardReentrantCall()"));
        assertEq(bytes4(token.answer()), error, "refused for another reason");
        assertFalse(settlement.isNonceUsed(prover.addr, 1_000), "the inner receipt");
        assertEq(settlement.nextSeq(), 2);
    }

    function testFuzz_token_blacklistsAPayerOrAPayAddress(bool thePayer) public {
        Group memory group = signedGroup(receiptsOf(1, 2, payer.addr, PRICE, 1), upto(0, 2, payer, 1, 2 * PRICE, 1));
        address banned = thePayer ? payer.addr : payAddress(1);
        vm.prank(TOKEN_ADMIN);
        usdc.blacklist(banned);
        _assertSkipped(group, paymentFailedSaying("TRANSFER_FROM_FAILED"));
        vm.prank(TOKEN_ADMIN);
        usdc.unBlacklist(banned);
        assertAllSettled(group);
    }

    function test_token_paused() public {
        Group memory group = signedGroup(receiptsOf(1, 2, payer.addr, PRICE, 1), upto(0, 2, payer, 1, 2 * PRICE, 1));
        openChannelOf(payer, 1);
        Group memory claim =
            signedGroup(receiptsOf(5, 1, payer.addr, PRICE, 1), voucher(0, 1, payer, channelOf(payer, 1), PRICE));
        vm.prank(TOKEN_ADMIN);
        usdc.pause();
        _assertSkipped(group, paymentFailedSaying("TRANSFER_FROM_FAILED"));
        assertAllSettled(claim); // moves no token
        vm.prank(TOKEN_ADMIN);
        usdc.unpause();
        assertAllSettled(group);
    }

    /* VERIFIERS */

    function testFuzz_verifier_withABadAnswer(uint8 manner, uint32 size) public {
        manner = uint8(
            bound(manner, uint8(HostileVerifier.Manner.BURNS_GAS), uint8(HostileVerifier.Manner.FEIGNS_WANT_OF_GAS))
        );
        size = uint32(bound(size, 0, 2_000_000));
        vm.assume(size != 96);
        if (HostileVerifier.Manner(manner) == HostileVerifier.Manner.REVERTS_WITH_A_BOMB && size > 3) size = 3;
        verifier.become(HostileVerifier.Manner(manner), size);
        _assertRefused(_verifierGroup(), abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
    }

    function testFuzz_verifier_whoseReasonIsABomb(uint32 size) public {
        size = uint32(bound(size, 4, 60_000));
        verifier.become(HostileVerifier.Manner.REVERTS_WITH_A_BOMB, size);
        GroupResult[] memory results = settleAs(prover.addr, _withNeighbour(_verifierGroup()));
        assertEq(results[0].reason.length, size < 256 ? size : 256, "kept of the reason");
        assertEq(results[1].settled, 1, "neighbour");
    }

    /// It gets the gas of its route, always: less is never taken for bad evidence.
    function testFuzz_verifier_getsTheGasOfItsRoute(uint256 available, uint32 need) public {
        need = uint32(bound(need, 1_000, 290_000));
        available = bound(available, 60_000, 1_500_000);
        verifier.become(HostileVerifier.Manner.NEEDS_GAS, need);
        Group memory group = _verifierGroup();
        vm.prank(prover.addr);
        try settlement.settle{gas: available}(one(group)) returns (GroupResult[] memory results) {
            assertEq(results[0].settled, 2, "either settled");
        } catch (bytes memory reason) {
            bool starved = reason.length == 0 || bytes4(reason) == ISettlement.NotEnoughGas.selector;
            assertTrue(starved, "or reverted for want of gas");
            assertLt(available, ROUTE_GAS + 250_000, "and only for want of gas");
        }
    }

    function testFuzz_verifier_thatNeedsMoreThanItsRouteGives(uint32 need) public {
        need = uint32(bound(need, ROUTE_GAS, 10_000_000));
        verifier.become(HostileVerifier.Manner.NEEDS_GAS, need);
        Group[] memory groups = _withNeighbour(_verifierGroup());
        uint256 gasBefore = gasleft();
        GroupResult[] memory results = settleAs(prover.addr, groups);
        assertLt(gasBefore - gasleft(), OVERHEAD_GAS + ROUTE_GAS, "gas");
        assertGt(results[0].reason.length, 0, "refused");
        assertEq(results[1].settled, 1, "neighbour");
    }

    function testFuzz_verifier_thatCallsBack(bool theFrame) public {
        Group memory inner = signedGroup(one(freeReceipt(1_000)));
        inner.authorization = authorize(prover, inner);
        bytes memory callback = theFrame
            ? abi.encodeCall(settlement.settleGroup, (0, prover.addr, one(inner)))
            : abi.encodeCall(settlement.settle, (one(inner)));
        verifier.callBack(address(settlement), callback);
        _assertBothSettle(_verifierGroup()); // the verifier accepts only when the callback failed
        assertFalse(settlement.isNonceUsed(prover.addr, 1_000));
    }

    /* ERC-1271 PROVERS */

    function testFuzz_account_asProver(uint8 manner, uint32 size) public {
        manner = uint8(bound(manner, 0, uint8(HostileAccount.Manner.REFUSES)));
        size = uint32(bound(size, 0, 2_000_000));
        vm.assume(size < 32 || size > 500_000); // in between it is an answer that goes on behind its word
        account.become(HostileAccount.Manner(manner), size);
        Group memory group = signedGroup(one(freeReceipt(7)));
        group.prover = address(account);
        Group[] memory groups = _withNeighbour(group);
        groups[1].authorization = authorize(prover, groups[1]);

        uint256 gasBefore = gasleft();
        GroupResult[] memory results = settleAs(relayer, groups);

        assertLt(gasBefore - gasleft(), OVERHEAD_GAS + 200_000 + 200_000, "gas");
        bool accepts = manner == 0 || HostileAccount.Manner(manner) == HostileAccount.Manner.SAYS_MORE;
        if (accepts) assertEq(results[0].settled, 1, "accepted");
        else assertEq(bytes4(results[0].reason), ISettlement.NotAuthorized.selector, "refused");
        assertEq(results[1].settled, 1, "neighbour");
    }

    /* ERC-1271 PAYERS */

    function testFuzz_account_asPayer(uint8 manner, uint32 size, bool byChannel) public {
        manner = uint8(bound(manner, uint8(HostileAccount.Manner.BURNS_GAS), uint8(HostileAccount.Manner.REFUSES)));
        size = uint32(bound(size, 0, 2_000_000));
        vm.assume(HostileAccount.Manner(manner) != HostileAccount.Manner.SAYS_MORE); // Permit2 takes that
        vm.assume(HostileAccount.Manner(manner) != HostileAccount.Manner.RETURNS_A_BOMB || size < 32 || size > 900_000);
        Group memory group = byChannel ? _accountsChannel() : _accountsUpto();
        account.become(HostileAccount.Manner(manner), size);
        Group[] memory groups = _withNeighbour(group);

        uint256 gasBefore = gasleft();
        GroupResult[] memory results = settleAs(prover.addr, groups);

        assertLt(gasBefore - gasleft(), OVERHEAD_GAS + 400_000, "gas");
        assertEq(results[0].settled, 0, "settled");
        assertEq(results[0].skipped, 1, "skipped");
        assertEq(results[1].settled, 1, "neighbour");
        account.become(HostileAccount.Manner.ACCEPTS, 0);
        assertAllSettled(group);
    }

    /* PARTS */

    function _tokenGroup(uint96 amount) private view returns (Group memory group) {
        group =
            signedGroup(one(receiptOf(1, payer.addr, amount, 1)), exact(0, 1, payer, 1, amount, bytes32(uint256(1))));
        group.asset = address(token);
        group.evidence = sign(prover, digestOf(group));
    }

    function _tokenGroupByUpto(uint96 amount) private returns (Group memory group) {
        IFiatToken real = usdc;
        usdc = IFiatToken(address(token)); // what the builders sign for
        group = signedGroup(one(receiptOf(2, payer.addr, amount, 1)), upto(0, 1, payer, 1, MAX_PRICE, 5));
        usdc = real;
    }

    function _verifierGroup() private view returns (Group memory group) {
        group = signedGroup(receiptsOf(1, 2, address(0), 0, 2));
        group.route = HOSTILE_ROUTE;
    }

    function _accountsUpto() private returns (Group memory) {
        mint(usdc, address(account), PRICE);
        account.approve(address(usdc), PERMIT2);
        return signedGroup(one(receiptOf(1, address(account), PRICE, 1)), upto(0, 1, payer, 1, PRICE, 1));
    }

    function _accountsChannel() private returns (Group memory) {
        mint(usdc, address(account), PRICE);
        BATCH.deposit(
            channelConfig(address(account), payAddress(1), address(settlement), usdc),
            PRICE,
            ERC3009_COLLECTOR,
            depositData(payer, channelConfig(address(account), payAddress(1), address(settlement), usdc), PRICE, 9)
        );
        return signedGroup(
            one(receiptOf(1, address(account), PRICE, 1)),
            voucher(0, 1, payer, channelConfig(address(account), payAddress(1), address(settlement), usdc), PRICE)
        );
    }

    function _withNeighbour(Group memory group) private view returns (Group[] memory groups) {
        groups = new Group[](2);
        groups[0] = group;
        groups[1] = signedGroup(one(freeReceipt(500)));
    }

    function _assertRefused(Group memory group, bytes memory reason) private {
        uint256 state = vm.snapshotState();
        vm.expectEmit(address(settlement));
        emit ISettlement.GroupSkipped(group.modelId, group.prover, group.route, 0, reason);
        GroupResult[] memory results = settleAs(prover.addr, _withNeighbour(group));
        assertEq(results[0].reason, reason, "reason");
        assertEq(results[1].settled, 1, "neighbour");
        assertEq(settlement.nextSeq(), 1, "seq");
        assertFalse(settlement.isNonceUsed(prover.addr, group.receipts[0].terms.nonce()), "nonce");
        assertEq(settlement.amountTally(group.asset, Tier.SIGNED), 0, "amount tally");
        vm.revertToState(state);
    }

    function _assertSkipped(Group memory group, bytes memory reason) private {
        uint256 state = vm.snapshotState();
        expectReceiptSkipped(group, 0, reason);
        GroupResult[] memory results = settleAs(prover.addr, _withNeighbour(group));
        assertEq(results[0].skipped, group.receipts.length, "skipped");
        assertEq(results[1].settled, 1, "neighbour");
        assertEq(settlement.nextSeq(), 1, "seq");
        assertFalse(settlement.isNonceUsed(prover.addr, group.receipts[0].terms.nonce()), "nonce");
        vm.revertToState(state);
    }

    function _assertBothSettle(Group memory group) private returns (uint256 gasUsed) {
        Group[] memory groups = _withNeighbour(group);
        uint256 gasBefore = gasleft();
        GroupResult[] memory results = settleAs(prover.addr, groups);
        gasUsed = gasBefore - gasleft();
        assertEq(results[0].reason, "", "reason");
        assertEq(results[0].settled, group.receipts.length, "settled");
        assertEq(results[1].settled, 1, "neighbour");
        assertHoldsNothing();
    }
}
