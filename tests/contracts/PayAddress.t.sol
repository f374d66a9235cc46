// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {IPayAddress} from "../../contracts/interfaces/IPayAddress.sol";
import {IPayAddressFactory} from "../../contracts/interfaces/IPayAddressFactory.sol";
import {PayAddresses} from "../../contracts/libraries/PayAddresses.sol";
import {PayAddressFactory} from "../../contracts/PayAddressFactory.sol";
import {IFiatToken, RealParts} from "./base/RealParts.sol";
import {HostileToken} from "./hostile/HostileToken.sol";

contract PayAddressTest is RealParts {
    PayAddressFactory private factory;
    IFiatToken private usdc;

    function setUp() public {
        factory = new PayAddressFactory();
        usdc = deployFiatToken();
    }

    function testFuzz_addressOf_isWhereTheCloneIsDeployed(address prover, uint8 floor) public {
        address expected = factory.addressOf(prover, floor);
        assertEq(expected.code.length, 0);
        vm.expectEmit(address(factory));
        emit IPayAddressFactory.PayAddressDeployed(expected, prover, floor);
        assertEq(factory.deploy(prover, floor), expected);
        assertEq(IPayAddress(expected).prover(), prover);
        assertEq(IPayAddress(expected).floor(), floor);
    }

    function testFuzz_addressOf_commitsToProverAndFloor(address prover, uint8 floor, address other, uint8 otherFloor)
        public
        view
    {
        vm.assume(prover != other || floor != otherFloor);
        assertNotEq(factory.addressOf(prover, floor), factory.addressOf(other, otherFloor));
    }

    function testFuzz_withdraw_sendsWhatWasPaidBeforeTheDeployment(address prover, uint64 amount) public {
        vm.assume(prover != address(0) && prover != address(usdc) && prover != TOKEN_ADMIN);
        vm.assume(amount > 0);
        address payAddress = factory.addressOf(prover, 2);
        mint(usdc, payAddress, amount);
        factory.deploy(prover, 2);

        vm.expectEmit(payAddress);
        emit IPayAddress.Withdrawn(address(usdc), address(0xCAFE), amount);
        vm.prank(prover);
        IPayAddress(payAddress).withdraw(address(usdc), address(0xCAFE), amount);

        assertEq(usdc.balanceOf(address(0xCAFE)), amount);
        assertEq(usdc.balanceOf(payAddress), 0);
    }

    function testFuzz_withdraw_revertsForAnybodyButTheProver(address prover, address caller) public {
        vm.assume(caller != prover);
        IPayAddress payAddress = IPayAddress(factory.deploy(prover, 1));
        mint(usdc, address(payAddress), 5);
        vm.expectRevert(abi.encodeWithSelector(IPayAddress.NotProver.selector, caller, prover));
        vm.prank(caller);
        payAddress.withdraw(address(usdc), caller, 5);
    }

    function test_withdraw_refusesTheZeroAddress() public {
        IPayAddress payAddress = IPayAddress(factory.deploy(address(this), 1));
        vm.expectRevert(IPayAddress.NoRecipient.selector);
        payAddress.withdraw(address(usdc), address(0), 0);
    }

    function testFuzz_deploy_isForAnybodyAndOnce(address deployer, address prover, uint8 floor) public {
        vm.prank(deployer);
        IPayAddress payAddress = IPayAddress(factory.deploy(prover, floor));
        assertEq(payAddress.prover(), prover);
        vm.expectRevert(Errors.FailedDeployment.selector);
        factory.deploy(prover, floor);
    }

    function testFuzz_derive_needsNoCall(address prover, uint8 floor) public view {
        assertEq(
            PayAddresses.derive(address(factory), factory.IMPLEMENTATION(), prover, floor),
            factory.addressOf(prover, floor)
        );
    }

    /// What one token or one recipient refuses never holds up the rest.
    function testFuzz_withdraw_aRefusalBlocksNothingElse(uint64 amount, uint64 other) public {
        amount = uint64(bound(amount, 1, type(uint64).max));
        IPayAddress payAddress = IPayAddress(factory.deploy(address(this), 1));
        HostileToken token = new HostileToken();
        mint(usdc, address(payAddress), amount);
        token.mint(address(payAddress), other);

        token.become(HostileToken.Manner.SAYS_FALSE, 0);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        payAddress.withdraw(address(token), address(0xCAFE), other);
        vm.prank(TOKEN_ADMIN);
        usdc.blacklist(address(0xBAD));
        vm.expectRevert("Blacklistable: account is blacklisted");
        payAddress.withdraw(address(usdc), address(0xBAD), amount);

        payAddress.withdraw(address(usdc), address(0xCAFE), amount);
        assertEq(usdc.balanceOf(address(0xCAFE)), amount);
    }

    function testFuzz_withdraw_notMoreThanThereIs(uint64 amount, uint64 excess) public {
        excess = uint64(bound(excess, 1, type(uint64).max));
        IPayAddress payAddress = IPayAddress(factory.deploy(address(this), 1));
        mint(usdc, address(payAddress), uint256(amount) + 1);
        vm.expectRevert("ERC20: transfer amount exceeds balance");
        payAddress.withdraw(address(usdc), address(0xCAFE), uint256(amount) + 1 + excess);
    }

    function testFuzz_withdraw_theSharedCodeBelongsToNobody(address caller) public {
        IPayAddress shared = IPayAddress(factory.IMPLEMENTATION());
        vm.assume(caller != shared.prover()); // bytes of its own code
        vm.expectRevert(abi.encodeWithSelector(IPayAddress.NotProver.selector, caller, shared.prover()));
        vm.prank(caller);
        shared.withdraw(address(usdc), caller, 0);
    }
}
