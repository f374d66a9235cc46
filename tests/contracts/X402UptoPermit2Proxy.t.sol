// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Test, Vm} from "forge-std/Test.sol";
import {IX402UptoPermit2Proxy} from "../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {X402UptoPermit2Proxy} from "./standins/X402UptoPermit2Proxy.sol";

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

contract Dollar is ERC20("Dollar", "USD") {
    constructor(address holder) {
        _mint(holder, 1_000_000);
    }
}

/// @dev Pins the stand-in to the published facts of x402's `upto` proxy, against the real Permit2.
contract X402UptoPermit2ProxyTest is Test {
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    bytes32 internal constant TRANSFER_TYPEHASH = 0x51dff6974ad4388c499e7fcfe838d2bd767162553a144098ce20ea661d70c2ee;
    bytes32 internal constant WITNESS_TYPEHASH = 0xd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b75;
    bytes32 internal constant DOMAIN_84532 = 0x010f27a92fb9a32622f44f001dc4d15706a85b33499cfc2ce9033113ab26592c;
    bytes4 internal constant PERMIT2_INVALID_NONCE = 0x756688fe;
    bytes4 internal constant PERMIT2_INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));
    bytes4 internal constant PERMIT2_SIGNATURE_EXPIRED = 0xcd21db4f;
    uint256 internal constant MAXIMUM = 1_000;

    X402UptoPermit2Proxy internal proxy = new X402UptoPermit2Proxy(PERMIT2);
    Vm.Wallet internal payer;
    address internal facilitator = makeAddr("facilitator");
    address internal recipient = makeAddr("recipient");
    Dollar internal token;

    function setUp() public {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        vm.etch(PERMIT2, vm.parseJsonBytes(vm.readFile(".toolchain/parts/permit2.json"), ".runtime"));
        payer = vm.createWallet("payer");
        token = new Dollar(payer.addr);
        vm.prank(payer.addr);
        token.approve(PERMIT2, type(uint256).max);
    }

    function test_abi_isThePublishedOne() public pure {
        assertEq(IX402UptoPermit2Proxy.settle.selector, bytes4(0xff11e7b4));
        assertEq(IX402UptoPermit2Proxy.UnauthorizedFacilitator.selector, bytes4(0x0f6fae87));
        assertEq(IX402UptoPermit2Proxy.AmountExceedsPermitted.selector, bytes4(0xfe64b4c7));
        assertEq(IX402UptoPermit2Proxy.InvalidAmount.selector, bytes4(0x2c5211c6));
        assertEq(IX402UptoPermit2Proxy.InvalidDestination.selector, bytes4(0xac6b05f5));
        assertEq(IX402UptoPermit2Proxy.PaymentTooEarly.selector, bytes4(0xa65539fa));
        assertEq(IX402UptoPermit2Proxy.InvalidOwner.selector, bytes4(0x49e27cff));
    }

    function test_types_areThePublishedOnes() public view {
        string memory stub =
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

        assertEq(proxy.WITNESS_TYPEHASH(), WITNESS_TYPEHASH);
        assertEq(keccak256(bytes.concat(bytes(stub), bytes(proxy.WITNESS_TYPE_STRING()))), TRANSFER_TYPEHASH);
        assertEq(_permit2Domain(), DOMAIN_84532);
        assertEq(IDomain(PERMIT2).DOMAIN_SEPARATOR(), DOMAIN_84532);
    }

    function testFuzz_settle_movesTheAmount(uint256 amount) public {
        amount = bound(amount, 1, MAXIMUM);

        vm.expectEmit(true, true, true, true, address(proxy));
        emit IX402UptoPermit2Proxy.Settled();
        _settle(amount, _permit(), _witness());

        assertEq(token.balanceOf(recipient), amount);
        assertEq(token.balanceOf(payer.addr), 1_000_000 - amount);
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
        return IX402UptoPermit2Proxy.PermitTransferFrom({
            permitted: IX402UptoPermit2Proxy.TokenPermissions({token: address(token), amount: MAXIMUM}),
            nonce: 7,
            deadline: 1_800_000_300
        });
    }

    function _witness() internal view returns (IX402UptoPermit2Proxy.Witness memory) {
        return IX402UptoPermit2Proxy.Witness({to: recipient, facilitator: facilitator, validAfter: 0});
    }

    /// @dev Signs what an x402 client signs, with the published typehashes instead of the stand-in's.
    function _sign(IX402UptoPermit2Proxy.PermitTransferFrom memory permit, IX402UptoPermit2Proxy.Witness memory witness)
        internal
        returns (bytes memory)
    {
        bytes32 permitted =
            keccak256(abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), permit.permitted));
        bytes32 message = keccak256(
            abi.encode(
                TRANSFER_TYPEHASH,
                permitted,
                address(proxy),
                permit.nonce,
                permit.deadline,
                keccak256(abi.encode(WITNESS_TYPEHASH, witness))
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(payer, keccak256(abi.encodePacked(hex"1901", _permit2Domain(), message)));
        return abi.encodePacked(r, s, v);
    }

    function _permit2Domain() internal view returns (bytes32) {
        bytes32 typehash = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(typehash, keccak256("Permit2"), block.chainid, PERMIT2));
    }
}
