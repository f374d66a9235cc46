// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Verdict} from "../../contracts/types/Verdict.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";
import {BatchTest} from "./base/BatchTest.sol";
import {AnyAnswerStub, ListedAccumulatorStub} from "./standins/AccumulatorStub.sol";

/// A circuit with an accumulator: its proofs are verified together, and one by one when that fails.
contract ZkmlVerifierTogetherTest is BatchTest {
    uint32 private index;

    function setUp() public override {
        super.setUp();
        index = addMlp();
        addAccumulator(index);
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_verify_takesProofsTogether(uint256 count, uint256 order) public view {
        ZkProof[] memory proofs = mlpProofs(bound(count, 1, 6), order);
        assertEq(zkml.verify(_claimFor(proofs), abi.encode(index, proofs)).refused, 0);
    }

    /// Cheaper than one by one from the second proof on.
    function test_verify_savesGas() public view {
        uint256 alone = _gasOf(mlpProofs(1, 0));
        for (uint256 count = 2; count <= 4; ++count) {
            assertLt(_gasOf(mlpProofs(count, 0x3210)), count * alone - (count - 1) * 60_000);
        }
    }

    /// Bad proofs are named, whatever is wrong with them, and sink no others.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_namesTheBadProofs(uint256 count, uint256 order, uint256 bad, uint256 where, uint256 change)
        public
    {
        count = bound(count, 2, 4);
        bad = bound(bad, 0, (1 << count) - 1);
        ZkProof[] memory proofs = mlpProofs(count, order);
        for (uint256 i; i < count; ++i) {
            if (bad >> i & 1 == 1) spoil(proofs[i], where, change);
        }
        Claim memory claim = _claimFor(proofs);
        bytes memory evidence = abi.encode(index, proofs);
        if (bad == (1 << count) - 1) {
            vm.expectRevert(abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, count - 1));
            zkml.verify(claim, evidence);
        } else {
            assertEq(zkml.verify(claim, evidence).refused, bad);
        }
    }

    /// With too little gas the answer is an error that says so, and no proof is called bad.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_verify_neverMistakesWantOfGasForARefusal(uint256 gasLimit, bool spoilt) public view {
        ZkProof[] memory proofs = mlpProofs(3, 0x210);
        if (spoilt) spoil(proofs[1], 70, 1);
        gasLimit = bound(gasLimit, 100_000, 2_500_000);
        try zkml.verify{gas: gasLimit}(_claimFor(proofs), abi.encode(index, proofs)) returns (Verdict memory verdict) {
            assertEq(verdict.refused, spoilt ? 2 : 0);
        } catch (bytes memory reason) {
            if (reason.length != 0) assertEq(bytes4(reason), Halo2Call.NotEnoughGasForProof.selector);
        }
    }

    /// What an accumulator refuses or cannot do changes no verdict.
    /// forge-config: default.fuzz.runs = 16
    function testFuzz_verify_doesNotTrustARefusalOfTheAccumulator(uint256 burn) public {
        (uint32 other, ListedAccumulatorStub stub) = _addStubbed();
        ZkProof[] memory proofs = mlpProofs(2, 0x32);
        assertEq(zkml.verify(_claimFor(proofs), abi.encode(other, proofs)).refused, 0, "not listed");
        proofs = mlpProofs(2, 0x10);
        stub.setBurn(bound(burn, 0, 500_000));
        assertEq(zkml.verify(_claimFor(proofs), abi.encode(other, proofs)).refused, 0, "burnt");
    }

    /// Not even an answer that is none, from code that was another when it was registered.
    /// forge-config: default.fuzz.runs = 16
    function testFuzz_verify_doesNotFailWithTheAccumulator(bytes memory key, bytes memory words, uint256 bad) public {
        AnyAnswerStub stub = new AnyAnswerStub();
        vm.etch(accumulator, address(stub).code);
        AnyAnswerStub(accumulator).tell(key, words);
        bad = bound(bad, 0, 2);
        ZkProof[] memory proofs = mlpProofs(2, 0x10);
        if (bad != 0) spoil(proofs[bad - 1], 70, 1);
        assertEq(zkml.verify(_claimFor(proofs), abi.encode(index, proofs)).refused, bad);
    }

    /// A single proof goes to the circuit's own verifier, which is cheaper for it.
    function test_verify_asksNoAccumulatorAboutOneProof() public {
        ZkProof[] memory proofs = mlpProofs(1, 0);
        vm.expectCall(accumulator, "", 0);
        zkml.verify(_claimFor(proofs), abi.encode(index, proofs));
    }

    /// And two do not.
    function test_verify_asksNoVerifierAboutTwoProofs() public {
        ZkProof[] memory proofs = mlpProofs(2, 0x10);
        vm.expectCall(tuned, "", 0);
        zkml.verify(_claimFor(proofs), abi.encode(index, proofs));
    }

    /* HELPERS */

    /// A circuit with a stub for an accumulator that knows the first two proofs.
    function _addStubbed() private returns (uint32 other, ListedAccumulatorStub stub) {
        other = add(circuitOf(stock, 1, 16, 4), mlpProof(0));
        stub = new ListedAccumulatorStub();
        stub.tell(new uint256[](4));
        stub.list(mlpProof(0).proof, mlpProof(0).instances);
        stub.list(mlpProof(1).proof, mlpProof(1).instances);
        vm.prank(modelOwner);
        models.addAccumulator(
            modelId, other, IModelRegistry.Accumulator(address(stub), ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
    }

    function _gasOf(ZkProof[] memory proofs) private view returns (uint256 used) {
        Claim memory claim = _claimFor(proofs);
        bytes memory evidence = abi.encode(index, proofs);
        used = gasleft();
        zkml.verify(claim, evidence);
        used -= gasleft();
    }

    function _claimFor(ZkProof[] memory proofs) private view returns (Claim memory) {
        IModelRegistry.Circuit memory circuit = mlpCircuit();
        Statement[] memory statements = new Statement[](proofs.length);
        for (uint256 i; i < proofs.length; ++i) {
            statements[i] = statementOf(circuit, proofs[i].instances, 0);
        }
        return claimOf(statements);
    }
}
