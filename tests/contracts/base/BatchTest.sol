// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {ZkProof} from "../../../contracts/interfaces/IZkmlVerifier.sol";
import {CircuitTest} from "./CircuitTest.sol";

/// The MLP of 1,140 parameters: the verifier as ezkl generates it but for the guard, ours, the accumulator, and real
/// proofs.
abstract contract BatchTest is CircuitTest {
    uint32 internal constant ACCUMULATOR_GAS = 300_000;
    uint256 internal constant PROOFS = 16;

    address internal stock;
    address internal tuned;
    address internal accumulator;
    ZkProof[] private _proofs;

    function setUp() public virtual override {
        super.setUp();
        string memory vectors = vm.readFile("tests/vectors/zkml/mlp.json");
        stock = create(vm.parseJsonBytes(vectors, ".stockCreationBytecode"));
        tuned = create(vm.parseJsonBytes(vectors, ".verifierCreationBytecode"));
        accumulator = create(vm.parseJsonBytes(vectors, ".accumulatorCreationBytecode"));
        for (uint256 i; i < PROOFS; ++i) {
            _proofs.push(readProof(vectors, i));
        }
    }

    function create(bytes memory code) internal returns (address deployed) {
        assembly {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        assertGt(deployed.code.length, 0, "not deployed");
    }

    function readProof(string memory vectors, uint256 index) internal pure returns (ZkProof memory item) {
        string memory path = string.concat(".proofs[", vm.toString(index), "]");
        item.proof = vm.parseJsonBytes(vectors, string.concat(path, ".proof"));
        item.instances = vm.parseJsonUintArray(vectors, string.concat(path, ".instances"));
    }

    function mlpProof(uint256 index) internal view returns (ZkProof memory) {
        return _proofs[index];
    }

    /// `count` proofs; four bits of `order` choose each, so that some may occur twice.
    function mlpProofs(uint256 count, uint256 order) internal view returns (ZkProof[] memory proofs) {
        proofs = new ZkProof[](count);
        for (uint256 i; i < count; ++i) {
            proofs[i] = _proofs[(order >> (4 * i)) % PROOFS];
        }
    }

    function mlpCircuit() internal view returns (IModelRegistry.Circuit memory) {
        return circuitOf(tuned, 1, 16, 4);
    }

    function addMlp() internal returns (uint32) {
        return add(mlpCircuit(), mlpProof(0));
    }

    function addAccumulator(uint32 index) internal {
        vm.prank(modelOwner);
        models.addAccumulator(
            modelId, index, IModelRegistry.Accumulator(accumulator, ACCUMULATOR_GAS), mlpProof(0), mlpProof(1)
        );
    }

    /// Makes a proof false in one of the ways that a verifier finds out early or late.
    function spoil(ZkProof memory item, uint256 where, uint256 change) internal pure {
        uint256 words = item.proof.length / 32;
        uint256 word = where % (words + item.instances.length);
        change = bound(change, 1, FIELD_MODULUS - 1);
        if (word >= words) {
            item.instances[word - words] = addmod(item.instances[word - words], change, FIELD_MODULUS);
        } else {
            item.proof[32 * word + 31 - change % 32] ^= bytes1(uint8(1 << (change % 7)));
        }
    }
}
