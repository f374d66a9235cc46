// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Verifier} from "../../contracts/interfaces/external/IHalo2Verifier.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Statement} from "../../contracts/interfaces/IVerifier.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {PayAddressFactory} from "../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../contracts/Settlement.sol";
import {Group, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Halo2Batch} from "../../contracts/verifiers/Halo2Batch.sol";
import {BatchTest} from "./base/BatchTest.sol";

/// A cheat code of forge that forge-std does not know.
interface IEvmVersion {
    function setEvmVersion(string calldata version) external;
}

/// Verifies proofs together and does nothing else.
contract PlainBatch {
    function verifyTogether(address accumulator, uint256 gasLimit, ZkProof[] calldata proofs) external view {
        require(Halo2Batch.accepts(accumulator, gasLimit, proofs), "refused");
    }
}

/// What whole transactions cost that verify proofs of an MLP of 1,140 parameters, 21,000 and the calldata included, by
/// the rule of EIP-7623: first the verification alone, then free receipts that are settled with it.
contract ZkmlBench is BatchTest {
    string private constant GROUP = "Zkml";
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// @dev EIP-7825; what is sent along is less, because calldata counts, too.
    uint256 private constant GAS_CAP = 16_777_216;
    uint64 private constant FIRST_NONCE = 1_024 * 256;
    uint32 private constant BATCH = 16;

    Settlement private settlement;
    address private batchVerifier;
    ZkProof private batchProof;

    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
        settlement = new Settlement(router, new PayAddressFactory());
        string memory vectors = vm.readFile("tests/vectors/zkml/mlp_batch16.json");
        batchVerifier = create(vm.parseJsonBytes(vectors, ".verifierCreationBytecode"));
        batchProof = readProof(vectors, 0);
        uint32 single = addMlp();
        addAccumulator(single);
        add(_batchCircuit(), batchProof);
        _settle(_groupOf(1, single, mlpCircuit(), mlpProofs(1, 0)));
    }

    /* VERIFICATION ALONE */

    function test_verify() public {
        _snapshot("zkml_verify_mlp", _verify(tuned, mlpProof(0)));
        _snapshot("zkml_verify_mlp_as_generated", _verify(stock, mlpProof(0)));
        _snapshot("zkml_batch16_incircuit_per_inference", _verify(batchVerifier, batchProof) / BATCH);
    }

    function test_verifyTogether() public {
        address plain = address(new PlainBatch());
        for (uint256 count = 2; count <= PROOFS; count *= 2) {
            ZkProof[] memory proofs = mlpProofs(count, 0xfedcba9876543210);
            bytes memory data = abi.encodeCall(PlainBatch.verifyTogether, (accumulator, ACCUMULATOR_GAS, proofs));
            string memory name = string.concat("zkml_batch", vm.toString(count), "_proofs_per_proof");
            _snapshot(name, _transactionGas(plain, data) / count);
        }
    }

    /// With the price of inversions (MODEXP) since EIP-7883; a verification has one.
    function test_withDearerInversions() public {
        IEvmVersion(address(vm)).setEvmVersion("osaka");
        _snapshot("zkml_verify_mlp_osaka", _verify(tuned, mlpProof(0)));
        _snapshot("zkml_batch16_incircuit_per_inference_osaka", _verify(batchVerifier, batchProof) / BATCH);
        ZkProof[] memory proofs = mlpProofs(BATCH, 0xfedcba9876543210);
        bytes memory data = abi.encodeCall(PlainBatch.verifyTogether, (accumulator, ACCUMULATOR_GAS, proofs));
        address plain = address(new PlainBatch());
        _snapshot("zkml_batch16_proofs_per_proof_osaka", _transactionGas(plain, data) / BATCH);
    }

    /* SETTLEMENT ON TOP */

    function test_settle_single() public {
        _snapshot("zkml_settle_mlp", _settle(_groupOf(FIRST_NONCE, 0, mlpCircuit(), mlpProofs(1, 0))));
    }

    function test_settle_batchOfProofs() public {
        Group memory group = _groupOf(FIRST_NONCE, 0, mlpCircuit(), mlpProofs(BATCH, 0xfedcba9876543210));
        _snapshot("zkml_settle_batch16_proofs_per_proof", _settle(group) / BATCH);
    }

    /// One proof of sixteen is bad: all are verified together, then one by one.
    function test_settle_batchWithABadProof() public {
        ZkProof[] memory proofs = mlpProofs(BATCH, 0xfedcba9876543210);
        proofs[7].proof[100] ^= 0x01;
        Group memory group = _groupOf(FIRST_NONCE, 0, mlpCircuit(), proofs);
        _snapshot("zkml_settle_batch16_one_bad_per_proof", _settle(group) / BATCH);
        proofs = mlpProofs(BATCH, 0xfedcba9876543210);
        proofs[7].instances[19] = addmod(proofs[7].instances[19], 1, FIELD_MODULUS);
        group = _groupOf(FIRST_NONCE + 256, 0, mlpCircuit(), proofs);
        _snapshot("zkml_settle_batch16_one_false_per_proof", _settle(group) / BATCH);
    }

    function test_settle_batchInCircuit() public {
        ZkProof[] memory proofs = new ZkProof[](1);
        proofs[0] = batchProof;
        uint256 gasUsed = _settle(_groupOf(FIRST_NONCE, 1, _batchCircuit(), proofs));
        _snapshot("zkml_settle_batch16_incircuit_per_inference", gasUsed / BATCH);
    }

    /* REGISTRATION AND SIZES */

    function test_addAccumulator() public {
        vm.prank(modelOwner);
        bytes32 other = models.register("other", "");
        vm.prank(modelOwner);
        models.addCircuit(other, mlpCircuit(), mlpProof(0).proof, mlpProof(0).instances);
        bytes memory data = abi.encodeCall(
            models.addAccumulator,
            (other, 0, IModelRegistry.Accumulator(accumulator, ACCUMULATOR_GAS), mlpProof(0), mlpProof(1))
        );
        _snapshot("zkml_add_accumulator", _transactionGas(address(models), data));
    }

    function test_sizes() public {
        _snapshot("size_mlp_verifier", tuned.code.length);
        _snapshot("size_mlp_accumulator", accumulator.code.length);
    }

    /* HELPERS */

    function _batchCircuit() private view returns (IModelRegistry.Circuit memory) {
        return circuitOf(batchVerifier, uint16(BATCH), 16, 4);
    }

    /// Free receipts, so that what is on top of the verification is not a payment.
    function _groupOf(uint64 nonce, uint32 index, IModelRegistry.Circuit memory circuit, ZkProof[] memory proofs)
        private
        view
        returns (Group memory group)
    {
        uint256 size = circuit.batchSize;
        group.modelId = modelId;
        group.prover = modelOwner;
        group.route = ZKML_ROUTE;
        group.receipts = new InferenceReceipt[](proofs.length * size);
        for (uint256 i; i < group.receipts.length; ++i) {
            Statement memory statement = statementOf(circuit, proofs[i / size].instances, i % size);
            uint256 terms = uint256(nonce + i) << 192 | block.timestamp << 32 | uint256(uint8(Tier.ZKML)) << 24;
            group.receipts[i] =
                InferenceReceipt(statement.requestHash, statement.responseHash, address(0), Terms.wrap(terms));
        }
        group.evidence = abi.encode(index, proofs);
    }

    function _settle(Group memory group) private returns (uint256) {
        Group[] memory groups = new Group[](1);
        groups[0] = group;
        return _transactionGas(address(settlement), abi.encodeCall(settlement.settle, (groups)));
    }

    function _verify(address verifier, ZkProof memory item) private returns (uint256) {
        return _transactionGas(verifier, abi.encodeCall(IHalo2Verifier.verifyProof, (item.proof, item.instances)));
    }

    function _snapshot(string memory name, uint256 value) private {
        vm.snapshotValue(GROUP, name, value);
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata.
    function _transactionGas(address target, bytes memory data) private returns (uint256 gasUsed) {
        uint256 standard;
        for (uint256 i; i < data.length; ++i) {
            standard += data[i] == 0 ? 4 : 16;
        }
        vm.prank(modelOwner);
        (bool success,) = target.call{gas: GAS_CAP - 1_000_000}(data);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, "the transaction failed");
        assertGt(gasUsed, TRANSACTION_GAS + standard, "run with --isolate");
        uint256 floorGas = TRANSACTION_GAS + standard * 10 / 4;
        return gasUsed > floorGas ? gasUsed : floorGas;
    }
}
