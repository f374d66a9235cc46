// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {Claim, Statement} from "../../../contracts/interfaces/IVerifier.sol";
import {ZkProof} from "../../../contracts/interfaces/IZkmlVerifier.sol";
import {ModelRegistry} from "../../../contracts/ModelRegistry.sol";
import {VerifierRouter} from "../../../contracts/VerifierRouter.sol";
import {ZkmlVerifier} from "../../../contracts/verifiers/ZkmlVerifier.sol";
import {Halo2VerifierStub} from "../standins/Halo2VerifierStub.sol";

/// A registry with one model, the real iris circuit and its real proofs, and stubs for circuits of other layouts.
abstract contract CircuitTest is Test {
    bytes4 internal constant ZKML_ROUTE = bytes4(keccak256("veritally.zkml.v1"));
    uint40 internal constant MEASUREMENT_DELAY = 2 days;
    uint32 internal constant GROUP_GAS = 1_300_000;
    uint32 internal constant RECEIPT_GAS = 700_000;
    uint256 internal constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    address internal owner = makeAddr("owner");
    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");
    VerifierRouter internal router;
    ModelRegistry internal models;
    ZkmlVerifier internal zkml;
    bytes32 internal modelId;
    address private _irisVerifier;
    ZkProof[2] private _irisProofs;

    function setUp() public virtual {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        _readIris();
        router = new VerifierRouter(owner, guardian, 0);
        models = new ModelRegistry(router, MEASUREMENT_DELAY);
        zkml = new ZkmlVerifier(models);
        vm.prank(owner);
        router.add(ZKML_ROUTE, address(zkml), GROUP_GAS, RECEIPT_GAS, true);
        router.activate(ZKML_ROUTE);
        vm.prank(modelOwner);
        modelId = models.register(keccak256("weights"), "ipfs://model");
    }

    /* THE REAL CIRCUIT */

    function irisCircuit() internal view returns (IModelRegistry.Circuit memory) {
        return circuitOf(_irisVerifier, 1, 4, 3);
    }

    function irisProof(uint256 index) internal view returns (ZkProof memory) {
        return _irisProofs[index];
    }

    function addIris() internal returns (uint32) {
        return add(irisCircuit(), irisProof(0));
    }

    function _readIris() private {
        string memory vectors = vm.readFile("tests/vectors/zkml/iris.json");
        bytes memory code = vm.parseJsonBytes(vectors, ".verifierCreationBytecode");
        address verifier;
        assembly {
            verifier := create(0, add(code, 0x20), mload(code))
        }
        _irisVerifier = verifier;
        for (uint256 i; i < 2; ++i) {
            string memory path = string.concat(".proofs[", vm.toString(i), "]");
            _irisProofs[i].proof = vm.parseJsonBytes(vectors, string.concat(path, ".proof"));
            _irisProofs[i].instances = vm.parseJsonUintArray(vectors, string.concat(path, ".instances"));
        }
    }

    /* STUBS */

    function stubCircuit(uint16 batchSize, uint16 inputs, uint16 outputs)
        internal
        returns (IModelRegistry.Circuit memory)
    {
        uint256 count = uint256(batchSize) * (uint256(inputs) + outputs);
        address verifier = address(new Halo2VerifierStub(count, bytes32(uint256(batchSize))));
        return circuitOf(verifier, batchSize, inputs, outputs);
    }

    function stubProof(IModelRegistry.Circuit memory circuit, uint256[] memory instances)
        internal
        view
        returns (ZkProof memory)
    {
        return ZkProof({proof: Halo2VerifierStub(circuit.verifier).proofOf(instances), instances: instances});
    }

    /// Words below the modulus that differ from each other.
    function someWords(uint256 count, uint256 seed) internal pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            words[i] = uint256(keccak256(abi.encode(seed, i))) % FIELD_MODULUS;
        }
    }

    function addStub(uint16 batchSize, uint16 inputs, uint16 outputs)
        internal
        returns (uint32 index, IModelRegistry.Circuit memory circuit)
    {
        circuit = stubCircuit(batchSize, inputs, outputs);
        uint256[] memory words = someWords(uint256(batchSize) * (uint256(inputs) + outputs), 0);
        index = add(circuit, stubProof(circuit, words));
    }

    /* BOTH */

    function circuitOf(address verifier, uint16 batchSize, uint16 inputs, uint16 outputs)
        internal
        pure
        returns (IModelRegistry.Circuit memory)
    {
        return IModelRegistry.Circuit({
            verifier: verifier,
            batchSize: batchSize,
            inputs: inputs,
            outputs: outputs,
            proofGas: 700_000,
            developmentSrs: true,
            stopped: false,
            inputScale: 14,
            outputScale: 14,
            inputsCommitted: false,
            ezklVersion: "23.0.5",
            verifyingKeyHash: "key"
        });
    }

    function add(IModelRegistry.Circuit memory circuit, ZkProof memory valid) internal returns (uint32) {
        vm.prank(modelOwner);
        return models.addCircuit(modelId, circuit, valid.proof, valid.instances);
    }

    /// What slot `slot` of a proof states. Written apart from the verifier, with copies.
    function statementOf(IModelRegistry.Circuit memory circuit, uint256[] memory words, uint256 slot)
        internal
        pure
        returns (Statement memory)
    {
        uint256 outputStart = uint256(circuit.batchSize) * circuit.inputs + slot * circuit.outputs;
        return Statement({
            requestHash: keccak256(_slice(words, slot * circuit.inputs, circuit.inputs)),
            responseHash: keccak256(_slice(words, outputStart, circuit.outputs))
        });
    }

    function claimOf(Statement[] memory statements) internal view returns (Claim memory) {
        return Claim({modelId: modelId, prover: modelOwner, asset: address(0), groupDigest: 0, statements: statements});
    }

    function one(Statement memory statement) internal pure returns (Statement[] memory statements) {
        statements = new Statement[](1);
        statements[0] = statement;
    }

    function one(ZkProof memory item) internal pure returns (ZkProof[] memory proofs) {
        proofs = new ZkProof[](1);
        proofs[0] = item;
    }

    function evidenceOf(uint32 index, ZkProof memory item) internal pure returns (bytes memory) {
        return abi.encode(index, one(item));
    }

    function _slice(uint256[] memory words, uint256 start, uint256 count) private pure returns (bytes memory data) {
        for (uint256 i = start; i < start + count; ++i) {
            data = abi.encodePacked(data, words[i]);
        }
    }
}
