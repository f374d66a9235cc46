// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IX402BatchSettlement} from "./interfaces/external/IX402BatchSettlement.sol";
import {IPayAddressFactory} from "./interfaces/IPayAddressFactory.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Claim, IVerifier, Statement} from "./interfaces/IVerifier.sol";
import {IVerifierRouter} from "./interfaces/IVerifierRouter.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {MerkleRoot} from "./libraries/MerkleRoot.sol";
import {PayAddresses} from "./libraries/PayAddresses.sol";
import {ReceiptHash} from "./libraries/ReceiptHash.sol";
import {ReceiptRun, Run} from "./libraries/ReceiptRun.sol";
import {SettledEvent} from "./libraries/SettledEvent.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TokenBalance} from "./libraries/TokenBalance.sol";
import {VerdictAnswer} from "./libraries/VerdictAnswer.sol";
import {BatchPayments} from "./payments/BatchPayments.sol";
import {Collector} from "./payments/Collector.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt, SettledGroup} from "./types/Group.sol";
import {Collection} from "./types/Payments.sol";
import {Terms} from "./types/Terms.sol";
import {Tier} from "./types/Tier.sol";
import {Verdict} from "./types/Verdict.sol";

/// @title Settlement
/// @notice See {ISettlement}.
contract Settlement is ISettlement, EIP712, ReentrancyGuardTransient {
    /* CONSTANTS */

    /// @dev Bytes kept of a group's revert data.
    uint256 private constant REASON_BYTES = 256;

    /// @dev Gas of an ERC-1271 contract that authorises a group.
    uint256 private constant AUTHORIZATION_GAS = 200_000;

    /// @dev Position of `groups` in the calldata of `settle` when it is encoded as every ABI encoder does it.
    uint256 private constant CANONICAL_OFFSET = 0x44;

    /// @notice Routes to the verifiers.
    IVerifierRouter public immutable ROUTER;

    /// @notice Deploys the pay addresses.
    IPayAddressFactory public immutable PAY_ADDRESSES;

    /// @dev The code behind every pay address; with it the addresses can be told without a call.
    address private immutable PAY_ADDRESS_CODE;

    /* STORAGE */

    /// @dev Four 64-bit counters, one per tier from the low bits; the lane of `NONE` counts all.
    uint256 private _counts;

    /// @dev The same per model.
    mapping(bytes32 modelId => uint256) private _modelCounts;

    mapping(address asset => mapping(Tier => uint256)) private _amounts;

    /// @dev Spent nonces of a prover, 256 to a word.
    mapping(address prover => mapping(uint256 word => uint256)) private _spent;

    mapping(bytes32 root => SettledGroup) private _settledGroups;

    /// @dev Settled amounts that an enclave's key has backed, in base units.
    mapping(bytes32 key => mapping(address asset => uint256)) private _backed;

    /// @dev What the steps of one group share.
    struct Frame {
        address prover;
        address asset;
        /// @dev Sum of the settled amounts.
        uint256 amount;
        /// @dev The part of it that was claimed from channels; the rest was transferred.
        uint256 claimed;
        /// @dev Receipt hashes; those of skipped receipts become zero.
        bytes32[] hashes;
        /// @dev Merkle root over all receipt hashes.
        bytes32 root;
        /// @dev The tier that was verified, and the events, one per settled receipt.
        SettledEvent.Log log;
        /// @dev What the verifier says of the evidence.
        Verdict verdict;
        /// @dev By floor, for the floors that occur: where its transfers must go, and what was there before.
        address[4] payAddresses;
        uint256[4] balances;
    }

    constructor(IVerifierRouter router, IPayAddressFactory payAddresses) EIP712("Veritally", "1") {
        ROUTER = router;
        PAY_ADDRESSES = payAddresses;
        PAY_ADDRESS_CODE = payAddresses.IMPLEMENTATION();
    }

    /* SETTLING */

    /// @inheritdoc ISettlement
    function settle(Group[] calldata groups) external nonReentrant returns (GroupResult[] memory results) {
        bytes memory frameCall = _encodeFrameCall(groups);
        results = new GroupResult[](groups.length);
        for (uint256 i; i < groups.length; ++i) {
            assembly ("memory-safe") {
                mstore(add(frameCall, 0x24), i)
            }
            uint256 gasBefore = gasleft();
            (bool success, bytes memory output) = BoundedCall.trySelf(REASON_BYTES, frameCall);
            if (success) {
                (results[i].settled, results[i].skipped) = abi.decode(output, (uint32, uint32));
                continue;
            }
            if (output.length == 0) output = _explainSilence(gasBefore);
            if (bytes4(output) == NotEnoughGas.selector) BoundedCall.revertWith(output);
            results[i].reason = output;

            emit GroupSkipped(groups[i].modelId, groups[i].prover, groups[i].route, i, output);
        }
    }

    /// @inheritdoc ISettlement
    function settleGroup(uint256 index, address submitter, Group[] calldata groups)
        external
        returns (uint32 settled, uint32 skipped)
    {
        require(msg.sender == address(this), OnlySelf(msg.sender));
        Group calldata group = groups[index];
        uint256 count = group.receipts.length;
        require(count != 0, EmptyGroup());

        Frame memory frame;
        (frame.prover, frame.asset) = (group.prover, group.asset);
        _verify(frame, group, submitter);
        _settleReceipts(frame, group);
        (settled, skipped) = (uint32(frame.log.count), uint32(count - frame.log.count));
        if (settled == 0) return (settled, skipped);
        _requirePaid(frame);
        _book(frame);
        bytes32 root = skipped == 0 ? frame.root : MerkleRoot.computeNonZero(frame.hashes);
        _record(frame, group, root);

        emit GroupSettled(
            root,
            group.modelId,
            group.prover,
            group.route,
            frame.log.tier,
            settled,
            skipped,
            frame.log.labels,
            frame.verdict.key
        );
    }

    /// @inheritdoc ISettlement
    function refundChannel(IX402BatchSettlement.ChannelConfig calldata channel, uint8 floor, uint128 amount)
        external
        nonReentrant
    {
        address payAddress = payAddressOf(msg.sender, floor);
        require(channel.receiver == payAddress, NotChannelReceiver(channel.receiver, payAddress));

        uint128 refunded = BatchPayments.refund(channel, amount);

        emit ChannelRefunded(channel.payer, msg.sender, channel.token, refunded);
    }

    /* VIEWS */

    /// @inheritdoc ISettlement
    function requireSettled(
        bytes32 modelId,
        address prover,
        address asset,
        Receipt calldata receipt,
        bytes32[] calldata proof,
        Tier minTier
    ) external view {
        Tier tier = settledTier(modelId, prover, asset, receipt, proof);
        require(tier != Tier.NONE && tier >= minTier, NotSettled(tier, minTier));
    }

    /// @inheritdoc ISettlement
    function settledTier(
        bytes32 modelId,
        address prover,
        address asset,
        Receipt calldata receipt,
        bytes32[] calldata proof
    ) public view returns (Tier) {
        bytes32 leaf = receiptHash(modelId, prover, asset, receipt);
        return Tier(_settledGroups[MerkleProof.processProofCalldata(proof, leaf)].tier);
    }

    /// @inheritdoc ISettlement
    function receiptHash(bytes32 modelId, address prover, address asset, Receipt calldata receipt)
        public
        view
        returns (bytes32)
    {
        Receipt[] calldata receipts;
        assembly {
            receipts.offset := receipt
            receipts.length := 1
        }
        return ReceiptHash.hashAll(
            ReceiptHash.Common({domainSeparator: _domainSeparatorV4(), modelId: modelId, prover: prover, asset: asset}),
            receipts
        )[0];
    }

    /// @inheritdoc ISettlement
    function groupDigest(bytes32 root, bytes4 route) public view returns (bytes32) {
        return _hashTypedDataV4(ReceiptHash.hashGroup(root, route));
    }

    /// @inheritdoc ISettlement
    function authorizationDigest(bytes32 root, bytes4 route, bytes32 paymentsHash) public view returns (bytes32) {
        return _hashTypedDataV4(ReceiptHash.hashAuthorization(root, route, paymentsHash));
    }

    /// @inheritdoc ISettlement
    function payAddressOf(address prover, uint8 floor) public view returns (address) {
        return PayAddresses.derive(address(PAY_ADDRESSES), PAY_ADDRESS_CODE, prover, floor);
    }

    /// @inheritdoc ISettlement
    function isNonceUsed(address prover, uint64 nonce) external view returns (bool) {
        return _spent[prover][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ISettlement
    function backedAmount(bytes32 key, address asset) external view returns (uint256) {
        return _backed[key][asset];
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

    /* FRAMES */

    /// @dev Calldata of `settleGroup` with index zero and the groups as they came, without decoding them.
    function _encodeFrameCall(Group[] calldata groups) private view returns (bytes memory) {
        uint256 offset;
        assembly {
            offset := groups.offset
        }
        require(offset == CANONICAL_OFFSET, NonCanonicalCalldata(offset));
        return abi.encodePacked(
            this.settleGroup.selector, uint256(0), uint256(uint160(msg.sender)), uint256(0x60), msg.data[0x24:]
        );
    }

    /// @dev A frame without revert data met data that is no ABI encoding, or it or a call in it ran out of gas. Each
    /// frame on the way down keeps 1/64 of its gas, so that less than 1/20 remains of it in the latter case.
    function _explainSilence(uint256 gasBefore) private view returns (bytes memory reason) {
        return gasleft() > gasBefore / 20
            ? abi.encodeWithSelector(MalformedGroup.selector)
            : abi.encodeWithSelector(NotEnoughGas.selector, gasBefore, 2 * gasBefore);
    }

    /* EVIDENCE */

    /// @dev Hashes the receipts, checks authorisation and evidence, and prepares the events.
    function _verify(Frame memory frame, Group calldata group, address submitter) private view {
        frame.hashes = ReceiptHash.hashAll(
            ReceiptHash.Common({
                domainSeparator: _domainSeparatorV4(), modelId: group.modelId, prover: group.prover, asset: group.asset
            }),
            group.receipts
        );
        frame.root = MerkleRoot.compute(frame.hashes);
        if (submitter != group.prover) _requireAuthorized(frame.root, group, submitter);
        _verifyEvidence(frame, group, groupDigest(frame.root, group.route));
    }

    function _requireAuthorized(bytes32 root, Group calldata group, address submitter) private view {
        bytes32 digest = authorizationDigest(root, group.route, keccak256(abi.encode(group.payments)));
        require(
            Signatures.isValid(group.prover, digest, group.authorization, AUTHORIZATION_GAS),
            NotAuthorized(group.prover, submitter)
        );
    }

    function _verifyEvidence(Frame memory frame, Group calldata group, bytes32 digest) private view {
        (address verifier, Tier tier, uint256 gasLimit) = ROUTER.resolve(group.route, group.receipts.length);
        Claim memory claim = Claim({
            modelId: group.modelId,
            prover: group.prover,
            asset: group.asset,
            groupDigest: digest,
            statements: tier == Tier.ZKML ? _statements(group.receipts) : new Statement[](0)
        });
        bytes memory input = abi.encodeCall(IVerifier.verify, (claim, group.evidence));

        (bool success, bytes memory output) = BoundedCall.tryStaticCall(verifier, gasLimit, REASON_BYTES, input);
        if (!success) _refuse(output);
        require(VerdictAnswer.isValid(output), IVerifier.MalformedEvidence());
        frame.verdict = abi.decode(output, (Verdict));
        SettledEvent.open(frame.log, group, nextSeq(), tier, frame.verdict.labels);
    }

    /// @dev Reverts with a verifier's error, which must not pass for this contract's want of gas.
    function _refuse(bytes memory reason) private pure {
        bool explains = reason.length >= 4 && bytes4(reason) != NotEnoughGas.selector;
        require(explains, IVerifier.MalformedEvidence());
        BoundedCall.revertWith(reason);
    }

    /* RECEIPTS */

    /// @dev Walks over the receipts in order: runs that a payment covers, and free ones between them.
    function _settleReceipts(Frame memory frame, Group calldata group) private {
        Receipt[] calldata receipts = group.receipts;
        Payment[] calldata payments = group.payments;
        uint256 next;
        for (uint256 i; i < payments.length; ++i) {
            Payment calldata payment = payments[i];
            uint256 first = payment.first;
            uint256 end = first + payment.count;
            require(first >= next && first < end && end <= receipts.length, PaymentOutOfOrder(i, next, receipts.length));
            _settleFree(frame, receipts, next, first);
            _settlePaid(frame, receipts, payment, first, end);
            next = end;
        }
        _settleFree(frame, receipts, next, receipts.length);
    }

    /// @dev Receipts that no payment covers: they must be free.
    function _settleFree(Frame memory frame, Receipt[] calldata receipts, uint256 first, uint256 end) private {
        if (first == end) return;
        Run memory run = Run({first: first, end: end, payer: address(0), floor: 0});
        _admitRun(frame, receipts, run);
        SettledEvent.emitRun(frame.log, receipts, frame.hashes, run, PaymentScheme.NONE);
    }

    /// @dev Spends the nonces of a run, collects the sum, and emits; or frees the nonces again and says why.
    function _settlePaid(
        Frame memory frame,
        Receipt[] calldata receipts,
        Payment calldata payment,
        uint256 first,
        uint256 end
    ) private {
        Receipt calldata leader = receipts[first];
        Run memory run = Run({first: first, end: end, payer: leader.payer, floor: leader.terms.floor()});
        require(run.payer != address(0), PaymentForFreeReceipt(first));
        uint256 sum = _admitRun(frame, receipts, run);
        if (sum == 0) return;

        bytes memory refusal = _collect(frame, payment, run, sum);
        if (refusal.length == 0) {
            frame.amount += sum;
            if (payment.scheme == PaymentScheme.BATCH_SETTLEMENT) frame.claimed += sum;
            SettledEvent.emitRun(frame.log, receipts, frame.hashes, run, payment.scheme);
        } else {
            _undoRun(frame, receipts, run, refusal);
        }
    }

    /// @dev Spends the nonces of the receipts of a run and skips those that do not fit into it. Free receipts need not
    /// have one floor.
    function _admitRun(Frame memory frame, Receipt[] calldata receipts, Run memory run) private returns (uint256 sum) {
        for (uint256 i = run.first; i < run.end;) {
            if (run.payer == address(0)) run.floor = receipts[i].terms.floor();
            (uint256 next, uint256 amount) = _spend(frame, receipts, run, i);
            if (next == i) {
                _skip(frame, receipts[i], i, _explain(frame, receipts[i], run, i));
                next = i + 1;
            }
            sum += amount;
            i = next;
        }
    }

    /// @dev Spends the nonces of receipts from `index` on, until one does not fit or needs another word of nonces.
    function _spend(Frame memory frame, Receipt[] calldata receipts, Run memory run, uint256 index)
        private
        returns (uint256 next, uint256 sum)
    {
        if (!_floorHolds(frame, run.floor)) return (index, 0);
        mapping(uint256 => uint256) storage words = _spent[frame.prover];
        uint256 word = receipts[index].terms.nonce() >> 8;
        uint256 spent;
        if (frame.verdict.refused != 0) run = _backedPart(frame.verdict, run, index);
        (next, sum, spent) = ReceiptRun.take(receipts, run, index, words[word]);
        if (next != index) words[word] = spent;
    }

    /// @dev The run, up to the first receipt from `index` on that the evidence does not back.
    function _backedPart(Verdict memory verdict, Run memory run, uint256 index) private pure returns (Run memory) {
        uint256 end = index;
        while (end < run.end && !verdict.refuses(end)) ++end;
        return Run({first: run.first, end: end, payer: run.payer, floor: run.floor});
    }

    function _floorHolds(Frame memory frame, uint8 floor) private pure returns (bool) {
        return floor != 0 && floor <= uint8(frame.log.tier);
    }

    /// @dev Why a receipt does not fit into its run, the first reason of several.
    function _explain(Frame memory frame, Receipt calldata receipt, Run memory run, uint256 index)
        private
        pure
        returns (bytes memory)
    {
        if (frame.verdict.refuses(index)) return abi.encodeWithSelector(NotBacked.selector, index);
        Terms terms = receipt.terms;
        if (terms.floor() != run.floor) {
            return abi.encodeWithSelector(FloorMixed.selector, run.floor, terms.floor());
        }
        if (!_floorHolds(frame, run.floor)) {
            return abi.encodeWithSelector(BelowFloor.selector, frame.log.tier, run.floor);
        }
        if (terms.flags() != 0) return abi.encodeWithSelector(ReservedBits.selector, terms.flags());
        if (run.payer == address(0) && terms.amount() != 0) {
            return abi.encodeWithSelector(PaymentMissing.selector, index);
        }
        if (receipt.payer != run.payer || (run.payer == address(0)) != (terms.amount() == 0)) {
            return abi.encodeWithSelector(PayerMismatch.selector, run.payer, receipt.payer, terms.amount());
        }
        return abi.encodeWithSelector(AlreadySettled.selector, frame.prover, terms.nonce());
    }

    /// @dev Frees the nonces of a run whose payment was refused.
    function _undoRun(Frame memory frame, Receipt[] calldata receipts, Run memory run, bytes memory reason) private {
        for (uint256 i = run.first; i < run.end; ++i) {
            if (frame.hashes[i] == 0) continue;
            uint64 nonce = receipts[i].terms.nonce();
            _spent[frame.prover][nonce >> 8] &= ~(1 << (nonce & 0xff));
            _skip(frame, receipts[i], i, reason);
        }
    }

    function _skip(Frame memory frame, Receipt calldata receipt, uint256 index, bytes memory reason) private {
        bytes32 hash = frame.hashes[index];
        frame.hashes[index] = 0;

        emit ReceiptSkipped(hash, receipt.payer, frame.prover, reason);
    }

    /* MONEY */

    /// @dev Collects what a run costs. A claim books it to the pay address inside x402's contract; everything else
    /// transfers it there, and the pay address' balance is noted before the first transfer.
    function _collect(Frame memory frame, Payment calldata payment, Run memory run, uint256 amount)
        private
        returns (bytes memory reason)
    {
        uint8 floor = run.floor;
        address to = frame.payAddresses[floor];
        if (to == address(0)) {
            to = payAddressOf(frame.prover, floor);
            if (payment.scheme != PaymentScheme.BATCH_SETTLEMENT) {
                frame.payAddresses[floor] = to;
                frame.balances[floor] = TokenBalance.read(frame.asset, to);
            }
        }
        reason = Collector.collect(payment, Collection({asset: frame.asset, payer: run.payer, to: to, amount: amount}));
    }

    /// @dev Requires that the pay addresses received what was transferred: the token must have moved what it was asked
    /// to move.
    function _requirePaid(Frame memory frame) private view {
        uint256 transferred = frame.amount - frame.claimed;
        if (transferred == 0) return;
        uint256 received;
        for (uint256 floor = uint8(Tier.SIGNED); floor <= uint8(Tier.ZKML); ++floor) {
            address payAddress = frame.payAddresses[floor];
            if (payAddress == address(0)) continue;
            received += TokenBalance.read(frame.asset, payAddress) - frame.balances[floor];
        }
        require(received >= transferred, PaymentShortfall(transferred, received));
    }

    /// @dev Books what was paid on the key behind the evidence. The amount is known only after the payments: until
    /// then the guard keeps others out, and beyond the cap the frame reverts with all that it did.
    function _book(Frame memory frame) private {
        (bytes32 key, address asset) = (frame.verdict.key, frame.asset);
        if (key == 0 || frame.amount == 0) return;
        uint256 total = _backed[key][asset] + frame.amount;
        uint256 valueCap = frame.verdict.valueCap;
        require(total <= valueCap, ValueCapExceeded(key, asset, total, valueCap));

        _backed[key][asset] = total;
    }

    /* RECORDS */

    function _record(Frame memory frame, Group calldata group, bytes32 root) private {
        Tier tier = frame.log.tier;
        uint256 count = frame.log.count;
        uint256 increment = count << (64 * uint8(tier)) | count;
        _counts += increment;
        _modelCounts[group.modelId] += increment;
        if (frame.amount != 0) _amounts[group.asset][tier] += frame.amount;
        _settledGroups[root] = SettledGroup({
            tier: uint8(tier), labels: frame.log.labels, count: uint32(count), blockNumber: uint64(block.number)
        });
    }

    function _lane(uint256 counts, Tier tier) private pure returns (uint64) {
        return uint64(counts >> (64 * uint8(tier)));
    }

    /* INPUT */

    function _statements(Receipt[] calldata receipts) private pure returns (Statement[] memory statements) {
        statements = new Statement[](receipts.length);
        for (uint256 i; i < statements.length; ++i) {
            statements[i] = Statement(receipts[i].requestHash, receipts[i].responseHash);
        }
    }
}
