// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPayAddressFactory} from "./interfaces/IPayAddressFactory.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Claim, IVerifier, Statement} from "./interfaces/IVerifier.sol";
import {IVerifierRouter} from "./interfaces/IVerifierRouter.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {MerkleRoot} from "./libraries/MerkleRoot.sol";
import {ReceiptHash} from "./libraries/ReceiptHash.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TokenBalance} from "./libraries/TokenBalance.sol";
import {UptoPayments} from "./payments/UptoPayments.sol";
import {Group, GroupResult, Payment, Receipt, SettledGroup, UptoPayment} from "./types/Group.sol";
import {Tier} from "./types/Tier.sol";

/// @title Settlement
/// @notice See {ISettlement}.
contract Settlement is ISettlement, EIP712, ReentrancyGuardTransient {
    /* CONSTANTS */

    /// @dev Bytes kept of a group's revert data.
    uint256 private constant REASON_BYTES = 256;

    /// @dev Gas that must remain after a bounded call for what follows it.
    uint256 private constant GAS_RESERVE = 30_000;

    /// @dev Gas of an ERC-1271 contract that authorises a group.
    uint256 private constant AUTHORIZATION_GAS = 200_000;

    uint256 private constant DEVELOPMENT_FLAG = 1;

    /// @notice Routes to the verifiers.
    IVerifierRouter public immutable ROUTER;

    /// @notice Derives the pay addresses.
    IPayAddressFactory public immutable PAY_ADDRESSES;

    /* STORAGE */

    /// @dev Four 64-bit counters, one per tier from the low bits; the lane of `NONE` counts all.
    uint256 private _counts;

    /// @dev The same per model.
    mapping(bytes32 modelId => uint256) private _modelCounts;

    mapping(address asset => mapping(Tier => uint256)) private _amounts;

    /// @dev Spent nonces of a prover, 256 to a word.
    mapping(address prover => mapping(uint256 word => uint256)) private _spent;

    mapping(bytes32 root => SettledGroup) private _settledGroups;

    /// @dev What the steps of one group share.
    struct Frame {
        Tier tier;
        bool development;
        uint64 seq;
        uint32 settled;
        uint256 amount;
        bytes32[] hashes;
        /// @dev Per receipt: one plus the index of its payment, or zero.
        uint256[] paymentOf;
        /// @dev By floor: where its payments must go, for the floors that occur.
        address[4] payAddresses;
    }

    constructor(IVerifierRouter router, IPayAddressFactory payAddresses) EIP712("Veritally", "1") {
        ROUTER = router;
        PAY_ADDRESSES = payAddresses;
    }

    /* SETTLING */

    /// @inheritdoc ISettlement
    function settle(Group[] calldata groups) external nonReentrant returns (GroupResult[] memory results) {
        results = new GroupResult[](groups.length);
        for (uint256 i; i < groups.length; ++i) {
            Group calldata group = groups[i];
            bytes memory input = abi.encodeCall(this.settleGroup, (group, msg.sender));
            uint256 gasBefore = gasleft();
            (bool success, bytes memory output) = BoundedCall.tryCall(address(this), gasBefore, REASON_BYTES, input);
            if (success) {
                (results[i].settled, results[i].skipped) = abi.decode(output, (uint32, uint32));
            } else {
                if (output.length == 0) output = _explainSilence(gasBefore);
                _requireNotStarved(output);
                results[i].reason = output;

                emit GroupSkipped(group.modelId, group.prover, group.route, i, output);
            }
        }
    }

    /// @inheritdoc ISettlement
    function settleGroup(Group calldata group, address submitter) external returns (uint32 settled, uint32 skipped) {
        require(msg.sender == address(this), OnlySelf(msg.sender));
        uint256 count = group.receipts.length;
        require(count != 0, EmptyGroup());

        Frame memory frame;
        frame.hashes = _hashReceipts(group);
        bytes32 root = MerkleRoot.consume(_copy(frame.hashes), count);
        bytes32 digest = groupDigest(root, group.route);
        _requireAuthorized(group, submitter, root);
        _verify(frame, group, digest);
        frame.paymentOf = _indexPayments(group);
        frame.seq = nextSeq();

        _openPayAddresses(frame, group);
        uint256 balanceBefore = _payAddressBalance(frame, group.asset);
        bytes32[] memory settledHashes = _settleReceipts(frame, group);
        settled = frame.settled;
        skipped = uint32(count) - settled;
        if (settled == 0) return (settled, skipped);
        uint256 received = _payAddressBalance(frame, group.asset) - balanceBefore;
        require(received >= frame.amount, PaymentShortfall(frame.amount, received));

        if (skipped != 0) root = MerkleRoot.consume(settledHashes, settled);
        _record(frame, group, root);

        emit GroupSettled(
            root, group.modelId, group.prover, group.route, frame.tier, settled, skipped, frame.development
        );
    }

    /* VIEWS */

    /// @inheritdoc ISettlement
    function receiptHash(bytes32 modelId, address prover, address asset, Receipt calldata receipt)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(ReceiptHash.hashReceipt(modelId, prover, asset, receipt));
    }

    /// @inheritdoc ISettlement
    function groupDigest(bytes32 root, bytes4 route) public view returns (bytes32) {
        return _hashTypedDataV4(ReceiptHash.hashGroup(root, route));
    }

    /// @inheritdoc ISettlement
    function authorizationDigest(bytes32 root, bytes4 route) public view returns (bytes32) {
        return _hashTypedDataV4(ReceiptHash.hashAuthorization(root, route));
    }

    /// @inheritdoc ISettlement
    function payAddressOf(address prover, uint8 floor) public view returns (address) {
        return PAY_ADDRESSES.addressOf(prover, floor);
    }

    /// @inheritdoc ISettlement
    function isNonceUsed(address prover, uint64 nonce) public view returns (bool) {
        return _spent[prover][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ISettlement
    function settledGroup(bytes32 root) external view returns (SettledGroup memory) {
        return _settledGroups[root];
    }

    /// @inheritdoc ISettlement
    function nextSeq() public view returns (uint64) {
        return tally(Tier.NONE);
    }

    /// @inheritdoc ISettlement
    function tally(Tier tier) public view returns (uint64) {
        return _lane(_counts, tier);
    }

    /// @inheritdoc ISettlement
    function modelTally(bytes32 modelId, Tier tier) external view returns (uint64) {
        return _lane(_modelCounts[modelId], tier);
    }

    /// @inheritdoc ISettlement
    function amountTally(address asset, Tier tier) external view returns (uint256) {
        return _amounts[asset][tier];
    }

    /* CHECKS */

    /// @dev A frame without revert data ran out of gas, which leaves at most 1/64 of it twice over, or met data that
    /// is no ABI encoding.
    function _explainSilence(uint256 gasBefore) private view returns (bytes memory reason) {
        return gasleft() > gasBefore / 16
            ? abi.encodeWithSelector(MalformedGroup.selector)
            : abi.encodeWithSelector(NotEnoughGas.selector, gasBefore, 2 * gasBefore);
    }

    /// @dev A group that had too little gas says nothing about its evidence: let the whole transaction fail.
    function _requireNotStarved(bytes memory reason) private pure {
        if (bytes4(reason) == NotEnoughGas.selector) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    /// @dev Makes sure that a call with `gasLimit` really gets it.
    function _requireGas(uint256 gasLimit) private view {
        uint256 needed = gasLimit + gasLimit / 63 + GAS_RESERVE;
        require(gasleft() >= needed, NotEnoughGas(gasleft(), needed));
    }

    function _requireAuthorized(Group calldata group, address submitter, bytes32 root) private view {
        if (submitter == group.prover) return;
        bytes32 digest = authorizationDigest(root, group.route);

        _requireGas(AUTHORIZATION_GAS);
        require(
            Signatures.isValid(group.prover, digest, group.authorization, AUTHORIZATION_GAS),
            NotAuthorized(group.prover, submitter)
        );
    }

    function _verify(Frame memory frame, Group calldata group, bytes32 digest) private view {
        (address verifier, Tier tier, uint256 gasLimit) = ROUTER.resolve(group.route, group.receipts.length);
        Claim memory claim = Claim({
            modelId: group.modelId,
            prover: group.prover,
            groupDigest: digest,
            statements: tier == Tier.ZKML ? _statements(group) : new Statement[](0)
        });
        bytes memory input = abi.encodeCall(IVerifier.verify, (claim, group.evidence));

        _requireGas(gasLimit);
        (bool success, bytes memory output) = BoundedCall.tryStaticCall(verifier, gasLimit, REASON_BYTES, input);
        if (!success) _revertWith(output);
        require(output.length == 32, IVerifier.MalformedEvidence());
        (frame.tier, frame.development) = (tier, abi.decode(output, (bool)));
    }

    function _revertWith(bytes memory reason) private pure {
        if (reason.length < 4) revert IVerifier.MalformedEvidence();
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /* RECEIPTS */

    function _settleReceipts(Frame memory frame, Group calldata group) private returns (bytes32[] memory hashes) {
        hashes = new bytes32[](group.receipts.length);
        for (uint256 i; i < hashes.length; ++i) {
            Receipt calldata receipt = group.receipts[i];
            bytes memory reason = _settleReceipt(frame, group, receipt, i);
            if (reason.length != 0) {
                emit ReceiptSkipped(frame.hashes[i], receipt.payer, group.prover, reason);
                continue;
            }
            hashes[frame.settled] = frame.hashes[i];

            emit InferenceSettled(
                frame.hashes[i],
                receipt.payer,
                frame.tier,
                group.modelId,
                group.prover,
                group.asset,
                receipt.requestHash,
                receipt.responseHash,
                _packTerms(frame, receipt)
            );

            frame.amount += receipt.amount;
            ++frame.settled;
        }
    }

    /// @dev Spends the nonce and collects the payment, or changes nothing and says why.
    function _settleReceipt(Frame memory frame, Group calldata group, Receipt calldata receipt, uint256 index)
        private
        returns (bytes memory reason)
    {
        if (receipt.floor == 0 || receipt.floor > uint8(frame.tier)) {
            return abi.encodeWithSelector(BelowFloor.selector, frame.tier, receipt.floor);
        }
        if ((receipt.payer == address(0)) != (receipt.amount == 0)) {
            return abi.encodeWithSelector(PayerWithoutAmount.selector, receipt.payer, receipt.amount);
        }
        if ((frame.paymentOf[index] == 0) != (receipt.amount == 0)) {
            return abi.encodeWithSelector(PaymentMissing.selector, index);
        }
        if (isNonceUsed(group.prover, receipt.nonce)) {
            return abi.encodeWithSelector(AlreadySettled.selector, group.prover, receipt.nonce);
        }

        _flipNonce(group.prover, receipt.nonce);
        if (receipt.amount == 0) return "";
        reason = _collect(frame, group.asset, receipt, group.payments[frame.paymentOf[index] - 1]);
        if (reason.length != 0) _flipNonce(group.prover, receipt.nonce);
    }

    function _collect(Frame memory frame, address asset, Receipt calldata receipt, Payment calldata payment)
        private
        returns (bytes memory reason)
    {
        UptoPayment memory terms = abi.decode(payment.data, (UptoPayment));
        if (receipt.amount > terms.maxAmount) {
            return abi.encodeWithSelector(AmountAboveMaximum.selector, receipt.amount, terms.maxAmount);
        }

        _requireGas(UptoPayments.GAS_LIMIT);
        (bool success, bytes memory cause) = UptoPayments.collect(
            terms,
            UptoPayments.Transfer({
                asset: asset, payer: receipt.payer, to: frame.payAddresses[receipt.floor], amount: receipt.amount
            })
        );
        return success ? bytes("") : abi.encodeWithSelector(PaymentFailed.selector, cause);
    }

    /// @dev Sets the bit of an unspent nonce, or clears it again when the payment failed.
    function _flipNonce(address prover, uint64 nonce) private {
        _spent[prover][nonce >> 8] ^= 1 << (nonce & 0xff);
    }

    /* MONEY */

    /// @dev Derives the pay addresses of the floors that the paid receipts name.
    function _openPayAddresses(Frame memory frame, Group calldata group) private view {
        for (uint256 i; i < group.receipts.length; ++i) {
            uint8 floor = group.receipts[i].floor;
            if (group.receipts[i].amount == 0 || floor > uint8(Tier.ZKML)) continue;
            if (frame.payAddresses[floor] == address(0)) {
                frame.payAddresses[floor] = payAddressOf(group.prover, floor);
            }
        }
    }

    /// @dev Sum of what the open pay addresses hold. The difference over a group shows whether the token moved what
    /// it was asked to move.
    function _payAddressBalance(Frame memory frame, address asset) private view returns (uint256 balance) {
        for (uint256 floor = uint8(Tier.SIGNED); floor <= uint8(Tier.ZKML); ++floor) {
            if (frame.payAddresses[floor] == address(0)) continue;
            _requireGas(TokenBalance.GAS_LIMIT);
            balance += TokenBalance.read(asset, frame.payAddresses[floor]);
        }
    }

    /* RECORDS */

    function _record(Frame memory frame, Group calldata group, bytes32 root) private {
        uint256 increment = uint256(frame.settled) << (64 * uint8(frame.tier)) | frame.settled;
        _counts += increment;
        _modelCounts[group.modelId] += increment;
        if (frame.amount != 0) _amounts[group.asset][frame.tier] += frame.amount;
        _settledGroups[root] = SettledGroup({
            tier: uint8(frame.tier),
            development: frame.development,
            count: frame.settled,
            blockNumber: uint64(block.number)
        });
    }

    function _packTerms(Frame memory frame, Receipt calldata receipt) private pure returns (uint256) {
        return uint256(frame.seq + frame.settled) << 192 | uint256(receipt.amount) << 96 | uint256(receipt.servedAt)
            << 32 | uint256(receipt.floor) << 24 | (frame.development ? DEVELOPMENT_FLAG : 0);
    }

    function _lane(uint256 counts, Tier tier) private pure returns (uint64) {
        return uint64(counts >> (64 * uint8(tier)));
    }

    /* INPUT */

    function _hashReceipts(Group calldata group) private view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](group.receipts.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] =
                _hashTypedDataV4(ReceiptHash.hashReceipt(group.modelId, group.prover, group.asset, group.receipts[i]));
        }
    }

    function _statements(Group calldata group) private pure returns (Statement[] memory statements) {
        statements = new Statement[](group.receipts.length);
        for (uint256 i; i < statements.length; ++i) {
            statements[i] = Statement(group.receipts[i].requestHash, group.receipts[i].responseHash);
        }
    }

    function _indexPayments(Group calldata group) private pure returns (uint256[] memory paymentOf) {
        uint256 count = group.receipts.length;
        paymentOf = new uint256[](count);
        for (uint256 i; i < group.payments.length; ++i) {
            uint256 index = group.payments[i].receiptIndex;
            require(index < count, PaymentOutOfRange(index, count));
            require(paymentOf[index] == 0, PaymentRepeated(index));
            paymentOf[index] = i + 1;
        }
    }

    function _copy(bytes32[] memory source) private pure returns (bytes32[] memory target) {
        target = new bytes32[](source.length);
        for (uint256 i; i < source.length; ++i) {
            target[i] = source[i];
        }
    }
}
