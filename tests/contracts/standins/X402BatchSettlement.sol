// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IX402BatchSettlement} from "../../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {X402BatchHashes} from "./X402BatchHashes.sol";

/// @notice Fetches a deposit from its payer.
interface IDepositCollector {
    /// @notice Sends `amount` of `token` from `payer` to the caller.
    /// @param payer The channel's payer.
    /// @param token The channel's token.
    /// @param amount Base units.
    /// @param channelId The channel that gets them; what the payer signed commits to it.
    /// @param data What the collector needs.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata data) external;
}

/// @title Stand-in for x402's channels of the scheme `batch-settlement`
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY. A clean-room stand-in, written from the scheme's public
/// specification and published facts (ABI, errors, signed types) without the source of the x402 contract. It is put at
/// the canonical address, so that unmodified x402 clients can be tested where the real contract is not deployed.
/// @dev `multicall` is there because the official facilitator refunds with it. Where the published facts are silent,
/// this contract chooses:
/// - `deposit` refuses a payer, receiver, receiverAuthorizer or token that is zero, and a collector without code;
/// - the interface between `deposit` and a collector is our own;
/// - a row of a claim that changes nothing is skipped before its voucher is looked at;
/// - a batch of no rows is refused;
/// - `settle` with nothing to send does nothing and emits nothing;
/// - deposits and claims leave a started withdrawal as it is;
/// - a withdrawal of which nothing is left ends with an amount of zero;
/// - `NotAuthorizedToInitiateWithdraw` is our own name.
contract X402BatchSettlement is X402BatchHashes, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Channel {
        uint128 balance;
        uint128 totalClaimed;
    }

    struct Withdrawal {
        uint128 amount;
        uint40 initiatedAt;
    }

    struct Totals {
        uint128 totalClaimed;
        uint128 totalSettled;
    }

    uint40 private constant MIN_WITHDRAW_DELAY = 15 minutes;
    uint40 private constant MAX_WITHDRAW_DELAY = 30 days;

    /// @inheritdoc IX402BatchSettlement
    mapping(bytes32 channelId => Channel) public channels;

    /// @inheritdoc IX402BatchSettlement
    mapping(bytes32 channelId => Withdrawal) public pendingWithdrawals;

    /// @inheritdoc IX402BatchSettlement
    mapping(address receiver => mapping(address token => Totals)) public receivers;

    /// @inheritdoc IX402BatchSettlement
    mapping(bytes32 channelId => uint256) public refundNonce;

    /* DEPOSITS */

    /// @inheritdoc IX402BatchSettlement
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external
        nonReentrant
    {
        _requireValid(config);
        require(amount != 0, ZeroDeposit());
        require(collector.code.length != 0, InvalidCollector());
        bytes32 channelId = getChannelId(config);
        Channel storage channel = channels[channelId];
        require(amount <= type(uint128).max - channel.balance, DepositOverflow());

        bool created = channel.balance == 0 && channel.totalClaimed == 0;
        channel.balance += amount;

        if (created) emit ChannelCreated(channelId, config);
        emit Deposited(channelId, msg.sender, amount, channel.balance);

        uint256 expected = IERC20(config.token).balanceOf(address(this)) + amount;
        IDepositCollector(collector).collect(config.payer, config.token, amount, channelId, collectorData);
        require(IERC20(config.token).balanceOf(address(this)) == expected, DepositCollectionFailed());
    }

    /* CLAIMS */

    /// @inheritdoc IX402BatchSettlement
    function claim(VoucherClaim[] calldata voucherClaims) external {
        require(voucherClaims.length != 0, EmptyBatch());
        for (uint256 i; i < voucherClaims.length; ++i) {
            require(_isReceiverSide(voucherClaims[i].voucher.channel), NotAuthorizedToClaim());
            _claim(voucherClaims[i]);
        }
    }

    /// @inheritdoc IX402BatchSettlement
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature) external {
        require(voucherClaims.length != 0, EmptyBatch());
        address authorizer = voucherClaims[0].voucher.channel.receiverAuthorizer;
        _requireSignature(authorizer, getClaimBatchDigest(voucherClaims), authorizerSignature);
        for (uint256 i; i < voucherClaims.length; ++i) {
            require(voucherClaims[i].voucher.channel.receiverAuthorizer == authorizer, NotReceiverAuthorizer());
            _claim(voucherClaims[i]);
        }
    }

    /// @inheritdoc IX402BatchSettlement
    function settle(address receiver, address token) external nonReentrant {
        Totals storage totals = receivers[receiver][token];
        uint128 amount = totals.totalClaimed - totals.totalSettled;
        if (amount == 0) return;

        totals.totalSettled = totals.totalClaimed;

        emit Settled(receiver, token, msg.sender, amount);

        IERC20(token).safeTransfer(receiver, amount);
    }

    /* WITHDRAWALS AND REFUNDS */

    /// @inheritdoc IX402BatchSettlement
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external {
        require(_isPayerSide(config), NotAuthorizedToInitiateWithdraw());
        require(amount != 0, NothingToWithdraw());
        bytes32 channelId = getChannelId(config);
        require(pendingWithdrawals[channelId].initiatedAt == 0, WithdrawalAlreadyPending());
        require(amount <= _unclaimed(channelId), WithdrawAmountExceedsAvailable());

        pendingWithdrawals[channelId] = Withdrawal({amount: amount, initiatedAt: uint40(block.timestamp)});

        emit WithdrawInitiated(channelId, amount, uint40(block.timestamp) + config.withdrawDelay);
    }

    /// @inheritdoc IX402BatchSettlement
    function finalizeWithdraw(ChannelConfig calldata config) external nonReentrant {
        require(_isPayerSide(config), NotAuthorizedToFinalizeWithdraw());
        bytes32 channelId = getChannelId(config);
        Withdrawal memory pending = pendingWithdrawals[channelId];
        require(pending.initiatedAt != 0, WithdrawalNotPending());
        require(block.timestamp >= uint256(pending.initiatedAt) + config.withdrawDelay, WithdrawDelayNotElapsed());

        delete pendingWithdrawals[channelId];
        uint128 amount = _min(pending.amount, _unclaimed(channelId));
        channels[channelId].balance -= amount;

        emit WithdrawFinalized(channelId, msg.sender, amount);
        _payBack(config, channelId, amount);
    }

    /// @inheritdoc IX402BatchSettlement
    function refund(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        require(_isReceiverSide(config), NotAuthorizedToRefund());

        _refund(config, getChannelId(config), amount);
    }

    /// @inheritdoc IX402BatchSettlement
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external nonReentrant {
        bytes32 channelId = getChannelId(config);
        require(nonce == refundNonce[channelId], InvalidRefundNonce());
        bytes32 digest = getRefundDigest(channelId, nonce, amount);
        _requireSignature(config.receiverAuthorizer, digest, receiverAuthorizerSignature);

        _refund(config, channelId, amount);
    }

    /* INTERNALS */

    function _claim(VoucherClaim calldata row) private {
        ChannelConfig calldata config = row.voucher.channel;
        bytes32 channelId = getChannelId(config);
        Channel storage channel = channels[channelId];
        if (row.totalClaimed <= channel.totalClaimed) return;
        require(row.totalClaimed <= row.voucher.maxClaimableAmount, ClaimExceedsCeiling());
        require(row.totalClaimed <= channel.balance, ClaimExceedsBalance());
        _requireVoucher(config, getVoucherDigest(channelId, row.voucher.maxClaimableAmount), row.signature);

        uint128 amount = row.totalClaimed - channel.totalClaimed;
        channel.totalClaimed = row.totalClaimed;
        receivers[config.receiver][config.token].totalClaimed += amount;

        emit Claimed(channelId, msg.sender, amount, row.totalClaimed);
    }

    function _refund(ChannelConfig calldata config, bytes32 channelId, uint128 requested) private {
        require(requested != 0, ZeroRefund());

        ++refundNonce[channelId];
        uint128 amount = _min(requested, _unclaimed(channelId));
        if (amount == 0) return;
        channels[channelId].balance -= amount;
        Withdrawal storage pending = pendingWithdrawals[channelId];
        if (amount < pending.amount) pending.amount -= amount;
        else delete pendingWithdrawals[channelId];

        emit Refunded(channelId, msg.sender, amount);
        _payBack(config, channelId, amount);
    }

    /// @dev Comes last: the token is called.
    function _payBack(ChannelConfig calldata config, bytes32 channelId, uint128 amount) private {
        if (amount == 0) return;

        if (channels[channelId].balance == 0) emit ChannelClosed(channelId, config);

        IERC20(config.token).safeTransfer(config.payer, amount);
    }

    function _unclaimed(bytes32 channelId) private view returns (uint128) {
        Channel storage channel = channels[channelId];
        return channel.balance - channel.totalClaimed;
    }

    function _isPayerSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.payer || msg.sender == config.payerAuthorizer;
    }

    function _isReceiverSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.receiver || msg.sender == config.receiverAuthorizer;
    }

    function _requireValid(ChannelConfig calldata config) private pure {
        bool complete = config.payer != address(0) && config.receiver != address(0)
            && config.receiverAuthorizer != address(0) && config.token != address(0);
        require(complete, InvalidChannel());
        bool inRange = config.withdrawDelay >= MIN_WITHDRAW_DELAY && config.withdrawDelay <= MAX_WITHDRAW_DELAY;
        require(inRange, WithdrawDelayOutOfRange());
    }

    function _requireVoucher(ChannelConfig calldata config, bytes32 digest, bytes calldata signature) private view {
        if (config.payerAuthorizer == address(0)) return _requireSignature(config.payer, digest, signature);

        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        require(signer == config.payerAuthorizer, InvalidSignature());
    }

    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        require(SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature), InvalidSignature());
    }

    function _min(uint128 a, uint128 b) private pure returns (uint128) {
        return a < b ? a : b;
    }
}
