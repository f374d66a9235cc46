// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {PayAddressFactory} from "../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../contracts/Settlement.sol";
import {Group, GroupResult, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {CommittedTest} from "./base/CommittedTest.sol";
import {ListedProofsStub} from "./standins/Halo2VerifierStub.sol";

/// With the real circuit that commits to its inputs, at position 0.
contract ZkmlVerifierCommittedTest is CommittedTest {
    /// @dev Of the base field, in which a point's coordinates are.
    uint256 private constant BASE_MODULUS =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;

    function setUp() public override {
        super.setUp();
        addCommitted();
    }

    /* THE REQUEST HASH */

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_verify_takesRealProofs(uint256 count, uint256 order) public view {
        ZkProof[] memory proofs = _group(bound(count, 1, 4), order);
        assertEq(zkml.verify(committedClaimOf(proofs), abi.encode(uint32(0), proofs)).labels, Labels.DEVELOPMENT);
    }

    /// Of the point alone, as the shared vectors have it.
    function test_verify_takesTheRequestHashOfTheVectors() public view {
        for (uint256 i; i < PROOFS; ++i) {
            ZkProof memory item = committedProof(i);
            string memory path = string.concat(".proofs[", vm.toString(i), "]");
            bytes memory commitment = vm.parseJsonBytes(vectors, string.concat(path, ".commitment"));
            Statement memory stated = committedStatementOf(item);
            assertEq(commitment, head(item.proof, 64));
            stated.requestHash = vm.parseJsonBytes32(vectors, string.concat(path, ".requestHash"));
            zkml.verify(claimOf(one(stated)), evidenceOf(0, item));
        }
    }

    function testFuzz_verify_refusesAReceiptOfAnotherRequest(bytes32 request) public {
        ZkProof memory item = committedProof(0);
        Statement memory stated = committedStatementOf(item);
        vm.assume(request != stated.requestHash);
        bytes memory reason =
            abi.encodeWithSelector(IZkmlVerifier.RequestMismatch.selector, request, stated.requestHash);
        stated.requestHash = request;
        vm.expectRevert(reason);
        zkml.verify(claimOf(one(stated)), evidenceOf(0, item));
    }

    /// The word for the hash of no input words at all is no way around the commitment.
    function test_verify_refusesTheHashOfNothing() public {
        ZkProof memory item = committedProof(0);
        Statement memory stated = committedStatementOf(item);
        bytes32 right = stated.requestHash;
        stated.requestHash = keccak256("");
        vm.expectRevert(abi.encodeWithSelector(IZkmlVerifier.RequestMismatch.selector, keccak256(""), right));
        zkml.verify(claimOf(one(stated)), evidenceOf(0, item));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesProofsTooShortForACommitment(uint256 length) public {
        ZkProof memory item = committedProof(0);
        item.proof = head(item.proof, bound(length, 0, 63));
        _expectRefused(
            item, abi.encodeWithSelector(IZkmlVerifier.CommitmentMissing.selector, item.proof.length, uint256(64))
        );
    }

    /// One byte more, and it is the circuit's verifier that refuses it.
    function test_verify_judgesProofsThatAreACommitmentAndNothingElse() public {
        ZkProof memory item = committedProof(0);
        item.proof = head(item.proof, 64);
        _expectInvalid(item);
    }

    /// The input words have no place among the instances.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesOtherInstanceCounts(uint256 count) public {
        ZkProof memory item = committedProof(0);
        count = bound(count, 0, 2 * (INPUTS + OUTPUTS));
        vm.assume(count != OUTPUTS);
        item.instances = new uint256[](count);
        _expectRefused(item, abi.encodeWithSelector(IZkmlVerifier.InstanceCountMismatch.selector, OUTPUTS, count));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesAChangedOutput(uint256 word, uint256 change) public {
        ZkProof memory item = committedProof(0);
        word = bound(word, 0, OUTPUTS - 1);
        item.instances[word] = addmod(item.instances[word], bound(change, 1, FIELD_MODULUS - 1), FIELD_MODULUS);
        _expectInvalid(item);
    }

    /* THE COMMITMENT IS BOUND BY THE PROOF */

    /// Every byte of it; the receipt is for the changed one, so that nothing but the proof can be wrong.
    function test_verify_refusesEveryFlippedByteOfTheCommitment() public {
        for (uint256 position; position < 64; ++position) {
            ZkProof memory item = committedProof(position % PROOFS);
            item.proof[position] ^= 0x01;
            _expectInvalid(item);
        }
    }

    function testFuzz_verify_refusesAChangedByteOfTheCommitment(uint256 position, uint8 change) public {
        ZkProof memory item = committedProof(0);
        item.proof[bound(position, 0, 63)] ^= bytes1(uint8(bound(change, 1, 255)));
        _expectInvalid(item);
    }

    /// Commitments of real proofs, well formed in every way.
    function test_verify_refusesTheCommitmentOfAnotherProof() public {
        for (uint256 i; i < PROOFS; ++i) {
            for (uint256 other; other < PROOFS; ++other) {
                if (i == other) continue;
                ZkProof memory item = committedProof(i);
                putCommitment(item, committedProof(other).proof);
                _expectInvalid(item);
            }
        }
    }

    /// Other points of the curve: the negative one, the generator, none, and the same in another encoding.
    function test_verify_refusesOtherPoints() public {
        bytes memory proof = committedProof(0).proof;
        (uint256 x, uint256 y) = abi.decode(head(proof, 64), (uint256, uint256));
        _expectInvalidWith(abi.encode(x, BASE_MODULUS - y));
        _expectInvalidWith(abi.encode(uint256(1), uint256(2)));
        _expectInvalidWith(new bytes(64));
        _expectInvalidWith(abi.encode(x, y + BASE_MODULUS));
        _expectInvalidWith(abi.encode(x + BASE_MODULUS, y));
        _expectInvalidWith(abi.encode(y, x));
    }

    /* TOGETHER */

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_verify_namesTheBadCommitmentsOfABatch(uint256 count, uint256 order, uint256 bad, uint256 kind)
        public
    {
        addCommittedAccumulator(0);
        ZkProof[] memory proofs = _group(bound(count, 2, 4), order);
        bad = bound(bad, 0, (1 << proofs.length) - 2);
        for (uint256 i; i < proofs.length; ++i) {
            if (bad >> i & 1 == 0) continue;
            if (kind % 2 == 0) {
                putCommitment(proofs[i], abi.encode(uint256(1), uint256(2)));
            } else {
                proofs[i].proof[kind % 64] ^= 0x01;
            }
        }
        assertEq(zkml.verify(committedClaimOf(proofs), abi.encode(uint32(0), proofs)).refused, bad);
    }

    /// Two proofs that have swapped their commitments make up for each other in nothing.
    function test_verify_refusesSwappedCommitmentsTogether() public {
        addCommittedAccumulator(0);
        ZkProof[] memory proofs = _group(3, 0x210);
        putCommitment(proofs[0], committedProof(1).proof);
        putCommitment(proofs[1], committedProof(0).proof);
        assertEq(zkml.verify(committedClaimOf(proofs), abi.encode(uint32(0), proofs)).refused, 3);
    }

    function test_verify_asksNoVerifierAboutTwoProofs() public {
        addCommittedAccumulator(0);
        ZkProof[] memory proofs = _group(2, 0x10);
        vm.expectCall(committing, "", 0);
        zkml.verify(committedClaimOf(proofs), abi.encode(uint32(0), proofs));
    }

    /* CONTRADICTIONS */

    /// Two answers to one commitment stop the circuit; the stub is unsound.
    function test_stopByContradiction_stopsACircuitThatAnswersOneCommitmentTwice() public {
        (uint32 index, ListedProofsStub stub) = _addUnsound();
        ZkProof memory first = committedProof(0);
        ZkProof memory second = committedProof(0);
        second.instances[0] = addmod(second.instances[0], 1, FIELD_MODULUS);
        stub.list(second.proof, second.instances);
        router.stopByContradiction(ZKML_ROUTE, _exhibit(index, first), _exhibit(index, second));
        assertTrue(models.getCircuit(modelId, index).stopped);
        assertFalse(models.getCircuit(modelId, 0).stopped);
    }

    /// Two circuits give one request different hashes, so that nothing is shown by their different answers.
    function test_stopByContradiction_seesNoneBetweenTwoCommitments() public {
        (uint32 index, ListedProofsStub stub) = _addUnsound();
        ZkProof memory other = committedProof(0);
        putCommitment(other, committedProof(1).proof);
        other.instances[0] = addmod(other.instances[0], 1, FIELD_MODULUS);
        stub.list(other.proof, other.instances);
        IVerifierRouter.Exhibit memory first = _exhibit(0, committedProof(0));
        IVerifierRouter.Exhibit memory second = _exhibit(index, other);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.RequestsDiffer.selector,
                first.claim.statements[0].requestHash,
                second.claim.statements[0].requestHash
            )
        );
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /* SETTLEMENT */

    /// Through the money path; a receipt whose proof has another commitment is left out, the others settle.
    /// forge-config: default.fuzz.runs = 16
    function testFuzz_settle_backsTheReceiptsOfSoundProofs(uint256 bad, bool together) public {
        if (together) addCommittedAccumulator(0);
        Settlement settlement = new Settlement(router, new PayAddressFactory());
        ZkProof[] memory proofs = _group(3, 0x210);
        bad = bound(bad, 0, 3);
        if (bad < 3) putCommitment(proofs[bad], abi.encode(uint256(1), uint256(2)));
        Group[] memory groups = new Group[](1);
        groups[0] = _settledGroup(proofs);
        vm.recordLogs();
        vm.prank(modelOwner);
        GroupResult[] memory results = settlement.settle(groups);
        assertEq(results[0].settled, bad < 3 ? 2 : 3);
        assertEq(results[0].skipped, bad < 3 ? 1 : 0);
        if (bad < 3) _requireSkipped(vm.getRecordedLogs(), bad);
    }

    /* HELPERS */

    function _group(uint256 count, uint256 order) private view returns (ZkProof[] memory proofs) {
        proofs = new ZkProof[](count);
        for (uint256 i; i < count; ++i) {
            proofs[i] = committedProof((order >> (4 * i) & 0xf) % PROOFS);
        }
    }

    function _expectInvalidWith(bytes memory point) private {
        ZkProof memory item = committedProof(0);
        putCommitment(item, point);
        _expectInvalid(item);
    }

    function _expectInvalid(ZkProof memory item) private {
        _expectRefused(item, abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, uint256(0)));
    }

    /// The receipt says what the proof says.
    function _expectRefused(ZkProof memory item, bytes memory reason) private {
        Claim memory claim = committedClaimOf(one(item));
        vm.expectRevert(reason);
        zkml.verify(claim, evidenceOf(0, item));
    }

    function _requireSkipped(Vm.Log[] memory logs, uint256 index) private pure {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlement.ReceiptSkipped.selector) continue;
            assertEq(abi.decode(logs[i].data, (bytes)), abi.encodeWithSelector(ISettlement.NotBacked.selector, index));
            return;
        }
        revert("no receipt was skipped");
    }

    /// A second circuit of the model that accepts what it is told, the first real proof at least.
    function _addUnsound() private returns (uint32 index, ListedProofsStub stub) {
        stub = new ListedProofsStub();
        stub.list(committedProof(0).proof, committedProof(0).instances);
        index = add(committedCircuitOf(address(stub)), committedProof(0));
    }

    function _exhibit(uint32 index, ZkProof memory item) private view returns (IVerifierRouter.Exhibit memory) {
        return IVerifierRouter.Exhibit(committedClaimOf(one(item)), evidenceOf(index, item), 0);
    }

    /// Free receipts for what the proofs state.
    function _settledGroup(ZkProof[] memory proofs) private view returns (Group memory group) {
        group.modelId = modelId;
        group.prover = modelOwner;
        group.route = ZKML_ROUTE;
        group.receipts = new InferenceReceipt[](proofs.length);
        for (uint256 i; i < proofs.length; ++i) {
            Statement memory stated = committedStatementOf(proofs[i]);
            uint256 terms = (1_000 + i) << 192 | block.timestamp << 32 | uint256(uint8(Tier.ZKML)) << 24;
            group.receipts[i] = InferenceReceipt(stated.requestHash, stated.responseHash, address(0), Terms.wrap(terms));
        }
        group.evidence = abi.encode(uint32(0), proofs);
    }
}
