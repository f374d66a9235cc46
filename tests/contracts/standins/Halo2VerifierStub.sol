// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Verifier} from "../../../contracts/interfaces/external/IHalo2Verifier.sol";

/// A STUB, not a verifier: its "proof" is a hash of the instances that anybody can make, for any instances. It refuses
/// whatever a registration tries, and stands for a circuit of any layout, and for one that is unsound.
contract Halo2VerifierStub is IHalo2Verifier {
    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private immutable COUNT;

    /// @param count Number of instances.
    /// @param salt Gives stubs of one layout different code.
    constructor(uint256 count, bytes32 salt) {
        COUNT = count;
        SALT = salt;
    }

    bytes32 public immutable SALT;

    function proofOf(uint256[] calldata instances) public view returns (bytes memory) {
        bytes32 word = keccak256(abi.encode(instances, SALT));
        return abi.encode(word, keccak256(abi.encode(word)), ~word);
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        require(instances.length == COUNT);
        for (uint256 i; i < COUNT; ++i) {
            require(instances[i] < FIELD_MODULUS);
        }
        return keccak256(proof) == keccak256(proofOf(instances));
    }
}

/// A STUB that accepts exactly the pairs of proof and instances that it was told.
contract ListedProofsStub is IHalo2Verifier {
    mapping(bytes32 pair => bool) private _listed;
    uint256 private _burn;

    function list(bytes memory proof, uint256[] memory instances) external {
        _listed[keccak256(abi.encode(proof, instances))] = true;
    }

    /// Gas that each verification uses up.
    function setBurn(uint256 gasAmount) external {
        _burn = gasAmount;
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        uint256 start = gasleft();
        bool listed = _listed[keccak256(abi.encode(proof, instances))];
        uint256 burn = _burn;
        while (start - gasleft() < burn) {}
        return listed;
    }
}
