// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Vm} from "forge-std/Test.sol";

import {IX402UptoPermit2Proxy} from "../../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {IFiatToken, RealParts} from "./RealParts.sol";

/// Signs what x402 clients sign for Permit2 and for the token's EIP-2612 permit, from the published types.
abstract contract Permit2Parts is RealParts {
    uint256 internal constant MAXIMUM = 1_000;
    uint256 internal constant BALANCE = 1_000_000;
    bytes4 internal constant PERMIT2_INVALID_NONCE = 0x756688fe;
    bytes4 internal constant PERMIT2_INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));
    bytes4 internal constant PERMIT2_SIGNATURE_EXPIRED = 0xcd21db4f;
    bytes32 internal constant DOMAIN_84532 = 0x010f27a92fb9a32622f44f001dc4d15706a85b33499cfc2ce9033113ab26592c;
    bytes32 private constant PERMIT2612_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    IFiatToken internal token;
    Vm.Wallet internal payer;

    /// A payer with tokens that Permit2 may move.
    function placePayer() internal {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        placePermit2AndProxy();
        token = deployFiatToken();
        payer = vm.createWallet("payer");
        mint(token, payer.addr, BALANCE);
        approvePermit2(type(uint256).max);
    }

    function approvePermit2(uint256 amount) internal {
        vm.prank(payer.addr);
        token.approve(PERMIT2, amount);
    }

    function permitTransfer(uint256 amount)
        internal
        view
        returns (IX402UptoPermit2Proxy.PermitTransferFrom memory permit)
    {
        permit.permitted = IX402UptoPermit2Proxy.TokenPermissions({token: address(token), amount: amount});
        permit.nonce = 7;
        permit.deadline = 1_800_000_300;
    }

    /// The payer's signature over Permit2's PermitWitnessTransferFrom.
    function signPermit2(
        bytes32 transferTypehash,
        address spender,
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit,
        bytes32 witnessHash
    ) internal view returns (bytes memory) {
        bytes32 permitted = keccak256(
            abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), permit.permitted)
        );
        bytes32 message =
            keccak256(abi.encode(transferTypehash, permitted, spender, permit.nonce, permit.deadline, witnessHash));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(payer.privateKey, keccak256(abi.encodePacked(hex"1901", permit2Domain(), message)));
        return abi.encodePacked(r, s, v);
    }

    /// The payer's EIP-2612 permit for Permit2.
    function permit2612(uint256 value) internal view returns (IX402UptoPermit2Proxy.EIP2612Permit memory permit) {
        permit.value = value;
        permit.deadline = 1_800_000_300;
        bytes32 structHash = keccak256(
            abi.encode(
                PERMIT2612_TYPEHASH,
                payer.addr,
                PERMIT2,
                value,
                IERC20Permit(address(token)).nonces(payer.addr),
                permit.deadline
            )
        );
        bytes32 domain = IERC20Permit(address(token)).DOMAIN_SEPARATOR();
        (permit.v, permit.r, permit.s) =
            vm.sign(payer.privateKey, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
    }

    function permit2Domain() internal view returns (bytes32) {
        bytes32 typehash = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(typehash, keccak256("Permit2"), block.chainid, PERMIT2));
    }
}
