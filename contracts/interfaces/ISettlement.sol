// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Group, GroupResult, PaymentScheme, Receipt, SettledGroup} from "../types/Group.sol";
import {Tier} from "../types/Tier.sol";
import {IX402BatchSettlement} from "./external/IX402BatchSettlement.sol";

/// @title Settlement of paid, verifiable inferences
/// @notice The one entry of the money path. `settle` verifies the evidence of every group, collects the x402 payments
/// of its receipts straight from payer to pay address, counts the receipts at the tier that was verified, and emits an
/// event for each. It has no owner, cannot be upgraded and never holds tokens.
interface ISettlement {
    /// @notice One inference was verified, paid (unless free) and counted.
    /// @param receiptHash EIP-712 digest of the receipt.
    /// @param payer Who paid; zero for a free inference.
    /// @param tier The tier that the contract verified.
    /// @param modelId The model.
    /// @param prover Who ran the model and is paid.
    /// @param asset Token of the amount.
    /// @param requestHash Commitment to the request.
    /// @param responseHash Commitment to the response.
    /// @param terms Packed from the high bits: seq (64; gap-free, starts at 0), amount in base units (96),
    /// servedAt in unix seconds (64), floor tier (8), then flags: payment scheme (bits 8 to 15, see {PaymentScheme};
    /// `EXACT` is the weaker one, see docs/architecture.md) and the labels of the evidence (bits 0 to 7, see
    /// {Labels}): bit 0, it rests on a development root or a development SRS; bit 1, it is unbound and may have been made
    /// for somebody else.
    event InferenceSettled(
        bytes32 indexed receiptHash,
        address indexed payer,
        Tier indexed tier,
        bytes32 modelId,
        address prover,
        address asset,
        bytes32 requestHash,
        bytes32 responseHash,
        uint256 terms
    );

    /// @notice A group settled at least one receipt.
    /// @param root Merkle root over the hashes of the receipts that settled.
    /// @param modelId The model.
    /// @param prover The prover.
    /// @param route The route whose verifier accepted the evidence.
    /// @param tier The route's tier.
    /// @param settled Number of receipts that settled.
    /// @param skipped Number of receipts that were skipped.
    /// @param labels Bits of {Labels}: how the evidence is weaker than the tier says (bit 0: development, bit 1:
    /// unbound).
    /// @param key Key that backed the group, as its verifier names it in the {Verdict}; zero when it names none. With
    /// TEE it tells the enclave, whose key may be called compromised later.
    event GroupSettled(
        bytes32 indexed root,
        bytes32 indexed modelId,
        address indexed prover,
        bytes4 route,
        Tier tier,
        uint32 settled,
        uint32 skipped,
        uint8 labels,
        bytes32 key
    );

    /// @notice A whole group was left untouched.
    /// @param modelId The model that the group names.
    /// @param prover The prover that the group names.
    /// @param route The route that the group names.
    /// @param groupIndex Position of the group in the call.
    /// @param reason ABI-encoded custom error, cut after 256 bytes.
    event GroupSkipped(
        bytes32 indexed modelId, address indexed prover, bytes4 indexed route, uint256 groupIndex, bytes reason
    );

    /// @notice One receipt of an otherwise accepted group was left untouched; it may be submitted again.
    /// @param receiptHash EIP-712 digest of the receipt.
    /// @param payer The payer that the receipt names.
    /// @param prover The prover.
    /// @param reason ABI-encoded custom error.
    event ReceiptSkipped(bytes32 indexed receiptHash, address indexed payer, address indexed prover, bytes reason);

    /// @notice What a payment channel still held for a prover went back to its payer.
    /// @param payer The payer.
    /// @param prover The prover who gave it back.
    /// @param token The channel's token.
    /// @param amount Base units that went back.
    event ChannelRefunded(address indexed payer, address indexed prover, address indexed token, uint128 amount);

    /// @notice The transaction has too little gas to judge a group fairly; nothing was changed. Send it with more.
    error NotEnoughGas(uint256 available, uint256 needed);
    /// @notice `settleGroup` is for Settlement itself.
    error OnlySelf(address caller);
    /// @notice Something in the group is no ABI encoding of what it should be.
    error MalformedGroup();
    /// @notice The group holds no receipts.
    error EmptyGroup();
    /// @notice Neither sent by the prover nor signed by it.
    error NotAuthorized(address prover, address submitter);
    /// @notice A payment covers no receipt, one beyond the last, or one that an earlier payment covers. Sort payments by
    /// the receipts that they cover.
    error PaymentOutOfOrder(uint256 payment, uint256 nextReceipt, uint256 receipts);
    /// @notice A payment covers a receipt that names no payer.
    error PaymentForFreeReceipt(uint256 receiptIndex);
    /// @notice The pay addresses received less than what was transferred to them.
    error PaymentShortfall(uint256 expected, uint256 received);
    /// @notice With this group the enclave key would have backed more of the asset, in base units, than the model's
    /// owner lets one key back. Serve with a new key, or ask for a higher cap; free groups still settle.
    error ValueCapExceeded(bytes32 key, address asset, uint256 total, uint256 valueCap);

    /// @notice Receipt: the evidence backs others of the group, but not this one (see {Verdict-refused}). Make its
    /// evidence again and send it with the same nonce.
    error NotBacked(uint256 receiptIndex);
    /// @notice Receipt: this nonce of the prover was settled before.
    error AlreadySettled(address prover, uint64 nonce);
    /// @notice Receipt: the verified tier is below the payer's floor, or the floor is no tier.
    error BelowFloor(uint8 tier, uint8 floor);
    /// @notice Receipt: its payer is not the one of the payment that covers it, or a payer stands without an amount, or
    /// an amount without a payer.
    error PayerMismatch(address expected, address payer, uint96 amount);
    /// @notice Receipt: its floor is not the one of the other receipts under the same payment.
    error FloorMixed(uint8 expected, uint8 floor);
    /// @notice Receipt: bits of its terms are set that mean nothing.
    error ReservedBits(uint24 bits);
    /// @notice Receipt: it has an amount and no payment covers it.
    error PaymentMissing(uint256 receiptIndex);
    /// @notice Receipt: the payment names no known scheme.
    error UnknownScheme(PaymentScheme scheme);
    /// @notice Receipt: an authorisation's signature is not 65 bytes long.
    error BadSignatureLength(uint256 length);
    /// @notice Receipt: the channel's payer, token or receiver are not the receipts', its receiver authorizer is not
    /// this contract, or somebody else than the payer signs its vouchers.
    error ChannelMismatch();
    /// @notice Receipt: the amount is above the maximum that the payer signed.
    error AmountAboveMaximum(uint256 amount, uint256 maxAmount);
    /// @notice Receipt: the payment scheme refused; `cause` is its revert data, cut after 132 bytes. Permit2's
    /// `InvalidSigner` means that the payer signed for other terms: another pay address (prover or floor), token,
    /// maximum, nonce or deadline.
    error PaymentFailed(bytes cause);

    /// @notice `groups` does not stand where every ABI encoder puts it.
    error NonCanonicalCalldata(uint256 offset);
    /// @notice The receipt is not settled at the asked tier.
    error NotSettled(Tier settled, Tier asked);
    /// @notice The channel pays somebody else's pay address.
    error NotChannelReceiver(address receiver, address payAddress);

    /// @notice Verifies, collects and counts. Groups are judged one by one; a bad one does not block the others, as long
    /// as the transaction has the gas that all of them may use. Whoever submits groups of strangers bears that in mind:
    /// a token that burns gas takes up to 400,000 for each payment in it.
    /// @dev Reverts only with {NotEnoughGas}, on re-entry and on calldata that is no encoding of `groups`.
    /// @param groups The groups to settle.
    /// @return results One entry per group, in order.
    function settle(Group[] calldata groups) external returns (GroupResult[] memory results);

    /// @notice Settles one group in a call frame of its own. Only Settlement may call it.
    /// @param index Which of the groups.
    /// @param submitter Who called `settle`.
    /// @param groups All groups of the call.
    /// @return settled Number of receipts that settled.
    /// @return skipped Number of receipts that were skipped.
    function settleGroup(uint256 index, address submitter, Group[] calldata groups)
        external
        returns (uint32 settled, uint32 skipped);

    /// @notice Gives back to a payer what its channel holds beyond what was claimed. Only the prover whose pay address
    /// is the channel's receiver.
    /// @param channel The channel; its receiver authorizer is this contract.
    /// @param floor Floor of the pay address.
    /// @param amount Base units to give back at most; what was claimed stays.
    function refundChannel(IX402BatchSettlement.ChannelConfig calldata channel, uint8 floor, uint128 amount) external;

    /// @notice Reverts unless the receipt has settled at `minTier` or better. For contracts that act on inferences.
    /// @dev The tier says nothing about labels. Whoever cares looks at `settledGroup(root).labels`: development evidence
    /// proves nothing, and an unbound TEE result can be shown again by anybody.
    /// @param modelId Model of the receipt's group.
    /// @param prover Prover of the group.
    /// @param asset Asset of the group.
    /// @param receipt The receipt.
    /// @param proof Merkle proof under the root of {GroupSettled}.
    /// @param minTier Lowest tier to accept.
    function requireSettled(
        bytes32 modelId,
        address prover,
        address asset,
        Receipt calldata receipt,
        bytes32[] calldata proof,
        Tier minTier
    ) external view;

    /// @notice The tier at which a receipt has settled; parameters as in {requireSettled}, and so is what it leaves out:
    /// see `settledGroup(root).labels`.
    /// @param modelId Model of the receipt's group.
    /// @param prover Prover of the group.
    /// @param asset Asset of the group.
    /// @param receipt The receipt.
    /// @param proof Merkle proof under the root of {GroupSettled}.
    /// @return tier `NONE` when it has not.
    function settledTier(
        bytes32 modelId,
        address prover,
        address asset,
        Receipt calldata receipt,
        bytes32[] calldata proof
    ) external view returns (Tier tier);

    /// @notice EIP-712 digest of a receipt.
    /// @param modelId The group's model.
    /// @param prover The group's prover.
    /// @param asset The group's asset.
    /// @param receipt The receipt.
    /// @return digest The receipt hash, a leaf of the group's Merkle tree.
    function receiptHash(bytes32 modelId, address prover, address asset, Receipt calldata receipt)
        external
        view
        returns (bytes32 digest);

    /// @notice EIP-712 digest of a group: what provers and enclaves sign.
    /// @param root Merkle root over all receipt hashes of the group.
    /// @param route The route.
    /// @return digest The digest.
    function groupDigest(bytes32 root, bytes4 route) external view returns (bytes32 digest);

    /// @notice EIP-712 digest of a prover's leave for anybody to submit a group. It differs from the group digest: the
    /// evidence of a pending transaction must not let somebody else submit the group first. It covers the payments:
    /// nobody may cut one short or exchange two. It does not expire; what it allows ends when the nonces are spent.
    /// @param root Merkle root over all receipt hashes of the group.
    /// @param route The route.
    /// @param paymentsHash keccak256 of the ABI encoding of the group's `payments`, as `abi.encode(payments)` gives it.
    /// @return digest The digest that goes into the group's `authorization`.
    function authorizationDigest(bytes32 root, bytes4 route, bytes32 paymentsHash)
        external
        view
        returns (bytes32 digest);

    /// @notice The address that must receive the payments of receipts with this prover and floor.
    /// @param prover The prover.
    /// @param floor The floor tier.
    /// @return payAddress Pay address; needs no code to be paid.
    function payAddressOf(address prover, uint8 floor) external view returns (address payAddress);

    /// @notice Whether a nonce of a prover is spent.
    /// @param prover The prover.
    /// @param nonce The nonce.
    /// @return used True when a receipt with this nonce has settled.
    function isNonceUsed(address prover, uint64 nonce) external view returns (bool used);

    /// @notice What an enclave's key has backed: the settled amounts of the groups that its signature proves.
    /// @param key The key, as its verifier names it in the {Verdict}.
    /// @param asset The token.
    /// @return amount Sum in base units.
    function backedAmount(bytes32 key, address asset) external view returns (uint256 amount);

    /// @notice What is remembered of a settled group.
    /// @param root Merkle root of {GroupSettled}.
    /// @return group Zeroes when the root is unknown.
    function settledGroup(bytes32 root) external view returns (SettledGroup memory group);

    /// @notice Number of all settled inferences: the sequence number of the next one.
    /// @return seq Next sequence number.
    function nextSeq() external view returns (uint64 seq);

    /// @notice Number of settled inferences of a tier, those with labels (development, unbound) and free ones included.
    /// @param tier The tier; `NONE` gives the number of all.
    /// @return count Number of inferences.
    function tally(Tier tier) external view returns (uint64 count);

    /// @notice Number of settled inferences of a model at a tier.
    /// @param modelId The model.
    /// @param tier The tier; `NONE` gives the number of all.
    /// @return count Number of inferences.
    function modelTally(bytes32 modelId, Tier tier) external view returns (uint64 count);

    /// @notice Sum of the amounts settled at a tier in one asset.
    /// @param asset The token.
    /// @param tier The tier.
    /// @return amount Sum in base units.
    function amountTally(address asset, Tier tier) external view returns (uint256 amount);
}
