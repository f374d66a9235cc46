// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Vm} from "forge-std/Test.sol";

import {IX402BatchSettlement} from "../../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {X402BatchSettlement} from "../standins/X402BatchSettlement.sol";
import {X402ERC3009DepositCollector} from "../standins/X402ERC3009DepositCollector.sol";
import {IFiatToken, RealParts} from "./RealParts.sol";

/// Puts the stand-ins of x402's channels where chains have the contracts, opens channels, signs what clients sign.
/// Signatures are made from the published types, not with the help of the stand-ins.
abstract contract ChannelParts is RealParts {
    IX402BatchSettlement internal constant BATCH = IX402BatchSettlement(0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003);
    address internal constant ERC3009_COLLECTOR = 0x4020806089470a89826cB9fB1f4059150b550004;

    bytes32 internal constant CHANNEL_CONFIG_TYPEHASH =
        0x1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db308;
    bytes32 internal constant VOUCHER_TYPEHASH = 0x1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a69;
    bytes32 internal constant REFUND_TYPEHASH = 0xbe23ad087435072cd69b49cc5b92de10ee610fce7ae0ab428307972d764bb216;
    bytes32 internal constant CLAIM_ENTRY_TYPEHASH = 0x30b9a0367528fca13c3e8ec6134c3113f1887ebe7a1ad61de0955aac288b0cf5;
    bytes32 internal constant CLAIM_BATCH_TYPEHASH = 0x42bd57c010b870c2e96203c66341f28a6a19b4d56a74533a8eb5f706b9fd6d57;
    bytes32 private constant RECEIVE_TYPEHASH = 0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8;

    uint256 private _depositSalt;

    function placeBatchSettlement() internal {
        _deployAt(address(BATCH), type(X402BatchSettlement).creationCode);
        _deployAt(
            ERC3009_COLLECTOR,
            abi.encodePacked(type(X402ERC3009DepositCollector).creationCode, abi.encode(address(BATCH)))
        );
    }

    /// A channel whose payer signs the vouchers itself, with a withdrawal delay of one day.
    function channelConfig(address payer, address receiver, address receiverAuthorizer, IFiatToken token)
        internal
        pure
        returns (IX402BatchSettlement.ChannelConfig memory config)
    {
        config.payer = payer;
        config.receiver = receiver;
        config.receiverAuthorizer = receiverAuthorizer;
        config.token = address(token);
        config.withdrawDelay = 1 days;
    }

    /// Mints `amount` to the payer and deposits it by EIP-3009; `signer` is the payer's key.
    function openChannel(Vm.Wallet memory signer, IX402BatchSettlement.ChannelConfig memory config, uint128 amount)
        internal
        returns (bytes32 channelId)
    {
        mint(IFiatToken(config.token), config.payer, amount);
        bytes memory data = depositData(signer, config, amount, _depositSalt++);
        BATCH.deposit(config, amount, ERC3009_COLLECTOR, data);
        return channelIdOf(config);
    }

    /// What the collector needs: the payer's EIP-3009 authorisation, valid for five minutes.
    function depositData(
        Vm.Wallet memory signer,
        IX402BatchSettlement.ChannelConfig memory config,
        uint128 amount,
        uint256 salt
    ) internal view returns (bytes memory) {
        uint256 validBefore = block.timestamp + 300;
        bytes32 nonce = keccak256(abi.encode(channelIdOf(config), salt));
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE_TYPEHASH, config.payer, ERC3009_COLLECTOR, uint256(amount), uint256(0), validBefore, nonce
            )
        );
        bytes32 digest = typedDigest(IERC20Permit(config.token).DOMAIN_SEPARATOR(), structHash);
        return abi.encode(uint256(0), validBefore, salt, signDigest(signer, digest));
    }

    /// One row of a claim, with the voucher signed by `signer`.
    function claimRow(
        Vm.Wallet memory signer,
        IX402BatchSettlement.ChannelConfig memory config,
        uint128 maxClaimableAmount,
        uint128 totalClaimed
    ) internal view returns (IX402BatchSettlement.VoucherClaim memory row) {
        row.voucher = IX402BatchSettlement.Voucher({channel: config, maxClaimableAmount: maxClaimableAmount});
        row.signature = signVoucher(signer, channelIdOf(config), maxClaimableAmount);
        row.totalClaimed = totalClaimed;
    }

    function signVoucher(Vm.Wallet memory signer, bytes32 channelId, uint128 maxClaimableAmount)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, maxClaimableAmount));
        return signDigest(signer, typedDigest(batchDomain(), structHash));
    }

    /// What a receiverAuthorizer signs for `claimWithSignature`.
    function claimBatchDigest(IX402BatchSettlement.VoucherClaim[] memory rows) internal view returns (bytes32) {
        bytes memory entries;
        for (uint256 i; i < rows.length; ++i) {
            IX402BatchSettlement.Voucher memory voucher = rows[i].voucher;
            bytes32 id = channelIdOf(voucher.channel);
            bytes32 entry =
                keccak256(abi.encode(CLAIM_ENTRY_TYPEHASH, id, voucher.maxClaimableAmount, rows[i].totalClaimed));
            entries = abi.encodePacked(entries, entry);
        }
        return typedDigest(batchDomain(), keccak256(abi.encode(CLAIM_BATCH_TYPEHASH, keccak256(entries))));
    }

    function channelIdOf(IX402BatchSettlement.ChannelConfig memory config) internal view returns (bytes32) {
        return typedDigest(batchDomain(), keccak256(abi.encode(CHANNEL_CONFIG_TYPEHASH, config)));
    }

    function batchDomain() internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 name = keccak256("x402 Batch Settlement");
        return keccak256(abi.encode(typehash, name, keccak256("1"), block.chainid, address(BATCH)));
    }

    function typedDigest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function signDigest(Vm.Wallet memory signer, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer.privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /// Runs the constructor at the address itself, so that what it remembers of its address is right.
    function _deployAt(address target, bytes memory creationCode) private {
        vm.etch(target, creationCode);
        (bool success, bytes memory runtime) = target.call("");
        require(success, "the constructor failed");
        vm.etch(target, runtime);
    }
}
