// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Test} from "forge-std/Test.sol";

import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {VerifierRouter} from "../../contracts/VerifierRouter.sol";
import {SignedVerifier} from "../../contracts/verifiers/SignedVerifier.sol";

/// Answers `tier` with whatever it was told, right or wrong.
contract TierStub {
    bytes private _answer;

    constructor(bytes memory answer_) {
        setAnswer(answer_);
    }

    function setAnswer(bytes memory answer_) public {
        _answer = answer_;
    }

    function tier() external view {
        bytes memory answer_ = _answer;
        assembly {
            return(add(answer_, 0x20), mload(answer_))
        }
    }
}

contract VerifierRouterTest is Test {
    bytes4 private constant ROUTE = 0x01020304;
    uint40 private constant DELAY = 3 days;

    address private owner = makeAddr("owner");
    address private guardian = makeAddr("guardian");
    VerifierRouter private router;
    address private verifier;

    function setUp() public {
        vm.chainId(8453);
        vm.warp(1_800_000_000);
        router = new VerifierRouter(owner, guardian, DELAY);
        verifier = address(new SignedVerifier());
    }

    /* DEPLOYMENT */

    function testFuzz_constructor_needsThreeDaysOutsideDevelopmentChains(uint64 chainId, uint40 delay) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        vm.chainId(chainId);
        delay = uint40(bound(delay, 0, DELAY - 1));
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.DelayTooShort.selector, delay, uint256(DELAY)));
        new VerifierRouter(owner, guardian, delay);
        assertEq(new VerifierRouter(owner, guardian, DELAY).DELAY(), DELAY);
        vm.chainId(31337);
        assertEq(new VerifierRouter(owner, guardian, delay).DELAY(), delay);
    }

    function testFuzz_constructor_namesOwnerAndGuardian(address owner_, address guardian_) public {
        vm.assume(owner_ != address(0));
        vm.expectEmit();
        emit IVerifierRouter.GuardianChanged(address(0), guardian_);
        VerifierRouter made = new VerifierRouter(owner_, guardian_, DELAY);
        assertEq(made.owner(), owner_);
        assertEq(made.guardian(), guardian_);
    }

    /* ADDING */

    function testFuzz_add_recordsTheRoute(bytes4 route, uint32 groupGas, uint32 receiptGas) public {
        vm.assume(route != 0);
        uint40 activeFrom = uint40(block.timestamp) + DELAY;
        vm.expectEmit(address(router));
        emit IVerifierRouter.RouteAdded(
            route, verifier, Tier.SIGNED, false, activeFrom, groupGas, receiptGas, verifier.codehash
        );
        vm.prank(owner);
        router.add(route, verifier, groupGas, receiptGas, false);

        IVerifierRouter.Route memory entry = router.getRoute(route);
        assertEq(entry.verifier, verifier);
        assertEq(uint8(entry.tier), uint8(Tier.SIGNED));
        assertEq(uint8(entry.status), uint8(IVerifierRouter.RouteStatus.PENDING));
        assertEq(entry.groupGas, groupGas);
        assertEq(entry.receiptGas, receiptGas);
        assertEq(entry.activeFrom, activeFrom);
        assertEq(entry.codeHash, verifier.codehash);
        assertFalse(entry.deterministic);
        assertEq(router.routeOf(verifier), route);
    }

    function testFuzz_add_revertsForAnybodyButTheOwner(address caller) public {
        vm.assume(caller != owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        router.add(ROUTE, verifier, 1_000, 10, false);
    }

    function testFuzz_add_neverReusesARoute(uint8 state) public {
        _reach(bound(state, 1, 3));
        address other = address(new SignedVerifier());
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteTaken.selector, ROUTE));
        vm.prank(owner);
        router.add(ROUTE, other, 1_000, 10, false);
    }

    function testFuzz_add_neverReusesAVerifier(uint8 state, bytes4 route) public {
        vm.assume(route != 0 && route != ROUTE);
        _reach(bound(state, 1, 3));
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.VerifierTaken.selector, verifier, ROUTE));
        vm.prank(owner);
        router.add(route, verifier, 1_000, 10, false);
    }

    function test_add_refusesTheZeroRoute() public {
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteTaken.selector, bytes4(0)));
        vm.prank(owner);
        router.add(0, verifier, 1_000, 10, false);
    }

    function testFuzz_add_refusesWhatNamesNoTier(uint256 value, uint8 length) public {
        value = value % 2 == 0 ? 0 : bound(value, uint256(type(Tier).max) + 1, type(uint256).max);
        _expectNotAVerifier(address(new TierStub(abi.encode(value))));
        bytes memory cut = abi.encode(Tier.TEE);
        length = uint8(bound(length, 0, 31));
        assembly {
            mstore(cut, length)
        }
        _expectNotAVerifier(address(new TierStub(cut)));
        _expectNotAVerifier(address(this));
        _expectNotAVerifier(address(0xbeef));
    }

    function testFuzz_add_takesDeterminismForZkmlOnly(uint8 value) public {
        Tier tier = Tier(bound(value, 1, 2));
        address stub = address(new TierStub(abi.encode(tier)));
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.TierNotDeterministic.selector, tier));
        router.add(ROUTE, stub, 1_000, 10, true);
        router.add(ROUTE, address(new TierStub(abi.encode(Tier.ZKML))), 1_000, 10, true);
        assertTrue(router.getRoute(ROUTE).deterministic);
        assertEq(uint8(router.getRoute(ROUTE).tier), uint8(Tier.ZKML));
    }

    /* ACTIVATING */

    function testFuzz_activate_byAnybodyAfterTheDelay(address anybody, uint256 early, uint256 receipts) public {
        _add();
        uint256 activeFrom = block.timestamp + DELAY;
        early = bound(early, 1, DELAY);
        receipts = bound(receipts, 0, 1e9);
        bytes memory tooEarly = abi.encodeWithSelector(IVerifierRouter.RouteNotActive.selector, ROUTE, activeFrom);
        vm.warp(activeFrom - early);
        vm.expectRevert(tooEarly);
        router.activate(ROUTE);
        vm.warp(activeFrom - 1);
        vm.expectRevert(tooEarly);
        router.activate(ROUTE);
        vm.warp(activeFrom);
        vm.expectRevert(tooEarly);
        router.resolve(ROUTE, 1);

        vm.expectEmit(address(router));
        emit IVerifierRouter.RouteActivated(ROUTE, verifier, anybody);
        vm.prank(anybody);
        router.activate(ROUTE);
        (address resolved, Tier tier, uint256 gasLimit) = router.resolve(ROUTE, receipts);
        assertEq(resolved, verifier);
        assertEq(uint8(tier), uint8(Tier.SIGNED));
        assertEq(gasLimit, 1_000 + 10 * receipts);
    }

    function test_activate_onlyOnceAndNeverAfterAStop() public {
        _reach(2);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteIsActive.selector, ROUTE));
        router.activate(ROUTE);
        vm.prank(owner);
        router.stop(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, ROUTE));
        router.activate(ROUTE);
    }

    function testFuzz_activate_refusesAnotherCode(bytes calldata code) public {
        vm.assume(keccak256(code) != verifier.codehash && (code.length == 0 || code[0] != 0xef));
        _add();
        vm.warp(block.timestamp + DELAY);
        bytes32 added = verifier.codehash;
        vm.etch(verifier, code);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.CodeChanged.selector, added, verifier.codehash));
        router.activate(ROUTE);
    }

    function testFuzz_activate_refusesAnotherTier(uint8 first, uint8 second) public {
        (first, second) = (uint8(bound(first, 1, 3)), uint8(bound(second, 1, 3)));
        vm.assume(first != second);
        TierStub stub = new TierStub(abi.encode(first));
        vm.prank(owner);
        router.add(ROUTE, address(stub), 1_000, 10, false);
        vm.warp(block.timestamp + DELAY);
        stub.setAnswer(abi.encode(second));
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.TierChanged.selector, first, second));
        router.activate(ROUTE);
        stub.setAnswer("");
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NotAVerifier.selector, stub));
        router.activate(ROUTE);
    }

    /* STOPPING */

    function testFuzz_stop_isAtOnceAndForEver(bool active, bool byOwner, uint40 later) public {
        _reach(active ? 2 : 1);
        address by = byOwner ? owner : guardian;
        vm.expectEmit(address(router));
        emit IVerifierRouter.RouteStopped(ROUTE, verifier, by);
        vm.prank(by);
        router.stop(ROUTE);

        vm.warp(block.timestamp + later);
        bytes memory stopped = abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, ROUTE);
        vm.expectRevert(stopped);
        router.resolve(ROUTE, 1);
        vm.expectRevert(stopped);
        router.activate(ROUTE);
        vm.expectRevert(stopped);
        vm.prank(owner);
        router.stop(ROUTE);
        assertEq(router.getRoute(ROUTE).verifier, verifier);
    }

    function testFuzz_stop_revertsForStrangers(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        _add();
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NotGuardian.selector, caller));
        vm.prank(caller);
        router.stop(ROUTE);
    }

    function testFuzz_stop_leavesOtherRoutesAlone(bytes4 other) public {
        vm.assume(other != ROUTE && other != 0);
        _reach(2);
        address second = address(new SignedVerifier());
        vm.prank(owner);
        router.add(other, second, 5, 6, false);
        vm.warp(block.timestamp + DELAY);
        router.activate(other);
        vm.prank(guardian);
        router.stop(ROUTE);
        (address resolved,,) = router.resolve(other, 1);
        assertEq(resolved, second);
    }

    function testFuzz_unknownRoutes_areRefused(bytes4 route) public {
        bytes memory unknown = abi.encodeWithSelector(IVerifierRouter.UnknownRoute.selector, route);
        vm.expectRevert(unknown);
        router.resolve(route, 1);
        vm.expectRevert(unknown);
        router.activate(route);
        vm.expectRevert(unknown);
        vm.prank(owner);
        router.stop(route);
        assertEq(router.getRoute(route).verifier, address(0));
    }

    /* OFFICES */

    function testFuzz_setGuardian_byTheOwnerOnly(address next, address caller) public {
        vm.assume(caller != owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        router.setGuardian(next);
        vm.expectEmit(address(router));
        emit IVerifierRouter.GuardianChanged(guardian, next);
        vm.prank(owner);
        router.setGuardian(next);
        assertEq(router.guardian(), next);
    }

    function testFuzz_ownership_movesInTwoSteps(address next, address other) public {
        vm.assume(next != address(0) && next != owner && other != next);
        vm.prank(owner);
        router.transferOwnership(next);
        assertEq(router.owner(), owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        vm.prank(other);
        router.acceptOwnership();
        vm.prank(next);
        router.acceptOwnership();
        assertEq(router.owner(), next);
    }

    /* HELPERS */

    function _add() private {
        vm.prank(owner);
        router.add(ROUTE, verifier, 1_000, 10, false);
    }

    /// 1: added, 2: activated, 3: stopped.
    function _reach(uint256 state) private {
        _add();
        if (state == 1) return;
        vm.warp(block.timestamp + DELAY);
        router.activate(ROUTE);
        if (state == 2) return;
        vm.prank(guardian);
        router.stop(ROUTE);
    }

    function _expectNotAVerifier(address candidate) private {
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NotAVerifier.selector, candidate));
        vm.prank(owner);
        router.add(ROUTE, candidate, 1_000, 10, false);
    }
}
