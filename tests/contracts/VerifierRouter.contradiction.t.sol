// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {Claim, Statement} from "../../contracts/interfaces/IVerifier.sol";
import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {IZkmlVerifier, ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels} from "../../contracts/types/Verdict.sol";
import {ZkmlVerifier} from "../../contracts/verifiers/ZkmlVerifier.sol";
import {CircuitTest} from "./base/CircuitTest.sol";
import {VerdictVerifierStub} from "./standins/VerdictVerifierStub.sol";

/// The stub circuits of these tests are unsound: anybody can make a "proof" for any response.
contract VerifierRouterContradictionTest is CircuitTest {
    bytes4 private constant CARELESS_ROUTE = 0x01020304;

    function testFuzz_stopByContradiction_stopsTheCircuit(address by, uint256 seed, uint8 word, uint256 change) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) =
            _contradiction(index, circuit, seed, word, change);
        Statement memory one = first.claim.statements[0];
        vm.expectEmit(address(router));
        emit IVerifierRouter.ContradictionShown(
            ZKML_ROUTE,
            modelId,
            by,
            index,
            index,
            one.requestHash,
            one.responseHash,
            second.claim.statements[0].responseHash
        );
        vm.expectEmit(address(models));
        emit IModelRegistry.CircuitStopped(modelId, index, address(router));
        vm.prank(by);
        router.stopByContradiction(ZKML_ROUTE, first, second);

        bytes memory stopped = abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, index);
        vm.expectRevert(stopped);
        zkml.verify(first.claim, first.evidence);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.ExhibitRefused.selector, 0, stopped));
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_stopByContradiction_leavesEverythingElseAlone(uint256 seed) public {
        addIris();
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(2, 4, 3);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) =
            _contradiction(index, circuit, seed, 0, 1);
        bytes32 otherModel = _sameCircuitForAnotherModel(circuit);
        router.stopByContradiction(ZKML_ROUTE, first, second);

        ZkProof memory sound = irisProof(0);
        zkml.verify(claimOf(one(statementOf(models.getCircuit(modelId, 0), sound.instances, 0))), evidenceOf(0, sound));
        first.claim.modelId = otherModel;
        zkml.verify(first.claim, abi.encode(0, _proofsOf(first)));
        (address resolved,,) = router.resolve(ZKML_ROUTE, 1);
        assertEq(resolved, address(zkml));
    }

    /// Two circuits of one model, of different batch sizes, contradict each other: both are stopped.
    function testFuzz_stopByContradiction_stopsBothCircuits(uint256 seed, uint8 slot) public {
        (uint32 single, IModelRegistry.Circuit memory small) = addStub(1, 4, 3);
        (uint32 batch, IModelRegistry.Circuit memory large) = addStub(4, 4, 3);
        slot = uint8(bound(slot, 0, 3));
        uint256[] memory words = someWords(28, seed);
        IVerifierRouter.Exhibit memory second = _exhibit(batch, large, words, 4);
        second.statement = slot;
        uint256[] memory few = someWords(7, ~seed);
        for (uint256 i; i < 4; ++i) {
            few[i] = words[uint256(slot) * 4 + i];
        }
        router.stopByContradiction(ZKML_ROUTE, _exhibit(single, small, few, 1), second);
        assertTrue(models.getCircuit(modelId, single).stopped);
        assertTrue(models.getCircuit(modelId, batch).stopped);
    }

    /* WHAT IS NO CONTRADICTION */

    function testFuzz_stopByContradiction_refusesTheSameResponse(uint256 seed) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        IVerifierRouter.Exhibit memory first = _exhibit(index, circuit, someWords(7, seed), 1);
        bytes32 response = first.claim.statements[0].responseHash;
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.ResponsesAgree.selector, response));
        router.stopByContradiction(ZKML_ROUTE, first, first);
    }

    function testFuzz_stopByContradiction_refusesDifferentRequests(uint256 seed) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        IVerifierRouter.Exhibit memory first = _exhibit(index, circuit, someWords(7, seed), 1);
        IVerifierRouter.Exhibit memory second = _exhibit(index, circuit, someWords(7, ~seed), 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.RequestsDiffer.selector,
                first.claim.statements[0].requestHash,
                second.claim.statements[0].requestHash
            )
        );
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    function testFuzz_stopByContradiction_refusesDifferentModels(bytes32 other) public {
        vm.assume(other != modelId);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        second.claim.modelId = other;
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.ModelsDiffer.selector, modelId, other));
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    function testFuzz_stopByContradiction_refusesStatementsThatAreNotThere(bool inFirst, uint256 statement) public {
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        statement = bound(statement, 1, type(uint256).max);
        (inFirst ? first : second).statement = statement;
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.NoSuchStatement.selector, statement, 1));
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /// Against the real circuit: nobody can make a second response to a request.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_stopByContradiction_refusesAFalseProof(uint8 word, uint256 change) public {
        uint32 index = addIris();
        IModelRegistry.Circuit memory circuit = models.getCircuit(modelId, index);
        ZkProof memory honest = irisProof(0);
        ZkProof memory forged = irisProof(0);
        word = uint8(bound(word, 4, 6));
        forged.instances[word] = addmod(forged.instances[word], bound(change, 1, FIELD_MODULUS - 1), FIELD_MODULUS);
        bytes memory reason = abi.encodeWithSelector(
            IVerifierRouter.ExhibitRefused.selector, 1, abi.encodeWithSelector(IZkmlVerifier.InvalidProof.selector, 0)
        );
        IVerifierRouter.Exhibit memory first = _exhibitOf(index, circuit, honest);
        IVerifierRouter.Exhibit memory second = _exhibitOf(index, circuit, forged);
        vm.expectRevert(reason);
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /// Changed instances of one slot must not be passed off as those of another.
    function testFuzz_stopByContradiction_refusesEvidenceOfOtherStatements(bool inFirst, bytes32 response) public {
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        IVerifierRouter.Exhibit memory changed = inFirst ? first : second;
        bytes32 proven = changed.claim.statements[0].responseHash;
        vm.assume(
            response != first.claim.statements[0].responseHash && response != second.claim.statements[0].responseHash
        );
        changed.claim.statements[0].responseHash = response;
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.ExhibitRefused.selector,
                inFirst ? 0 : 1,
                abi.encodeWithSelector(IZkmlVerifier.ResponseMismatch.selector, response, proven)
            )
        );
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /* ROUTES */

    function testFuzz_stopByContradiction_needsAnActiveDeterministicRoute(bytes4 route) public {
        vm.assume(route != ZKML_ROUTE && route != 0);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.UnknownRoute.selector, route));
        router.stopByContradiction(route, first, second);

        address other = address(new ZkmlVerifier(models));
        vm.prank(owner);
        router.add(route, other, GROUP_GAS, RECEIPT_GAS, false);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteNotActive.selector, route, block.timestamp));
        router.stopByContradiction(route, first, second);
        router.activate(route);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteNotDeterministic.selector, route));
        router.stopByContradiction(route, first, second);
        vm.prank(guardian);
        router.stop(ZKML_ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteIsStopped.selector, ZKML_ROUTE));
        router.stopByContradiction(ZKML_ROUTE, first, second);
    }

    /// Evidence may back others of its statements and not the one that is shown.
    function testFuzz_stopByContradiction_refusesAStatementThatIsNotBacked(bool inFirst, uint8 statement) public {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) =
            _contradiction(index, circuit, 1, 1, 1);
        statement %= 2;
        IVerifierRouter.Exhibit memory changed = inFirst ? first : second;
        _joinBadProof(index, circuit, changed, statement);
        bytes memory reason =
            abi.encodeWithSelector(IVerifierRouter.StatementNotBacked.selector, inFirst ? 0 : 1, uint256(statement));
        vm.expectRevert(reason);
        router.stopByContradiction(ZKML_ROUTE, first, second);
        assertFalse(models.getCircuit(modelId, index).stopped);
    }

    /// An answer of any length but four words is no acceptance, and a huge one is not copied.
    function testFuzz_stopByContradiction_boundsTheAnswer(uint256 size) public {
        size = size % 2 == 0 ? bound(size, 0, 127) : bound(size, 129, 100_000);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        _openCareless().sayBytes(size);
        bytes memory kept = new bytes(size > 256 ? 256 : size);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.ExhibitRefused.selector, 0, kept));
        router.stopByContradiction(CARELESS_ROUTE, first, second);
    }

    function testFuzz_stopByContradiction_refusesUnknownLabels(uint256 labels) public {
        labels = bound(labels, uint256(Labels.ALL) + 1, type(uint256).max);
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        _openCareless().say(labels, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.ExhibitRefused.selector, 0, abi.encode(labels, 0, 0, 0)));
        router.stopByContradiction(CARELESS_ROUTE, first, second);
    }

    /// Whatever gas there is: too little never looks like a refusal.
    function testFuzz_stopByContradiction_neverMistakesWantOfGasForARefusal(uint256 gasLimit) public {
        (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) = _anyContradiction();
        gasLimit = bound(gasLimit, 100_000, 3_000_000);
        try router.stopByContradiction{gas: gasLimit}(ZKML_ROUTE, first, second) {
            assertTrue(models.getCircuit(modelId, 0).stopped);
        } catch (bytes memory reason) {
            if (reason.length != 0) assertEq(bytes4(reason), ISettlement.NotEnoughGas.selector);
            assertFalse(models.getCircuit(modelId, 0).stopped);
        }
    }

    /* HELPERS */

    function _anyContradiction()
        private
        returns (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second)
    {
        (uint32 index, IModelRegistry.Circuit memory circuit) = addStub(1, 4, 3);
        return _contradiction(index, circuit, 1, 1, 1);
    }

    /// The same inputs with one output word changed.
    function _contradiction(
        uint32 index,
        IModelRegistry.Circuit memory circuit,
        uint256 seed,
        uint8 word,
        uint256 change
    ) private view returns (IVerifierRouter.Exhibit memory first, IVerifierRouter.Exhibit memory second) {
        uint256 firstOutput = uint256(circuit.batchSize) * circuit.inputs;
        uint256[] memory words = someWords(uint256(circuit.batchSize) * 7, seed);
        first = _exhibit(index, circuit, words, 1);
        uint256[] memory changed = someWords(words.length, seed);
        uint256 at = firstOutput + bound(word, 0, 2);
        changed[at] = addmod(changed[at], bound(change, 1, FIELD_MODULUS - 1), FIELD_MODULUS);
        second = _exhibit(index, circuit, changed, 1);
    }

    function _exhibit(uint32 index, IModelRegistry.Circuit memory circuit, uint256[] memory words, uint256 count)
        private
        view
        returns (IVerifierRouter.Exhibit memory)
    {
        Statement[] memory statements = new Statement[](count);
        for (uint256 i; i < count; ++i) {
            statements[i] = statementOf(circuit, words, i);
        }
        return IVerifierRouter.Exhibit({
            claim: claimOf(statements), evidence: evidenceOf(index, stubProof(circuit, words)), statement: 0
        });
    }

    function _exhibitOf(uint32 index, IModelRegistry.Circuit memory circuit, ZkProof memory item)
        private
        view
        returns (IVerifierRouter.Exhibit memory)
    {
        return IVerifierRouter.Exhibit({
            claim: claimOf(one(statementOf(circuit, item.instances, 0))),
            evidence: evidenceOf(index, item),
            statement: 0
        });
    }

    /// Makes the exhibit one of two statements: its own at `statement`, with a proof that fails, beside a good one.
    function _joinBadProof(
        uint32 index,
        IModelRegistry.Circuit memory circuit,
        IVerifierRouter.Exhibit memory exhibit,
        uint256 statement
    ) private view {
        Statement[] memory statements = new Statement[](2);
        ZkProof[] memory proofs = new ZkProof[](2);
        (statements[statement], proofs[statement]) = (exhibit.claim.statements[0], _proofsOf(exhibit)[0]);
        proofs[statement].proof[0] ^= 0x01;
        uint256[] memory words = someWords(7, 77);
        (statements[1 - statement], proofs[1 - statement]) = (statementOf(circuit, words, 0), stubProof(circuit, words));
        (exhibit.claim.statements, exhibit.evidence) = (statements, abi.encode(index, proofs));
        exhibit.statement = statement;
    }

    function _sameCircuitForAnotherModel(IModelRegistry.Circuit memory circuit) private returns (bytes32 otherModel) {
        ZkProof memory valid = stubProof(circuit, someWords(uint256(circuit.batchSize) * 7, 9));
        otherModel = models.register("other", "");
        models.addCircuit(otherModel, circuit, valid.proof, valid.instances);
    }

    function _proofsOf(IVerifierRouter.Exhibit memory exhibit) private pure returns (ZkProof[] memory proofs) {
        (, proofs) = abi.decode(exhibit.evidence, (uint32, ZkProof[]));
    }

    /// A route to a verifier that accepts everything.
    function _openCareless() private returns (VerdictVerifierStub careless) {
        careless = new VerdictVerifierStub(Tier.ZKML);
        vm.prank(owner);
        router.add(CARELESS_ROUTE, address(careless), GROUP_GAS, 0, true);
        router.activate(CARELESS_ROUTE);
    }
}
