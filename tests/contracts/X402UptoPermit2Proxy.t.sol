// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402UptoPermit2Proxy} from "../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {Permit2Parts} from "./base/Permit2Parts.sol";
import {X402UptoPermit2Proxy} from "./standins/X402UptoPermit2Proxy.sol";

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @dev Pins the stand-in to the published facts of x402's `upto` proxy, against the real token and the real Permit2.
contract X402UptoPermit2ProxyTest is Permit2Parts {
    bytes32 internal constant TRANSFER_TYPEHASH = 0x51dff6974ad4388c499e7fcfe838d2bd767162553a144098ce20ea661d70c2ee;
    bytes32 internal constant WITNESS_TYPEHASH = 0xd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b75;

    X402UptoPermit2Proxy internal proxy = new X402UptoPermit2Proxy(PERMIT2);
    address internal facilitator = makeAddr("facilitator");
    address internal recipient = makeAddr("recipient");

    function setUp() public {
        placePayer();
    }

    function test_abi_isThePublishedOne() public pure {
        assertEq(IX402UptoPermit2Proxy.settle.selector, bytes4(0xff11e7b4));
        assertEq(IX402UptoPermit2Proxy.UnauthorizedFacilitator.selector, bytes4(0x0f6fae87));
        assertEq(IX402UptoPermit2Proxy.AmountExceedsPermitted.selector, bytes4(0xfe64b4c7));
        assertEq(IX402UptoPermit2Proxy.InvalidAmount.selector, bytes4(0x2c5211c6));
        assertEq(IX402UptoPermit2Proxy.InvalidDestination.selector, bytes4(0xac6b05f5));
        assertEq(IX402UptoPermit2Proxy.PaymentTooEarly.selector, bytes4(0xa65539fa));
        assertEq(IX402UptoPermit2Proxy.InvalidOwner.selector, bytes4(0x49e27cff));
        assertEq(IX402UptoPermit2Proxy.Permit2612AmountMismatch.selector, bytes4(0x050cda49));
    }

    function test_types_areThePublishedOnes() public view {
        string memory stub =
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

        assertEq(proxy.WITNESS_TYPEHASH(), WITNESS_TYPEHASH);
        assertEq(keccak256(bytes.concat(bytes(stub), bytes(proxy.WITNESS_TYPE_STRING()))), TRANSFER_TYPEHASH);
        assertEq(permit2Domain(), DOMAIN_84532);
        assertEq(IDomain(PERMIT2).DOMAIN_SEPARATOR(), DOMAIN_84532);
    }

    function testFuzz_settle_movesTheAmount(uint256 amount) public {
        amount = bound(amount, 1, MAXIMUM);

        vm.expectEmit(true, true, true, true, address(proxy));
        emit IX402UptoPermit2Proxy.Settled();
        _settle(amount, _permit(), _witness());

        assertEq(token.balanceOf(recipient), amount);
        assertEq(token.balanceOf(payer.addr), BALANCE - amount);
        assertEq(token.balanceOf(address(proxy)), 0);
    }

    function test_settle_reverts_whenCallerIsNotTheFacilitator() public {
        bytes memory signature = _sign(_permit(), _witness());

        vm.expectRevert(IX402UptoPermit2Proxy.UnauthorizedFacilitator.selector);
        vm.prank(recipient);
        proxy.settle(_permit(), MAXIMUM, payer.addr, _witness(), signature);
    }

    function test_settle_reverts_whenAmountIsZero() public {
        _expectRevert(IX402UptoPermit2Proxy.InvalidAmount.selector, 0, _permit(), _witness());
    }

    function test_settle_reverts_whenAmountIsAboveTheMaximum() public {
        bytes4 reason = IX402UptoPermit2Proxy.AmountExceedsPermitted.selector;
        _expectRevert(reason, MAXIMUM + 1, _permit(), _witness());
    }

    function test_settle_reverts_whenRecipientIsZero() public {
        IX402UptoPermit2Proxy.Witness memory witness = _witness();
        witness.to = address(0);
        _expectRevert(IX402UptoPermit2Proxy.InvalidDestination.selector, MAXIMUM, _permit(), witness);
    }

    function test_settle_reverts_whenOwnerIsZero() public {
        bytes memory signature = _sign(_permit(), _witness());

        vm.expectRevert(IX402UptoPermit2Proxy.InvalidOwner.selector);
        vm.prank(facilitator);
        proxy.settle(_permit(), MAXIMUM, address(0), _witness(), signature);
    }

    function test_settle_respectsValidAfter() public {
        IX402UptoPermit2Proxy.Witness memory witness = _witness();
        witness.validAfter = block.timestamp + 1;
        _expectRevert(IX402UptoPermit2Proxy.PaymentTooEarly.selector, MAXIMUM, _permit(), witness);

        vm.warp(witness.validAfter);
        _settle(MAXIMUM, _permit(), witness);
    }

    function test_settle_respectsDeadline() public {
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit = _permit();
        uint256 snapshot = vm.snapshotState();
        vm.warp(permit.deadline);
        _settle(MAXIMUM, permit, _witness());

        vm.revertToState(snapshot);
        vm.warp(permit.deadline + 1);
        _expectRevert(PERMIT2_SIGNATURE_EXPIRED, MAXIMUM, permit, _witness());
    }

    function test_settle_reverts_whenRepeated() public {
        _settle(1, _permit(), _witness());
        _expectRevert(PERMIT2_INVALID_NONCE, 1, _permit(), _witness());
    }

    function test_settle_reverts_whenWitnessIsNotTheSignedOne() public {
        bytes memory signature = _sign(_permit(), _witness());
        IX402UptoPermit2Proxy.Witness memory other = _witness();
        other.to = facilitator;

        vm.expectRevert(PERMIT2_INVALID_SIGNER);
        vm.prank(facilitator);
        proxy.settle(_permit(), MAXIMUM, payer.addr, other, signature);
    }

    /* WITH AN EIP-2612 PERMIT */

    function testFuzz_settleWithPermit_needsNoApproval(uint256 amount) public {
        amount = bound(amount, 1, MAXIMUM);
        approvePermit2(0);
        vm.expectEmit(address(proxy));
        emit IX402UptoPermit2Proxy.SettledWithPermit();
        _settleWithPermit(amount, permit2612(MAXIMUM));

        assertEq(token.balanceOf(recipient), amount);
        assertEq(token.balanceOf(payer.addr), BALANCE - amount);
    }

    function testFuzz_settleWithPermit_goesOn_whenThePermitFails(uint256 amount, bytes32 r) public {
        amount = bound(amount, 1, MAXIMUM);
        IX402UptoPermit2Proxy.EIP2612Permit memory broken = permit2612(MAXIMUM);
        vm.assume(r != broken.r);
        broken.r = r;
        vm.expectEmit(true, true, false, false, address(proxy));
        emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithReason(address(token), payer.addr, "");
        _settleWithPermit(amount, broken);
        assertEq(token.balanceOf(recipient), amount);
    }

    function testFuzz_settleWithPermit_reverts_whenValueIsNotThePermittedAmount(uint256 value) public {
        vm.assume(value != MAXIMUM);
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(value);
        bytes memory signature = _sign(_permit(), _witness());
        vm.expectRevert(IX402UptoPermit2Proxy.Permit2612AmountMismatch.selector);
        vm.prank(facilitator);
        proxy.settleWithPermit(permit, _permit(), 1, payer.addr, _witness(), signature);
    }

    function testFuzz_settleWithPermit_reverts_whenCallerIsNotTheFacilitator(address caller) public {
        vm.assume(caller != facilitator);
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(MAXIMUM);
        bytes memory signature = _sign(_permit(), _witness());
        vm.expectRevert(IX402UptoPermit2Proxy.UnauthorizedFacilitator.selector);
        vm.prank(caller);
        proxy.settleWithPermit(permit, _permit(), 1, payer.addr, _witness(), signature);
    }

    function _settleWithPermit(uint256 amount, IX402UptoPermit2Proxy.EIP2612Permit memory permit) internal {
        bytes memory signature = _sign(_permit(), _witness());
        vm.prank(facilitator);
        proxy.settleWithPermit(permit, _permit(), amount, payer.addr, _witness(), signature);
    }

    function _settle(
        uint256 amount,
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit,
        IX402UptoPermit2Proxy.Witness memory witness
    ) internal {
        bytes memory signature = _sign(permit, witness);
        vm.prank(facilitator);
        proxy.settle(permit, amount, payer.addr, witness, signature);
    }

    function _expectRevert(
        bytes4 reason,
        uint256 amount,
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit,
        IX402UptoPermit2Proxy.Witness memory witness
    ) internal {
        bytes memory signature = _sign(permit, witness);
        vm.expectPartialRevert(reason);
        vm.prank(facilitator);
        proxy.settle(permit, amount, payer.addr, witness, signature);
    }

    function _permit() internal view returns (IX402UptoPermit2Proxy.PermitTransferFrom memory) {
        return permitTransfer(MAXIMUM);
    }

    function _witness() internal view returns (IX402UptoPermit2Proxy.Witness memory) {
        return IX402UptoPermit2Proxy.Witness({to: recipient, facilitator: facilitator, validAfter: 0});
    }

    /// @dev With the published typehashes instead of the stand-in's.
    function _sign(IX402UptoPermit2Proxy.PermitTransferFrom memory permit, IX402UptoPermit2Proxy.Witness memory witness)
        internal
        view
        returns (bytes memory)
    {
        return signPermit2(TRANSFER_TYPEHASH, address(proxy), permit, keccak256(abi.encode(WITNESS_TYPEHASH, witness)));
    }
}
