// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IX402ExactPermit2Proxy} from "../../contracts/interfaces/external/IX402ExactPermit2Proxy.sol";
import {IX402UptoPermit2Proxy} from "../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {Permit2Parts} from "./base/Permit2Parts.sol";
import {IFiatToken} from "./base/RealParts.sol";
import {X402ExactPermit2Proxy} from "./standins/X402ExactPermit2Proxy.sol";

contract TokenWithoutPermit is ERC20("Dollar", "USD") {
    constructor(address holder) {
        _mint(holder, 1_000_000);
    }
}

contract PanickingToken is TokenWithoutPermit {
    constructor(address holder) TokenWithoutPermit(holder) {}

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external pure {
        assert(false);
    }
}

/// @dev Pins the stand-in to the published facts of x402's `exact` proxy, against the real token and the real Permit2.
contract X402ExactPermit2ProxyTest is Permit2Parts {
    X402ExactPermit2Proxy internal constant PROXY = X402ExactPermit2Proxy(0x402085c248EeA27D92E8b30b2C58ed07f9E20001);
    bytes32 internal constant TRANSFER_TYPEHASH = 0xebc156cd23678a74c94df13d772ef5478420637f0c94bd10d509e1dc98f521c7;
    bytes32 internal constant WITNESS_TYPEHASH = 0xd97b3239a7f32295517bd14cb074edfdd188dfe5eb42f802bb26d4fd1eb12c37;

    address internal recipient = makeAddr("recipient");

    function setUp() public {
        placePayer();
        vm.etch(address(PROXY), address(new X402ExactPermit2Proxy(PERMIT2)).code);
    }

    function test_abiAndTypes_areThePublishedOnes() public view {
        string memory stub =
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

        assertEq(IX402ExactPermit2Proxy.settle.selector, bytes4(0x13cd3b53));
        assertEq(PROXY.WITNESS_TYPEHASH(), WITNESS_TYPEHASH);
        assertEq(keccak256(bytes.concat(bytes(stub), bytes(PROXY.WITNESS_TYPE_STRING()))), TRANSFER_TYPEHASH);
        assertEq(permit2Domain(), DOMAIN_84532);
    }

    function testFuzz_settle_movesThePermittedAmount(uint256 amount, address caller) public {
        amount = bound(amount, 1, BALANCE);
        bytes memory signature = _sign(permitTransfer(amount), _witness());
        vm.expectEmit(address(PROXY));
        emit IX402UptoPermit2Proxy.Settled();
        vm.prank(caller);
        PROXY.settle(permitTransfer(amount), payer.addr, _witness(), signature);

        assertEq(token.balanceOf(recipient), amount);
        assertEq(token.balanceOf(payer.addr), BALANCE - amount);
    }

    function test_settle_reverts_whenAmountIsZero() public {
        _expectRefused(IX402UptoPermit2Proxy.InvalidAmount.selector, permitTransfer(0), _witness());
    }

    function test_settle_reverts_whenRecipientIsZero() public {
        IX402ExactPermit2Proxy.Witness memory witness = IX402ExactPermit2Proxy.Witness(address(0), 0);
        _expectRefused(IX402UptoPermit2Proxy.InvalidDestination.selector, permitTransfer(MAXIMUM), witness);
    }

    function test_settle_reverts_whenOwnerIsZero() public {
        vm.expectRevert(IX402UptoPermit2Proxy.InvalidOwner.selector);
        PROXY.settle(permitTransfer(MAXIMUM), address(0), _witness(), "");
    }

    function testFuzz_settle_reverts_beforeValidAfter(uint32 early) public {
        uint256 validAfter = block.timestamp + bound(early, 1, 300);
        IX402ExactPermit2Proxy.Witness memory witness = IX402ExactPermit2Proxy.Witness(recipient, validAfter);
        _expectRefused(IX402UptoPermit2Proxy.PaymentTooEarly.selector, permitTransfer(MAXIMUM), witness);

        vm.warp(validAfter);
        bytes memory signature = _sign(permitTransfer(MAXIMUM), witness);
        PROXY.settle(permitTransfer(MAXIMUM), payer.addr, witness, signature);
    }

    function testFuzz_settle_reverts_afterTheDeadline(uint32 late) public {
        vm.warp(permitTransfer(MAXIMUM).deadline + bound(late, 1, type(uint32).max));
        _expectRefused(PERMIT2_SIGNATURE_EXPIRED, permitTransfer(MAXIMUM), _witness());
    }

    function testFuzz_settle_reverts_whenRepeated(uint256 amount) public {
        amount = bound(amount, 1, BALANCE / 2);
        bytes memory signature = _sign(permitTransfer(amount), _witness());
        PROXY.settle(permitTransfer(amount), payer.addr, _witness(), signature);
        _expectRefused(PERMIT2_INVALID_NONCE, permitTransfer(amount), _witness());
    }

    function testFuzz_settle_reverts_whenTermsAreNotTheSignedOnes(uint256 amount, address to) public {
        amount = bound(amount, 1, BALANCE);
        vm.assume(to != address(0) && (amount != MAXIMUM || to != recipient));
        bytes memory signature = _sign(permitTransfer(MAXIMUM), _witness());
        vm.expectRevert(PERMIT2_INVALID_SIGNER);
        PROXY.settle(permitTransfer(amount), payer.addr, IX402ExactPermit2Proxy.Witness(to, 0), signature);
    }

    /* WITH AN EIP-2612 PERMIT */

    function testFuzz_settleWithPermit_needsNoApproval(uint256 amount, address caller) public {
        amount = bound(amount, 1, BALANCE);
        approvePermit2(0);
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(amount);
        bytes memory signature = _sign(permitTransfer(amount), _witness());
        vm.expectEmit(address(PROXY));
        emit IX402UptoPermit2Proxy.SettledWithPermit();
        vm.prank(caller);
        PROXY.settleWithPermit(permit, permitTransfer(amount), payer.addr, _witness(), signature);
        assertEq(token.balanceOf(recipient), amount);
    }

    function testFuzz_settleWithPermit_reverts_whenValueIsNotThePermittedAmount(uint256 value) public {
        vm.assume(value != MAXIMUM);
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(value);
        bytes memory signature = _sign(permitTransfer(MAXIMUM), _witness());
        vm.expectRevert(IX402UptoPermit2Proxy.Permit2612AmountMismatch.selector);
        PROXY.settleWithPermit(permit, permitTransfer(MAXIMUM), payer.addr, _witness(), signature);
    }

    function testFuzz_settleWithPermit_reverts_whenPermitAndApprovalAreMissing(bytes32 r) public {
        approvePermit2(0);
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(MAXIMUM);
        vm.assume(r != permit.r);
        permit.r = r;
        bytes memory signature = _sign(permitTransfer(MAXIMUM), _witness());
        vm.expectRevert("TRANSFER_FROM_FAILED");
        PROXY.settleWithPermit(permit, permitTransfer(MAXIMUM), payer.addr, _witness(), signature);
    }

    function testFuzz_settleWithPermit_reportsAReason(uint256 deadline) public {
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(MAXIMUM);
        permit.deadline = bound(deadline, 0, block.timestamp - 1);
        vm.expectEmit(address(PROXY));
        emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithReason(
            address(token), payer.addr, "FiatTokenV2: permit is expired"
        );
        _settleWithPermit(permit);
    }

    function test_settleWithPermit_reportsAPanic() public {
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(MAXIMUM);
        _useToken(new PanickingToken(payer.addr));
        vm.expectEmit(address(PROXY));
        emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithPanic(address(token), payer.addr, 1);
        _settleWithPermit(permit);
    }

    function test_settleWithPermit_reportsOtherData() public {
        IX402UptoPermit2Proxy.EIP2612Permit memory permit = permit2612(MAXIMUM);
        _useToken(new TokenWithoutPermit(payer.addr));
        vm.expectEmit(address(PROXY));
        emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithData(address(token), payer.addr, "");
        _settleWithPermit(permit);
    }

    /// @dev Settles although the permit fails: the approval is there.
    function _settleWithPermit(IX402UptoPermit2Proxy.EIP2612Permit memory permit) private {
        bytes memory signature = _sign(permitTransfer(MAXIMUM), _witness());
        PROXY.settleWithPermit(permit, permitTransfer(MAXIMUM), payer.addr, _witness(), signature);
        assertEq(token.balanceOf(recipient), MAXIMUM);
    }

    function _useToken(ERC20 other) private {
        token = IFiatToken(address(other));
        approvePermit2(type(uint256).max);
    }

    function _expectRefused(
        bytes4 reason,
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit,
        IX402ExactPermit2Proxy.Witness memory witness
    ) private {
        bytes memory signature = _sign(permit, witness);
        vm.expectPartialRevert(reason);
        PROXY.settle(permit, payer.addr, witness, signature);
    }

    function _witness() private view returns (IX402ExactPermit2Proxy.Witness memory) {
        return IX402ExactPermit2Proxy.Witness({to: recipient, validAfter: 0});
    }

    /// @dev With the published typehashes instead of the stand-in's.
    function _sign(
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit,
        IX402ExactPermit2Proxy.Witness memory witness
    ) private view returns (bytes memory) {
        return signPermit2(TRANSFER_TYPEHASH, address(PROXY), permit, keccak256(abi.encode(WITNESS_TYPEHASH, witness)));
    }
}
