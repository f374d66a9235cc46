// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels, Verdict} from "../../contracts/types/Verdict.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";
import {CircuitTest} from "./base/CircuitTest.sol";

/// With the real iris circuit, at position 0.
contract ZkmlVerifierTest is CircuitTest {
    function setUp() public override {
        super.setUp();
        addIris();
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_takesRealProofs(uint8 count, uint256 order) public view {
        (Claim memory claim, ZkProof[] memory proofs) = _irisGroup(bound(count, 1, 4), order);
        assertEq(zkml.verify(claim, abi.encode(0, proofs)).labels, Labels.DEVELOPMENT);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesAChangedInstance(uint8 word, uint256 change) public {
        ZkProof memory item = irisProof(0);
        word = uint8(bound(word, 0, 6));
        item.instances[word] = addmod(item.instances[word], bound(change, 1, FIELD_MODULUS - 1), FIELD_MODULUS);
        _expectRefused(_claimFor(item), one(item), abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    function testFuzz_verify_refusesAChangedProof(uint256 position, uint8 change) public {
        ZkProof memory item = irisProof(0);
        position = bound(position, 0, item.proof.length - 1);
        item.proof[position] ^= bytes1(uint8(bound(change, 1, 255)));
        _expectRefused(_claimFor(item), one(item), abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    function testFuzz_verify_refusesAnotherLength(uint256 length) public {
        ZkProof memory item = irisProof(0);
        length = bound(length, 0, 4_000);
        vm.assume(length != item.proof.length);
        bytes memory proof = new bytes(length);
        for (uint256 i; i < length && i < item.proof.length; ++i) {
            proof[i] = item.proof[i];
        }
        item.proof = proof;
        _expectRefused(_claimFor(item), one(item), abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_namesTheBadProofs(uint8 count, uint256 bad, uint256 order) public {
        count = uint8(bound(count, 1, 4));
        bad = bound(bad, 0, (1 << count) - 1);
        (Claim memory claim, ZkProof[] memory proofs) = _irisGroup(count, order);
        for (uint256 i; i < count; ++i) {
            if (bad >> i & 1 == 1) proofs[i].proof[100] ^= 0x01;
        }
        if (bad == (1 << count) - 1) {
            _expectRefused(claim, proofs, abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, count - 1));
        } else {
            Verdict memory verdict = zkml.verify(claim, abi.encode(uint32(0), proofs));
            assertEq(verdict.refused, bad);
            assertEq(verdict.labels, Labels.DEVELOPMENT);
        }
    }

    /// Proofs of the other receipt, or in another order, back nothing.
    function test_verify_refusesSwappedProofs() public {
        (Claim memory claim, ZkProof[] memory proofs) = _irisGroup(2, 2);
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        _expectRefused(
            claim,
            proofs,
            abi.encodeWithSelector(
                IZkmlVerifier.RequestMismatch.selector, claim.statements[0].requestHash, claim.statements[1].requestHash
            )
        );
    }

    /// The same proof in another layout of the evidence.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_refusesEvidenceThatIsNotCanonical(bytes32 gap, bool behind) public {
        ZkProof memory item = irisProof(0);
        Claim memory claim = _claimFor(item);
        bytes memory evidence = abi.encode(uint32(0), one(item));
        assertEq(zkml.verify(claim, evidence).labels, Labels.DEVELOPMENT);
        // either a word behind it, or: head 0, offset 0x60 instead of 0x40, a word between, then the array as it was
        evidence = behind
            ? bytes.concat(evidence, gap)
            : abi.encodePacked(uint256(0), uint256(0x60), gap, _slice(abi.encode(one(item)), 32));
        vm.expectRevert(IZkmlVerifier.NonCanonicalEvidence.selector);
        zkml.verify(claim, evidence);
    }

    function testFuzz_verify_neverMistakesWantOfGasForARefusal(uint256 gasLimit) public view {
        (Claim memory claim, ZkProof[] memory proofs) = _irisGroup(2, 2);
        bytes memory evidence = abi.encode(0, proofs);
        gasLimit = bound(gasLimit, 50_000, 1_400_000);
        try zkml.verify{gas: gasLimit}(claim, evidence) returns (Verdict memory verdict) {
            assertEq(verdict.labels, Labels.DEVELOPMENT);
        } catch (bytes memory reason) {
            if (reason.length != 0) assertEq(bytes4(reason), Halo2Call.NotEnoughGasForProof.selector);
        }
    }

    function testFuzz_circuitOf_readsTheIndex(uint32 index, uint256 dirt) public {
        assertEq(zkml.circuitOf(abi.encode(index, new ZkProof[](0))), index);
        dirt = bound(dirt, uint256(type(uint32).max) + 1, type(uint256).max);
        vm.expectRevert();
        zkml.circuitOf(abi.encode(dirt, new ZkProof[](0)));
    }

    function test_tier_isZkml() public view {
        assertEq(uint8(zkml.tier()), uint8(Tier.ZKML));
        assertEq(address(zkml.MODELS()), address(models));
    }

    /* HELPERS */

    function _expectRefused(Claim memory claim, ZkProof[] memory proofs, bytes memory reason) private {
        bytes memory evidence = abi.encode(uint32(0), proofs);
        vm.expectRevert(reason);
        zkml.verify(claim, evidence);
    }

    function _claimFor(ZkProof memory item) private view returns (Claim memory) {
        return claimOf(one(statementOf(models.getCircuit(modelId, 0), item.instances, 0)));
    }

    /// One receipt for each of `count` bits of `order`, which say which of the two proofs.
    function _irisGroup(uint256 count, uint256 order)
        private
        view
        returns (Claim memory claim, ZkProof[] memory proofs)
    {
        IModelRegistry.Circuit memory circuit = models.getCircuit(modelId, 0);
        proofs = new ZkProof[](count);
        Statement[] memory statements = new Statement[](count);
        for (uint256 i; i < count; ++i) {
            proofs[i] = irisProof((order >> i) & 1);
            statements[i] = statementOf(circuit, proofs[i].instances, 0);
        }
        claim = claimOf(statements);
    }

    function _slice(bytes memory data, uint256 start) private pure returns (bytes memory cut) {
        cut = new bytes(data.length - start);
        for (uint256 i; i < cut.length; ++i) {
            cut[i] = data[start + i];
        }
    }
}
