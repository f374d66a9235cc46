// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Group, GroupResult, Payment, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";
import {ZkmlVerifier} from "../../contracts/verifiers/ZkmlVerifier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";
import {HostileToken} from "./hostile/HostileToken.sol";
import {PhantomToken} from "./hostile/PhantomToken.sol";

/// Guards that a settlement meets rarely, each through the whole of `settle`.
contract SecurityGuardsTest is PaymentTest {
    bytes4 private constant NARROW_ROUTE = "nrrw";

    /* CODE */

    /// I13: none of the contracts of the money path can run foreign code as its own, nor create or end itself.
    function test_code_neverRunsForeignCodeAsItsOwn() public view {
        address[4] memory contracts =
            [address(settlement), address(router), address(models), payAddresses.IMPLEMENTATION()];
        for (uint256 i; i < contracts.length; ++i) {
            assertFalse(_hasForbiddenOpcode(contracts[i].code), vm.toString(i));
        }
        assertTrue(_hasForbiddenOpcode(address(payAddresses).code), "the factory creates: the check sees it");
    }

    function testFuzz_payAddressOf_isTheFactorys(address owner_, uint8 floor) public view {
        assertEq(settlement.payAddressOf(owner_, floor), payAddresses.addressOf(owner_, floor));
    }

    /* TOKENS */

    /// The token takes `transferWithAuthorization` for something else and does not fail: a phantom function.
    function testFuzz_token_thatDoesNotKnowTheCall(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1_000_000));
        PhantomToken token = new PhantomToken();
        Group memory group =
            signedGroup(one(receiptOf(1, payer.addr, amount, 1)), exact(0, 1, payer, 1, amount, "nonce"));
        group.asset = address(token);
        group.evidence = sign(prover, digestOf(group));
        assertGroupRefused(group, abi.encodeWithSelector(ISettlement.PaymentShortfall.selector, amount, 0));
        assertEq(settlement.amountTally(address(token), Tier.SIGNED), 0);
    }

    /// What one pay address got too little is seen although others got theirs.
    function testFuzz_token_thatTakesAFeeOfOneOfSeveralFloors(uint96 fee, bool second) public {
        fee = uint96(bound(fee, 1, PRICE));
        HostileToken token = new HostileToken();
        token.mint(payer.addr, 2 * uint256(PRICE));
        InferenceReceipt[] memory receipts =
            two(receiptOf(1, payer.addr, PRICE, 1), receiptOf(2, payer.addr, PRICE, second ? 2 : 1));
        Group memory group = signedGroup(receipts, exact(0, 1, payer, 1, PRICE, "first"));
        Payment memory first = group.payments[0];
        group.payments = new Payment[](2);
        (group.payments[0], group.payments[1]) = (first, exact(1, 1, payer, second ? 2 : 1, PRICE, "second"));
        group.asset = address(token);
        group.route = TEE_ROUTE;
        group.evidence = sign(enclave, digestOf(group));
        token.become(HostileToken.Manner.TAKES_A_FEE, fee);
        uint256 expected = 2 * uint256(PRICE);
        assertGroupRefused(
            group, abi.encodeWithSelector(ISettlement.PaymentShortfall.selector, expected, expected - 2 * uint256(fee))
        );
        token.become(HostileToken.Manner.HONEST, 0);
        assertEq(settleOne(group).settled, 2, "the same group with an honest token");
    }

    /// The token comes back in while a channel is refunded: into a refund and into a settlement.
    function testFuzz_refund_isNotReentered(bool intoSettle) public {
        HostileToken token = new HostileToken();
        IX402BatchSettlement.ChannelConfig memory channel =
            channelConfig(address(this), payAddress(1), address(settlement), usdc);
        channel.token = address(token);
        token.mint(address(this), PRICE);
        BATCH.deposit(channel, PRICE, address(this), "");
        Group memory inner = signedGroup(one(freeReceipt(1)));
        inner.authorization = authorize(prover, inner);
        token.callBack(
            address(settlement),
            intoSettle
                ? abi.encodeCall(settlement.settle, (one(inner)))
                : abi.encodeCall(settlement.refundChannel, (channel, 1, 1))
        );
        vm.prank(prover.addr);
        settlement.refundChannel(channel, 1, PRICE);

        assertFalse(token.calledBack(), "the callback went through");
        assertEq(bytes4(token.answer()), bytes4(keccak256("ReentrancyGuardReentrantCall()")), "for another reason");
        assertEq(settlement.nextSeq(), 0);
        assertEq(token.balanceOf(address(this)), PRICE, "refunded");
    }

    /// The deposit collector of {testFuzz_refund_isNotReentered}.
    function collect(address, address token, uint256 amount, bytes32, bytes calldata) external {
        HostileToken(token).transferFrom(address(this), msg.sender, amount);
    }

    /* CIRCUITS */

    function test_circuit_thatIsStoppedSettlesNothingMore() public {
        Group memory group = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        vm.prank(prover.addr);
        models.stopCircuit(modelId, 0);
        assertGroupRefused(group, abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, 0));
    }

    function test_circuit_thatIsStoppedKeepsWhatItSettled() public {
        Group memory group = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        assertEq(settleOne(group).settled, 1);
        vm.prank(prover.addr);
        models.stopCircuit(modelId, 0);
        settlement.requireSettled(modelId, prover.addr, address(usdc), group.receipts[0], new bytes32[](0), Tier.ZKML);
        assertEq(settlement.tally(Tier.ZKML), 1);
    }

    /// A circuit that asks for more gas than its route gives is refused by name, with the two amounts: the proof was
    /// not judged. More gas in the transaction changes nothing, and the neighbours settle.
    function testFuzz_circuit_thatAsksForMoreThanItsRouteGives(uint32 routeGas, uint256 gasLimit) public {
        uint256 proofGas = models.getCircuit(modelId, 0).proofGas;
        routeGas = uint32(bound(routeGas, 100_000, proofGas));
        gasLimit = bound(gasLimit, 3_000_000, 30_000_000);
        openRoute(NARROW_ROUTE, address(new ZkmlVerifier(models)), routeGas, 0);
        Group[] memory groups = new Group[](2);
        groups[0] = zkmlGroup(one(zkReceipt(Tier.ZKML)));
        groups[0].route = NARROW_ROUTE;
        groups[1] = signedGroup(one(freeReceipt(900)));

        vm.prank(prover.addr);
        GroupResult[] memory results = settlement.settle{gas: gasLimit}(groups);

        assertEq(bytes4(results[0].reason), Halo2Call.NotEnoughGasForProof.selector, "reason");
        (uint256 available, uint256 needed) = abi.decode(_arguments(results[0].reason), (uint256, uint256));
        assertLt(available, needed);
        assertGt(needed, proofGas);
        assertLt(available, routeGas, "of the route's gas");
        assertEq(results[1].settled, 1, "neighbour");
        assertFalse(settlement.isNonceUsed(prover.addr, groups[0].receipts[0].terms.nonce()));
    }

    /* GAS BEFORE A COLLECTION */

    /// With less gas than a collection may use, nothing is collected and nobody is blamed: also where the payment would
    /// be refused anyway.
    function testFuzz_collection_isNotStartedWithoutItsGas(uint256 gasLimit, bool refused) public {
        uint256 maximum = refused ? 2 * uint256(PRICE) : PRICE;
        Group memory group = signedGroup(one(receiptOf(1, payer.addr, PRICE, 1)), exact(0, 1, payer, 1, maximum, "n"));
        gasLimit = bound(gasLimit, 60_000, 900_000);
        vm.prank(prover.addr);
        try settlement.settle{gas: gasLimit}(one(group)) returns (GroupResult[] memory results) {
            assertEq(results[0].reason, "", "the group itself is fine");
            assertEq(results[0].settled, refused ? 0 : 1, "judged as with all the gas there is");
            assertGt(gasLimit, 400_000, "a collection's gas was there");
        } catch (bytes memory reason) {
            assertTrue(reason.length == 0 || bytes4(reason) == ISettlement.NotEnoughGas.selector, "for want of gas");
            assertEq(usdc.balanceOf(payer.addr), 1_000_000, "nothing was taken");
        }
    }

    /* PARTS */

    function _arguments(bytes memory reason) private pure returns (bytes memory arguments) {
        arguments = new bytes(reason.length - 4);
        for (uint256 i; i < arguments.length; ++i) {
            arguments[i] = reason[i + 4];
        }
    }

    /// CREATE, CALLCODE, DELEGATECALL, CREATE2, SELFDESTRUCT; what a PUSH carries is data.
    function _hasForbiddenOpcode(bytes memory code) private pure returns (bool) {
        for (uint256 i; i < code.length; ++i) {
            uint8 opcode = uint8(code[i]);
            if (opcode == 0xf0 || opcode == 0xf2 || opcode == 0xf4 || opcode == 0xf5 || opcode == 0xff) return true;
            if (opcode >= 0x60 && opcode <= 0x7f) i += opcode - 0x5f;
        }
        return false;
    }
}
