// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {BatchTest} from "./base/BatchTest.sol";

/// Real proofs of 16 inferences each, verified together.
contract ZkmlVerifierInCircuitTest is BatchTest {
    uint16 private constant BATCH = 16;

    IModelRegistry.Circuit private circuit;
    ZkProof[] private batches;
    uint32 private index;

    function setUp() public override {
        super.setUp();
        string memory vectors = vm.readFile("tests/vectors/zkml/mlp_batch16.json");
        circuit = circuitOf(create(vm.parseJsonBytes(vectors, ".verifierCreationBytecode")), BATCH, 16, 4);
        batches.push(readProof(vectors, 0));
        batches.push(readProof(vectors, 1));
        index = add(circuit, batches[0]);
        address together = create(vm.parseJsonBytes(vectors, ".accumulatorCreationBytecode"));
        vm.prank(modelOwner);
        models.addAccumulator(modelId, index, IModelRegistry.Accumulator(together, 500_000), batches[0], batches[1]);
    }

    /// The last proof may be filled in part; a bad one takes all its receipts with it, and no others.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_verify_namesTheReceiptsOfBadProofs(uint256 count, uint256 bad, uint256 where, uint256 change)
        public
        view
    {
        count = bound(count, 2 * uint256(BATCH) + 1, 3 * uint256(BATCH));
        bad = bound(bad, 0, 6);
        (Claim memory claim, ZkProof[] memory proofs) = _claimFor(count);
        for (uint256 i; i < 3; ++i) {
            // Words of the instances would be other statements: only the proof is changed.
            if (bad >> i & 1 == 1) spoil(proofs[i], where % (proofs[i].proof.length / 32), change);
        }
        uint256 refused = zkml.verify(claim, abi.encode(index, proofs)).refused;
        for (uint256 i; i < count; ++i) {
            assertEq(refused >> i & 1, bad >> i / BATCH & 1);
        }
    }

    /// Padding is part of what is proved: it can be anything, but not something else than what the proof is of.
    function testFuzz_verify_refusesAChangedPaddingSlot(uint256 word, uint256 change) public view {
        (Claim memory claim, ZkProof[] memory proofs) = _claimFor(BATCH + 1);
        word = bound(word, 16, proofs[1].instances.length - 1);
        if (word >= 256 && word < 260) word += 4; // the outputs of the slot that is claimed
        change = bound(change, 1, FIELD_MODULUS - 1);
        proofs[1].instances[word] = addmod(proofs[1].instances[word], change, FIELD_MODULUS);
        assertEq(zkml.verify(claim, abi.encode(index, proofs)).refused, uint256(0xffff) << 16);
    }

    function test_verify_refusesAPaddingSlotAsAnotherReceipt() public {
        (Claim memory claim, ZkProof[] memory proofs) = _claimFor(BATCH + 2);
        (claim.statements[16], claim.statements[17]) = (claim.statements[17], claim.statements[16]);
        vm.expectPartialRevert(IZkmlVerifier.RequestMismatch.selector);
        zkml.verify(claim, abi.encode(index, proofs));
    }

    /// `count` receipts, the proofs in turn.
    function _claimFor(uint256 count) private view returns (Claim memory, ZkProof[] memory proofs) {
        proofs = new ZkProof[]((count + BATCH - 1) / BATCH);
        Statement[] memory statements = new Statement[](count);
        for (uint256 i; i < count; ++i) {
            if (i % BATCH == 0) proofs[i / BATCH] = batches[i / BATCH % 2];
            statements[i] = statementOf(circuit, proofs[i / BATCH].instances, i % BATCH);
        }
        return (claimOf(statements), proofs);
    }
}
