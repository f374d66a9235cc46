// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Test} from "forge-std/Test.sol";

import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {VerifierRouter} from "../../contracts/VerifierRouter.sol";
import {SignedVerifier} from "../../contracts/verifiers/SignedVerifier.sol";

contract VerifierRouterTest is Test {
    bytes4 private constant ROUTE = 0x01020304;
    uint40 private constant DELAY = 3 days;

    address private owner = makeAddr("owner");
    address private guardian = makeAddr("guardian");
    VerifierRouter private router;
    address private verifier;

    function setUp() public {
        router = new VerifierRouter(owner, guardian, DELAY);
        verifier = address(new SignedVerifier());
    }

    function test_add_makesTheRouteUsableAfterTheDelay() public {
        uint40 activeFrom = uint40(block.timestamp) + DELAY;
        vm.expectEmit(address(router));
        emit IVerifierRouter.RouteAdded(ROUTE, verifier, Tier.SIGNED, activeFrom, 1_000, 10);
        _add();

        vm.warp(activeFrom - 1);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteNotActive.selector, ROUTE, activeFrom));
        router.resolve(ROUTE, 1);
        vm.warp(activeFrom);
        (address resolved, Tier tier, uint256 gasLimit) = router.resolve(ROUTE, 3);
        assertEq(resolved, verifier);
        assertEq(uint8(tier), uint8(Tier.SIGNED));
        assertEq(gasLimit, 1_030);
    }

    function testFuzz_add_revertsForAnybodyButTheOwner(address caller) public {
        vm.assume(caller != owner);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        router.add(ROUTE, verifier, 1_000, 10);
    }

    function test_add_neverReplacesARoute() public {
        _add();
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteTaken.selector, ROUTE));
        _add();
        vm.prank(guardian);
        router.stop(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteTaken.selector, ROUTE));
        _add();
    }

    function test_add_refusesAnAddressWithoutCode() public {
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NotAVerifier.selector, address(0xbeef)));
        vm.prank(owner);
        router.add(ROUTE, address(0xbeef), 1_000, 10);
    }

    function test_stop_isForEverAndNeedsNoDelay() public {
        _add();
        vm.expectEmit(address(router));
        emit IVerifierRouter.RouteStopped(ROUTE, verifier, guardian);
        vm.prank(guardian);
        router.stop(ROUTE);

        vm.warp(block.timestamp + 100 * DELAY);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, ROUTE));
        router.resolve(ROUTE, 1);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, ROUTE));
        vm.prank(owner);
        router.stop(ROUTE);
    }

    function testFuzz_stop_revertsForStrangers(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        _add();
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NotGuardian.selector, caller));
        vm.prank(caller);
        router.stop(ROUTE);
    }

    function testFuzz_resolve_revertsForUnknownRoutes(bytes4 route) public {
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.UnknownRoute.selector, route));
        router.resolve(route, 1);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.UnknownRoute.selector, route));
        vm.prank(owner);
        router.stop(route);
    }

    function test_setGuardian_byTheOwnerOnly() public {
        vm.expectEmit(address(router));
        emit IVerifierRouter.GuardianChanged(guardian, address(1));
        vm.prank(owner);
        router.setGuardian(address(1));
        assertEq(router.guardian(), address(1));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        vm.prank(guardian);
        router.setGuardian(guardian);
    }

    function test_ownership_movesInTwoSteps() public {
        address next = makeAddr("timelock");
        vm.prank(owner);
        router.transferOwnership(next);
        assertEq(router.owner(), owner);
        vm.prank(next);
        router.acceptOwnership();
        assertEq(router.owner(), next);
    }

    function _add() private {
        vm.prank(owner);
        router.add(ROUTE, verifier, 1_000, 10);
    }
}
