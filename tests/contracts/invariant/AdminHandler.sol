// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IVerifierRouter} from "../../../contracts/interfaces/IVerifierRouter.sol";
import {
    Group,
    GroupResult,
    Payment,
    Receipt as InferenceReceipt,
    SettledGroup
} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {PaymentTest} from "../base/PaymentTest.sol";
import {HostileVerifier} from "../hostile/HostileVerifier.sol";

/// Everybody who has a say, at their worst: the router's owner, its guardian, the model's owner, the development root.
/// They work with a prover of their own. Before they begin, an honest prover has settled and was paid.
contract AdminHandler is PaymentTest {
    /// What was there before.
    bytes32[] public roots;
    uint256 public payersBalance;
    uint256 public proversBalance;
    uint256 public receiptsBefore;

    /// Books on what the admins did.
    uint256 public forged;
    bytes4[] public routes;
    bytes4[] public stopped;

    uint64 private _nextNonce = 1_000;
    address private _guardian;

    /// The contract that holds the tests calls this, not forge.
    function prepare() external {
        PaymentTest.setUp();
        _guardian = guardian;
        _settle(signedGroup(receiptsOf(1, 3, payer.addr, PRICE, 1), upto(0, 3, payer, 1, 3 * PRICE, 1)));
        Group memory tee = signedGroup(receiptsOf(7, 2, payer.addr, PRICE, 2), exact(0, 2, payer, 2, 2 * PRICE, "n"));
        tee.route = TEE_ROUTE;
        tee.evidence = sign(enclave, digestOf(tee));
        _settle(tee);
        openChannelOf(payer, 1); // open, and worth stealing
        payersBalance = usdc.balanceOf(payer.addr);
        proversBalance = earned(1) + earned(2);
        receiptsBefore = settlement.nextSeq();
    }

    /* STEPS */

    /// A verifier that accepts everything as TEE.
    function addRoute() external {
        bytes4 route = bytes4(uint32(0x41000000 + routes.length));
        openRoute(route, address(new HostileVerifier()), 200_000, 0);
        routes.push(route);
    }

    function stopRoute(uint256 index, bool byGuardian) external {
        if (routes.length == 0) return;
        bytes4 route = routes[index % routes.length];
        if (router.getRoute(route).status == IVerifierRouter.RouteStatus.STOPPED) return;
        vm.prank(byGuardian ? _guardian : owner);
        router.stop(route);
        stopped.push(route);
    }

    function changeGuardian(address next) external {
        vm.prank(owner);
        router.setGuardian(next);
        _guardian = next;
    }

    function changeOwner(uint160 next) external {
        address successor = address(uint160(bound(next, 1, type(uint160).max)));
        vm.prank(owner);
        router.transferOwnership(successor);
        vm.prank(successor);
        router.acceptOwnership();
        owner = successor;
    }

    function revokeEnclave() external {
        if (enclaves.getKey(keyOf(enclave)).revokedAt != 0) return;
        vm.prank(prover.addr);
        enclaves.revoke(keyOf(enclave));
    }

    function ruinModel(uint8 how) external {
        vm.startPrank(prover.addr); // who owns the model
        how = uint8(bound(how, 0, 2));
        if (how == 0 && !models.getCircuit(modelId, 0).stopped) models.stopCircuit(modelId, 0);
        bytes32 measurement = readHash("enclave", "measurement");
        if (how == 1 && models.getAcceptance(modelId, measurement).removedAt == 0) {
            models.removeMeasurement(modelId, measurement);
        }
        if (how == 2 && !models.getModel(modelId).deprecated) models.deprecate(modelId, 0);
        vm.stopPrank();
    }

    /// Free receipts through a route of their own: that is all that such a route gives them.
    function forge(uint256 index, uint8 count) external {
        if (routes.length == 0) return;
        Group memory group = _groupOf(index, receiptsOf(_nextNonce, bound(count, 1, 5), address(0), 0, 2));
        GroupResult memory result = settleAs(relayer, one(group))[0];
        if (router.getRoute(group.route).status == IVerifierRouter.RouteStatus.STOPPED) {
            assertEq(
                result.reason, abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, group.route), "stopped"
            );
        } else {
            assertEq(result.settled, group.receipts.length, "settled");
            forged += result.settled;
        }
        _nextNonce += uint64(group.receipts.length);
    }

    /// Receipts that name the honest payer, with every payment that can be made up without the payer's key.
    function steal(uint256 index, uint96 amount, uint8 kind) external {
        if (routes.length == 0) return;
        amount = uint96(bound(amount, 1, 100_000));
        Group memory group = _groupOf(index, receiptsOf(_nextNonce, 1, payer.addr, amount, 1));
        kind = uint8(bound(kind, 0, 3));
        group.payments = new Payment[](1);
        if (kind == 0) group.payments[0] = upto(0, 1, payer, 1, amount, _nextNonce); // for the honest prover
        if (kind == 1) group.payments[0] = upto(0, 1, enclave, 1, amount, _nextNonce);
        if (kind == 2) group.payments[0] = voucher(0, 1, enclave, channelOf(payer, 1), amount);
        if (kind == 3) group.payments[0] = exact(0, 1, enclave, 1, amount, bytes32(uint256(_nextNonce)));
        assertEq(settleAs(relayer, one(group))[0].settled, 0, "settled");
        ++_nextNonce;
    }

    /* WHAT THE TESTS ASK */

    function paid() external view returns (uint256) {
        return earned(1) + earned(2);
    }

    function payersNow() external view returns (uint256) {
        return usdc.balanceOf(payer.addr);
    }

    function groupNow(uint256 index) external view returns (SettledGroup memory) {
        return settlement.settledGroup(roots[index]);
    }

    function talliesNow() external view returns (uint256 all, uint256 signed, uint256 tee, uint256 amount) {
        all = settlement.nextSeq();
        (signed, tee) = (settlement.tally(Tier.SIGNED), settlement.tally(Tier.TEE));
        amount = settlement.amountTally(address(usdc), Tier.SIGNED) + settlement.amountTally(address(usdc), Tier.TEE);
    }

    function stoppedNow() external view returns (uint256 count, uint256 known) {
        for (uint256 i; i < stopped.length; ++i) {
            if (router.getRoute(stopped[i]).status == IVerifierRouter.RouteStatus.STOPPED) ++count;
        }
        return (count, stopped.length);
    }

    /* PARTS */

    /// A group of the admins' prover through one of their routes.
    function _groupOf(uint256 index, InferenceReceipt[] memory receipts) private view returns (Group memory group) {
        group.modelId = modelId;
        group.prover = relayer;
        group.route = routes[index % routes.length];
        group.asset = address(usdc);
        group.receipts = receipts;
    }

    function _settle(Group memory group) private {
        assertEq(settleOne(group).settled, group.receipts.length, "honest group");
        roots.push(rootOf(group));
    }
}
