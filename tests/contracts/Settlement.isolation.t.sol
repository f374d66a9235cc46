// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// The result does not depend on the order of groups, nor on how receipts are split into groups and transactions: a
/// failing part changes nothing for the others.
contract SettlementIsolationTest is PaymentTest {
    uint256 private constant PARTS = 8;
    uint256 private constant KINDS = 8;

    /// Receipts that stand or fall together, and their payment.
    struct Part {
        InferenceReceipt[] receipts;
        Payment payment;
        bool tee;
        bool settles;
    }

    Vm.Wallet private poor;
    IX402BatchSettlement.ChannelConfig private channel;

    function setUp() public override {
        super.setUp();
        fund(payer, 1_000_000_000);
        channel = openChannelOf(payer, 1);
        poor = vm.createWallet("poor");
    }

    function testFuzz_isolation_orderAndSplitDoNotMatter(uint256 kinds, uint256 order, uint256 split) public {
        Part[] memory parts = _parts(kinds);
        uint256 state = vm.snapshotState();

        _settleEachAlone(parts);
        bytes32 expected = _result(parts);
        _assertAsForetold(parts);

        vm.revertToState(state);
        _shuffle(parts, order);
        _settleSplit(parts, split);
        assertEq(_result(parts), expected, "result");
    }

    function testFuzz_isolation_badGroupsChangeNothing(uint8 defect, uint8 position, uint8 count) public {
        uint256 groupCount = bound(count, 2, 5);
        position = uint8(bound(position, 0, groupCount - 1));
        Group[] memory groups = new Group[](groupCount);
        for (uint64 i; i < groupCount; ++i) {
            groups[i] = signedGroup(receiptsOf(10 * i, 2, address(0), 0, 1));
        }
        _spoil(groups[position], defect % 6);

        GroupResult[] memory results = settleAs(prover.addr, groups);

        for (uint256 i; i < groupCount; ++i) {
            assertEq(results[i].settled, i == position ? 0 : 2, "settled");
            assertEq(results[i].reason.length == 0, i != position, "reason");
            assertEq(settlement.isNonceUsed(prover.addr, uint64(10 * i)), i != position, "nonce");
        }
        assertEq(settlement.nextSeq(), 2 * (groupCount - 1), "seq");
    }

    /// A nonce is spent once, whichever of the receipts that want it comes first.
    function testFuzz_isolation_oneNonceSettlesOnce(uint64 nonce, uint256 order, uint256 split) public {
        Part[] memory parts = new Part[](6);
        for (uint256 i; i < parts.length; ++i) {
            parts[i].receipts = one(freeReceipt(nonce));
            parts[i].receipts[0].requestHash = keccak256(abi.encode(i));
            parts[i].tee = i % 2 == 0;
        }
        _shuffle(parts, order);
        _settleSplit(parts, split);
        assertEq(settlement.nextSeq(), 1, "settled once");
        assertEq(settlement.tally(Tier.SIGNED) + settlement.tally(Tier.TEE), 1, "counted once");
        assertTrue(settlement.isNonceUsed(prover.addr, nonce));
    }

    /// Any 64-bit nonces, in any order, are each spent once.
    function testFuzz_isolation_noncesOfAnyOrder(uint64[] memory nonces) public {
        vm.assume(nonces.length > 0 && nonces.length <= 40);
        InferenceReceipt[] memory receipts = new InferenceReceipt[](nonces.length);
        uint256 distinct;
        for (uint256 i; i < nonces.length; ++i) {
            if (i % 4 == 3) nonces[i] = nonces[i - 1]; // some twice
            if (i % 4 == 1) nonces[i] = nonces[i - 1] ^ 1; // some in the same word
            receipts[i] = freeReceipt(nonces[i]);
            bool seen;
            for (uint256 j; j < i; ++j) {
                seen = seen || nonces[j] == nonces[i];
            }
            if (!seen) ++distinct;
        }
        GroupResult memory result = settleOne(signedGroup(receipts));
        assertEq(result.settled, distinct, "settled");
        assertEq(result.skipped, nonces.length - distinct, "skipped");
        for (uint256 i; i < nonces.length; ++i) {
            assertTrue(settlement.isNonceUsed(prover.addr, nonces[i]), "spent");
        }
        assertEq(settleOne(signedGroup(receipts)).settled, 0, "again");
    }

    /* PARTS */

    function _parts(uint256 kinds) private view returns (Part[] memory parts) {
        parts = new Part[](PARTS);
        for (uint64 i; i < PARTS; ++i) {
            parts[i] = _part((kinds >> (8 * i)) % KINDS, 1 + 200 * i, 1 + (kinds >> (8 * i + 3)) % 3);
        }
    }

    /// The nonces of one part may lie in two words, and share words with those of the next.
    function _part(uint256 kind, uint64 nonce, uint256 count) private view returns (Part memory part) {
        uint32 size = uint32(count);
        uint96 amount = PRICE + nonce;
        part.receipts = receiptsOf(nonce, count, payer.addr, amount, 1);
        part.settles = kind < 5;
        part.tee = kind == 2;
        if (kind == 0) {
            part.receipts = receiptsOf(nonce, count, address(0), 0, 1);
        } else if (kind == 1) {
            part.payment = upto(0, size, payer, 1, count * amount, nonce);
        } else if (kind == 2) {
            part.receipts = receiptsOf(nonce, count, payer.addr, amount, 2);
            part.payment = exact(0, size, payer, 2, count * amount, bytes32(uint256(nonce)));
        } else if (kind == 3) {
            part.payment = voucher(0, size, payer, channel, CHANNEL_FUNDS);
        } else if (kind == 4) {
            part.receipts = receiptsOf(nonce, count, address(0), 0, 1);
            part.tee = true;
        } else if (kind == 5) {
            part.receipts = receiptsOf(nonce, count, poor.addr, amount, 1);
            part.payment = upto(0, size, poor, 1, count * amount, nonce);
        } else if (kind == 6) {
            part.payment = upto(0, size, payer, 1, count * amount - 1, nonce);
        } else {
            part.receipts = receiptsOf(nonce, count, address(0), 0, 3);
        }
    }

    function _spoil(Group memory group, uint8 defect) private view {
        if (defect == 0) group.evidence = sign(payer, digestOf(group));
        if (defect == 1) group.route = "none";
        if (defect == 2) group.receipts = new InferenceReceipt[](0);
        if (defect == 3) group.evidence = "";
        if (defect == 4) (group.prover, group.authorization) = (payer.addr, "");
        if (defect == 5) {
            group.payments = new Payment[](1);
            group.payments[0].first = 7;
        }
    }

    /* WAYS TO SUBMIT THEM */

    function _settleEachAlone(Part[] memory parts) private {
        for (uint256 i; i < parts.length; ++i) {
            Part[] memory alone = new Part[](1);
            alone[0] = parts[i];
            settleOne(_groupOf(alone));
        }
    }

    /// Consecutive parts of one tier share a group or not, consecutive groups a transaction or not, as the bits say.
    function _settleSplit(Part[] memory parts, uint256 split) private {
        uint256 first;
        while (first < parts.length) {
            Group[] memory groups = new Group[](parts.length);
            uint256 count;
            do {
                uint256 end = first + 1;
                while (end < parts.length && parts[end].tee == parts[first].tee && split >> end & 1 == 1) ++end;
                groups[count++] = _groupOf(_slice(parts, first, end));
                first = end;
            } while (first < parts.length && split >> (100 + first) & 1 == 1);
            assembly {
                mstore(groups, count)
            }
            settleAs(prover.addr, groups);
        }
    }

    function _groupOf(Part[] memory parts) private view returns (Group memory group) {
        uint256 count;
        for (uint256 i; i < parts.length; ++i) {
            count += parts[i].receipts.length;
        }
        group.modelId = modelId;
        group.prover = prover.addr;
        group.asset = address(usdc);
        group.receipts = new InferenceReceipt[](count);
        group.payments = new Payment[](parts.length);
        uint32 next;
        uint256 paid;
        for (uint256 i; i < parts.length; ++i) {
            if (parts[i].payment.scheme != PaymentScheme.NONE) {
                Payment memory payment = parts[i].payment;
                group.payments[paid++] = Payment(payment.scheme, next, payment.count, payment.data);
            }
            for (uint256 j; j < parts[i].receipts.length; ++j) {
                group.receipts[next++] = parts[i].receipts[j];
            }
        }
        Payment[] memory payments = group.payments;
        assembly {
            mstore(payments, paid)
        }
        group.route = parts[0].tee ? TEE_ROUTE : SIGNED_ROUTE;
        group.evidence = sign(parts[0].tee ? enclave : prover, digestOf(group));
    }

    function _slice(Part[] memory parts, uint256 first, uint256 end) private pure returns (Part[] memory slice) {
        slice = new Part[](end - first);
        for (uint256 i = first; i < end; ++i) {
            slice[i - first] = parts[i];
        }
    }

    function _shuffle(Part[] memory parts, uint256 seed) private pure {
        for (uint256 i = parts.length - 1; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            (parts[i], parts[j]) = (parts[j], parts[i]);
        }
    }

    /* RESULTS */

    function _assertAsForetold(Part[] memory parts) private view {
        uint256 count;
        uint256 amount;
        for (uint256 i; i < parts.length; ++i) {
            for (uint256 j; j < parts[i].receipts.length; ++j) {
                bool used = settlement.isNonceUsed(prover.addr, parts[i].receipts[j].terms.nonce());
                assertEq(used, parts[i].settles, "nonce");
            }
            if (!parts[i].settles) continue;
            count += parts[i].receipts.length;
            amount += sum(parts[i].receipts);
        }
        assertEq(settlement.nextSeq(), count, "count");
        assertEq(earned(1) + earned(2), amount, "amount");
        assertHoldsNothing();
    }

    /// Everything but the order: counters, nonces, balances.
    function _result(Part[] memory parts) private view returns (bytes32) {
        uint256 nonces;
        for (uint256 i; i < parts.length; ++i) {
            for (uint256 j; j < parts[i].receipts.length; ++j) {
                uint64 nonce = parts[i].receipts[j].terms.nonce();
                if (settlement.isNonceUsed(prover.addr, nonce)) nonces ^= uint256(keccak256(abi.encode(nonce)));
            }
        }
        bytes memory tallies;
        for (uint8 tier; tier <= uint8(Tier.ZKML); ++tier) {
            tallies = abi.encode(
                tallies,
                settlement.tally(Tier(tier)),
                settlement.modelTally(modelId, Tier(tier)),
                settlement.amountTally(address(usdc), Tier(tier)),
                earned(tier)
            );
        }
        return keccak256(
            abi.encode(nonces, tallies, usdc.balanceOf(payer.addr), usdc.balanceOf(address(BATCH)), claimedOf(channel))
        );
    }
}
