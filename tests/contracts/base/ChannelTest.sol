// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Vm} from "forge-std/Test.sol";

import {IX402BatchSettlement} from "../../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {ChannelParts} from "./ChannelParts.sol";
import {IFiatToken} from "./RealParts.sol";

/// An account that is a contract: what its key signs is valid by ERC-1271.
contract ContractAccount is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(hash, signature);
        return signer == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// One open channel on the real token, with everybody who takes part in it.
abstract contract ChannelTest is ChannelParts {
    uint128 internal constant FUNDS = 1_000_000;

    IFiatToken internal usdc;
    Vm.Wallet internal payer;
    Vm.Wallet internal authorizer;
    address internal receiver = makeAddr("receiver");
    address internal stranger = makeAddr("stranger");
    IX402BatchSettlement.ChannelConfig internal config;
    bytes32 internal channelId;

    function setUp() public {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        placeBatchSettlement();
        usdc = deployFiatToken();
        payer = vm.createWallet("payer");
        authorizer = vm.createWallet("authorizer");
        config = channelConfig(payer.addr, receiver, authorizer.addr, usdc);
        channelId = openChannel(payer, config, FUNDS);
    }

    function assertChannel(uint128 balance, uint128 totalClaimed) internal view {
        (uint128 actualBalance, uint128 actualClaimed) = BATCH.channels(channelId);
        assertEq(actualBalance, balance, "balance");
        assertEq(actualClaimed, totalClaimed, "totalClaimed");
    }

    /// Claims `totalClaimed` under a voucher over exactly that, as the receiver.
    function claimTotal(uint128 totalClaimed) internal {
        IX402BatchSettlement.VoucherClaim[] memory rows = one(claimRow(payer, config, totalClaimed, totalClaimed));
        vm.prank(receiver);
        BATCH.claim(rows);
    }

    function one(IX402BatchSettlement.VoucherClaim memory row)
        internal
        pure
        returns (IX402BatchSettlement.VoucherClaim[] memory rows)
    {
        rows = new IX402BatchSettlement.VoucherClaim[](1);
        rows[0] = row;
    }

    function two(IX402BatchSettlement.VoucherClaim memory first, IX402BatchSettlement.VoucherClaim memory second)
        internal
        pure
        returns (IX402BatchSettlement.VoucherClaim[] memory rows)
    {
        rows = new IX402BatchSettlement.VoucherClaim[](2);
        (rows[0], rows[1]) = (first, second);
    }

    function boundAmount(uint256 amount, uint256 low, uint256 high) internal pure returns (uint128) {
        return uint128(bound(amount, low, high));
    }
}
