// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title x402's channels of the scheme `batch-settlement`
/// @notice Interface facts of the x402 contracts, v2. A payer locks tokens in a channel to one receiver and signs
/// vouchers, each over a higher total. The receiver's side claims against the newest voucher, then has the claimed
/// tokens sent to the receiver. All amounts are in base units of the channel's token.
/// @dev EIP-712 domain: name `x402 Batch Settlement`, version `1`. Only recorded claims limit what a payer can
/// withdraw; a voucher that nobody claimed reserves nothing.
interface IX402BatchSettlement {
    /// @notice What identifies a channel; its EIP-712 hash is the channel id.
    struct ChannelConfig {
        address payer;
        /// @dev Plain key that signs the vouchers, or zero: the payer signs, as an account or by ERC-1271.
        address payerAuthorizer;
        /// @dev Gets the claimed tokens.
        address receiver;
        /// @dev May claim and refund, itself or by a signature (account or ERC-1271).
        address receiverAuthorizer;
        address token;
        /// @dev Seconds between the start and the end of a withdrawal, from 15 minutes to 30 days.
        uint40 withdrawDelay;
        bytes32 salt;
    }

    /// @notice The payer's leave to claim up to a total from a channel.
    struct Voucher {
        ChannelConfig channel;
        /// @dev Signed bound of the total over the life of the channel.
        uint128 maxClaimableAmount;
    }

    /// @notice One row of a claim.
    struct VoucherClaim {
        Voucher voucher;
        /// @dev Signature over the channel id and `maxClaimableAmount`.
        bytes signature;
        /// @dev Total over the life of the channel after this claim, not an increment.
        uint128 totalClaimed;
    }

    /// @notice A channel got its first tokens, or its first ones after it was emptied without any claim.
    /// @param channelId The channel.
    /// @param config What identifies it.
    event ChannelCreated(bytes32 indexed channelId, ChannelConfig config);

    /// @notice A channel without claims was emptied.
    /// @param channelId The channel.
    /// @param config What identifies it.
    event ChannelClosed(bytes32 indexed channelId, ChannelConfig config);

    /// @notice Tokens were added to a channel.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount Tokens that arrived.
    /// @param newBalance Deposits less withdrawals and refunds.
    event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance);

    /// @notice The claimed total of a channel rose.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param claimAmount By how much it rose.
    /// @param newTotalClaimed The new total.
    event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed);

    /// @notice Claimed tokens were sent to their receiver.
    /// @param receiver The receiver.
    /// @param token The token.
    /// @param sender Who called.
    /// @param amount Tokens that were sent.
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);

    /// @notice Unclaimed tokens went back to the payer.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount Tokens that went back.
    event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice A withdrawal was started.
    /// @param channelId The channel.
    /// @param amount Tokens asked for.
    /// @param finalizeAfter Unix time in seconds from which the withdrawal can be finished.
    event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter);

    /// @notice A withdrawal ended; the payer has its tokens.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount Tokens that the payer got.
    event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice The config names nobody as payer, receiver, receiverAuthorizer or token.
    error InvalidChannel();
    /// @notice The delay is below 15 minutes or above 30 days.
    error WithdrawDelayOutOfRange();
    /// @notice A deposit of nothing.
    error ZeroDeposit();
    /// @notice The deposit names no collector.
    error InvalidCollector();
    /// @notice The channel's balance would not fit into 128 bits.
    error DepositOverflow();
    /// @notice Other than the deposited amount arrived.
    error DepositCollectionFailed();
    /// @notice A claim without rows.
    error EmptyBatch();
    /// @notice The caller is neither receiver nor receiverAuthorizer of a row.
    error NotAuthorizedToClaim();
    /// @notice The rows have different receiverAuthorizers.
    error NotReceiverAuthorizer();
    /// @notice A signature is not that of the party whose it should be.
    error InvalidSignature();
    /// @notice The claimed total is above the voucher's maximum.
    error ClaimExceedsCeiling();
    /// @notice The claimed total is above what the channel holds.
    error ClaimExceedsBalance();
    /// @notice The caller is neither receiver nor receiverAuthorizer.
    error NotAuthorizedToRefund();
    /// @notice A refund of nothing.
    error ZeroRefund();
    /// @notice The nonce is not the channel's next one.
    error InvalidRefundNonce();
    /// @notice The caller is neither payer nor payerAuthorizer.
    error NotAuthorizedToInitiateWithdraw();
    /// @notice The caller is neither payer nor payerAuthorizer.
    error NotAuthorizedToFinalizeWithdraw();
    /// @notice A withdrawal of nothing.
    error NothingToWithdraw();
    /// @notice The withdrawal is above what is not claimed.
    error WithdrawAmountExceedsAvailable();
    /// @notice Another withdrawal has not ended.
    error WithdrawalAlreadyPending();
    /// @notice No withdrawal was started.
    error WithdrawalNotPending();
    /// @notice The delay has not passed.
    error WithdrawDelayNotElapsed();

    /// @notice Adds tokens to a channel; anybody may submit what the payer authorised.
    /// @param config The channel.
    /// @param amount Tokens to add; exactly so many must arrive.
    /// @param collector Contract that fetches the tokens from the payer.
    /// @param collectorData What the collector needs, such as the payer's signature.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external;

    /// @notice Records claims; moves no tokens. The caller is receiver or receiverAuthorizer of every row.
    /// @dev A row whose total is not above the recorded one changes nothing and does not fail.
    /// @param voucherClaims One row per channel; rows may mix payers.
    function claim(VoucherClaim[] calldata voucherClaims) external;

    /// @notice Records claims that the receiverAuthorizer of all rows signed.
    /// @param voucherClaims One row per channel.
    /// @param authorizerSignature Signature over the rows, see {getClaimBatchDigest}.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature) external;

    /// @notice Sends to a receiver everything that was claimed for it and not sent yet; anybody may call.
    /// @param receiver The receiver of the channels.
    /// @param token The token of the channels.
    function settle(address receiver, address token) external;

    /// @notice Starts a withdrawal by payer or payerAuthorizer.
    /// @param config The channel.
    /// @param amount Tokens to withdraw, at most what is not claimed.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external;

    /// @notice Ends a withdrawal after the channel's delay: pays the payer what was asked for, or what is left.
    /// @param config The channel.
    function finalizeWithdraw(ChannelConfig calldata config) external;

    /// @notice Gives unclaimed tokens back to the payer; the caller is receiver or receiverAuthorizer.
    /// @param config The channel.
    /// @param amount Tokens to give back; what is not there is left out.
    function refund(ChannelConfig calldata config, uint128 amount) external;

    /// @notice Gives unclaimed tokens back to the payer on the receiverAuthorizer's signature.
    /// @param config The channel.
    /// @param amount Tokens to give back; what is not there is left out.
    /// @param nonce The channel's {refundNonce}.
    /// @param receiverAuthorizerSignature Signature over {getRefundDigest}.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external;

    /// @notice State of a channel.
    /// @param channelId The channel.
    /// @return balance Deposits less withdrawals and refunds; claims do not lower it.
    /// @return totalClaimed Total of all claims.
    function channels(bytes32 channelId) external view returns (uint128 balance, uint128 totalClaimed);

    /// @notice The withdrawal that was started and has not ended.
    /// @param channelId The channel.
    /// @return amount Tokens asked for.
    /// @return initiatedAt Unix time in seconds of its start, 0 when there is none.
    function pendingWithdrawals(bytes32 channelId) external view returns (uint128 amount, uint40 initiatedAt);

    /// @notice Totals of a receiver over all its channels.
    /// @param receiver The receiver.
    /// @param token The token.
    /// @return totalClaimed Total of all claims.
    /// @return totalSettled What of that was sent to the receiver.
    function receivers(address receiver, address token)
        external
        view
        returns (uint128 totalClaimed, uint128 totalSettled);

    /// @notice Nonce that the next refund uses; every refund advances it, with or without a signature.
    /// @param channelId The channel.
    /// @return nonce The nonce.
    function refundNonce(bytes32 channelId) external view returns (uint256 nonce);

    /// @notice EIP-712 hash of a channel's config.
    /// @param config The channel.
    /// @return channelId The hash.
    function getChannelId(ChannelConfig calldata config) external view returns (bytes32 channelId);

    /// @notice What the payer's side signs.
    /// @param channelId The channel.
    /// @param maxClaimableAmount Bound of the total.
    /// @return digest EIP-712 digest.
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) external view returns (bytes32 digest);

    /// @notice What the receiverAuthorizer signs for {refundWithSignature}.
    /// @param channelId The channel.
    /// @param nonce The channel's {refundNonce}.
    /// @param amount Tokens to give back.
    /// @return digest EIP-712 digest.
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) external view returns (bytes32 digest);

    /// @notice What the receiverAuthorizer signs for {claimWithSignature}.
    /// @param voucherClaims The rows.
    /// @return digest EIP-712 digest.
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) external view returns (bytes32 digest);
}
