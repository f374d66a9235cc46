// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {BatchTest} from "./base/BatchTest.sol";
import {ListedAccumulatorStub, OpenAccumulatorStub} from "./standins/AccumulatorStub.sol";

contract ModelRegistryAccumulatorTest is BatchTest {
    uint32 private circuit;

    function setUp() public override {
        super.setUp();
        circuit = addMlp();
    }

    /* THE REAL ONE */

    /// forge-config: default.fuzz.runs = 8
    function testFuzz_addAccumulator_takesTheRealOne(uint256 first, uint256 second, uint32 proofGas) public {
        first = bound(first, 0, PROOFS - 1);
        second = (first + bound(second, 1, PROOFS - 1)) % PROOFS;
        proofGas = uint32(bound(proofGas, 250_000, type(uint32).max));
        vm.expectEmit(address(models));
        emit IModelRegistry.AccumulatorAdded(modelId, accumulator, circuit, proofGas);
        vm.prank(modelOwner);
        models.addAccumulator(
            modelId, circuit, IModelRegistry.Accumulator(accumulator, proofGas), mlpProof(first), mlpProof(second)
        );
        IModelRegistry.Accumulator memory added = models.getAccumulator(modelId, circuit);
        assertEq(added.accumulator, accumulator);
        assertEq(added.proofGas, proofGas);
    }

    function test_addAccumulator_fitsIntoATransaction() public {
        uint256 before = gasleft();
        addAccumulator(circuit);
        assertLt(before - gasleft(), 9_000_000);
    }

    function test_getAccumulator_isZeroWithoutOne() public view {
        assertEq(models.getAccumulator(modelId, circuit).accumulator, address(0));
    }

    /* WHO AND WHEN */

    function testFuzz_addAccumulator_refusesStrangers(address stranger) public {
        vm.assume(stranger != modelOwner);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, stranger));
        _addRaw(accumulator, mlpProof(0), mlpProof(1));
    }

    function test_addAccumulator_refusesASecondOne() public {
        addAccumulator(circuit);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.AccumulatorExists.selector, modelId, circuit));
        _addRaw(accumulator, mlpProof(0), mlpProof(1));
    }

    function test_addAccumulator_refusesAStoppedCircuit() public {
        vm.prank(modelOwner);
        models.stopCircuit(modelId, circuit);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.CircuitIsStopped.selector, modelId, circuit));
        _addRaw(accumulator, mlpProof(0), mlpProof(1));
    }

    function testFuzz_addAccumulator_refusesAnUnknownCircuit(uint32 index) public {
        index = uint32(bound(index, 1, type(uint32).max));
        _expectRefused(abi.encodeWithSelector(IModelRegistry.NoCircuit.selector, modelId, index));
        models.addAccumulator(
            modelId, index, IModelRegistry.Accumulator(accumulator, ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
    }

    function testFuzz_addAccumulator_refusesAnAddressWithoutCode(address empty) public {
        vm.assume(empty.code.length == 0);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.UnusableAccumulator.selector, empty));
        _addRaw(empty, mlpProof(0), mlpProof(1));
    }

    /* THE SRS */

    /// Without the mark of a development SRS the key must be that of the public ceremony.
    function test_addAccumulator_refusesAnotherSrsThanTheCeremonys() public {
        uint32 index = _addUnmarked();
        _expectRefused(abi.encodeWithSelector(IModelRegistry.NotThePublicCeremony.selector));
        models.addAccumulator(
            modelId, index, IModelRegistry.Accumulator(accumulator, ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
    }

    /// Each of its four words counts.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_addAccumulator_refusesAChangedWordOfTheCeremony(uint256 word, uint256 change) public {
        uint32 index = _addUnmarked();
        uint256[] memory key = _ceremonyKey();
        ListedAccumulatorStub stub = _listed(key);
        uint256 state = vm.snapshotState();
        vm.prank(modelOwner);
        models.addAccumulator(
            modelId, index, IModelRegistry.Accumulator(address(stub), ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
        vm.revertToState(state);
        key[bound(word, 0, 3)] ^= bound(change, 1, type(uint256).max);
        stub.tell(key);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.NotThePublicCeremony.selector));
        models.addAccumulator(
            modelId, index, IModelRegistry.Accumulator(address(stub), ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
    }

    function testFuzz_addAccumulator_refusesAKeyThatIsNone(uint256 length) public {
        OpenAccumulatorStub stub = new OpenAccumulatorStub();
        stub.tell(new uint256[](bound(length, 0, 3)));
        _expectRefused(abi.encodeWithSelector(IModelRegistry.NotThePublicCeremony.selector));
        _addRaw(address(stub), mlpProof(0), mlpProof(1));
    }

    /* THE TRIAL */

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_addAccumulator_refusesAProofThatTheVerifierRefuses(bool inFirst, uint256 where) public {
        (ZkProof memory first, ZkProof memory second) = (mlpProof(0), mlpProof(1));
        spoil(inFirst ? first : second, where, 1);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.ProofRefused.selector, tuned));
        _addRaw(accumulator, first, second);
    }

    /// The accumulator of another circuit.
    function test_addAccumulator_refusesAnAccumulatorThatRefuses() public {
        string memory vectors = vm.readFile("tests/vectors/zkml/mlp_batch16.json");
        address other = create(vm.parseJsonBytes(vectors, ".accumulatorCreationBytecode"));
        _expectRefused(abi.encodeWithSelector(IModelRegistry.ProofRefused.selector, other));
        _addRaw(other, mlpProof(0), mlpProof(1));
    }

    function test_addAccumulator_refusesTooLittleProofGas() public {
        _expectRefused(abi.encodeWithSelector(IModelRegistry.ProofRefused.selector, accumulator));
        models.addAccumulator(
            modelId, circuit, IModelRegistry.Accumulator(accumulator, 100_000), mlpProof(0), mlpProof(1)
        );
    }

    /// Accepts one mutation, of the first or of the second proof.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_addAccumulator_refusesAnAccumulatorThatAcceptsAMutation(bool inFirst) public {
        ListedAccumulatorStub stub = _listed(_ceremonyKey());
        ZkProof memory item = mlpProof(inFirst ? 0 : 1);
        item.instances[19] = addmod(item.instances[19], 1, FIELD_MODULUS);
        stub.list(item.proof, item.instances);
        _expectRefused(
            abi.encodeWithSelector(
                IModelRegistry.MutationAccepted.selector, stub, IModelRegistry.Mutation.OUTPUT_PLUS_ONE
            )
        );
        _addRaw(address(stub), mlpProof(0), mlpProof(1));
    }

    function test_addAccumulator_refusesAnAccumulatorThatMixesUpInstances() public {
        ListedAccumulatorStub stub = _listed(_ceremonyKey());
        stub.list(mlpProof(0).proof, mlpProof(1).instances);
        stub.list(mlpProof(1).proof, mlpProof(0).instances);
        _expectRefused(abi.encodeWithSelector(IModelRegistry.SwapAccepted.selector, stub));
        _addRaw(address(stub), mlpProof(0), mlpProof(1));
    }

    /// With one proof twice nothing can be swapped.
    function test_addAccumulator_refusesOneProofTwice() public {
        _expectRefused(abi.encodeWithSelector(IModelRegistry.SwapAccepted.selector, accumulator));
        _addRaw(accumulator, mlpProof(0), mlpProof(0));
    }

    /// Whatever gas there is: what is refused for want of it does not count as refused. This accumulator needs much gas
    /// and accepts the last thing that the trial shows it.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_addAccumulator_neverTakesWantOfGasForARefusal(uint256 gasLimit) public {
        ListedAccumulatorStub stub = _listed(_ceremonyKey());
        stub.list(mlpProof(0).proof, mlpProof(1).instances);
        stub.list(mlpProof(1).proof, mlpProof(0).instances);
        stub.setBurn(4_000_000);
        vm.prank(modelOwner);
        try models.addAccumulator{gas: bound(gasLimit, 40_000_000, 72_000_000)}(
            modelId, circuit, IModelRegistry.Accumulator(address(stub), 5_000_000), mlpProof(0), mlpProof(1)
        ) {
            fail();
        } catch {}
    }

    /* HELPERS */

    function _expectRefused(bytes memory reason) private {
        vm.prank(modelOwner);
        vm.expectRevert(reason);
    }

    function _addRaw(address candidate, ZkProof memory first, ZkProof memory second) private {
        models.addAccumulator(modelId, circuit, IModelRegistry.Accumulator(candidate, ACCUMULATOR_GAS), first, second);
    }

    /// The same circuit without the mark of a development SRS, for another verifier code.
    function _addUnmarked() private returns (uint32) {
        IModelRegistry.Circuit memory unmarked = circuitOf(stock, 1, 16, 4);
        unmarked.developmentSrs = false;
        return add(unmarked, mlpProof(0));
    }

    /// Accepts the first two proofs.
    function _listed(uint256[] memory key) private returns (ListedAccumulatorStub stub) {
        stub = new ListedAccumulatorStub();
        stub.tell(key);
        stub.list(mlpProof(0).proof, mlpProof(0).instances);
        stub.list(mlpProof(1).proof, mlpProof(1).instances);
    }

    /// As {PublicCeremony} has it, written down apart from it.
    function _ceremonyKey() private pure returns (uint256[] memory key) {
        key = new uint256[](4);
        key[0] = 0x186282957db913abd99f91db59fe69922e95040603ef44c0bd7aa3adeef8f5ac;
        key[1] = 0x17944351223333f260ddc3b4af45191b856689eda9eab5cbcddbbe570ce860d2;
        key[2] = 0x06d971ff4a7467c3ec596ed6efc674572e32fd6f52b721f97e35b0b3d3546753;
        key[3] = 0x06ecdb9f9567f59ed2eee36e1e1d58797fd13cc97fafc2910f5e8a12f202fa9a;
    }
}
