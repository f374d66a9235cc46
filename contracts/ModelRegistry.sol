// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {DevelopmentChains} from "./libraries/DevelopmentChains.sol";

/// @title ModelRegistry
/// @notice See {IModelRegistry}.
contract ModelRegistry is IModelRegistry {
    mapping(bytes32 modelId => Model) private _models;
    mapping(bytes32 modelId => Circuit) private _circuits;

    /// @inheritdoc IModelRegistry
    function register(bytes32 weightsHash, string calldata uri) external returns (bytes32 modelId) {
        modelId = modelIdOf(msg.sender, weightsHash);
        require(_models[modelId].owner == address(0), ModelExists(modelId));

        _models[modelId] = Model({owner: msg.sender, weightsHash: weightsHash, uri: uri});

        emit ModelRegistered(modelId, msg.sender, weightsHash, uri);
    }

    /// @inheritdoc IModelRegistry
    function addCircuit(bytes32 modelId, Circuit calldata circuit) external {
        require(_models[modelId].owner != address(0), UnknownModel(modelId));
        require(_models[modelId].owner == msg.sender, NotModelOwner(modelId, msg.sender));
        require(_circuits[modelId].verifier == address(0), CircuitExists(modelId));
        require(
            circuit.verifier.code.length != 0 && circuit.inputs != 0 && circuit.outputs != 0,
            UnusableCircuit(circuit.verifier, circuit.inputs, circuit.outputs)
        );
        require(!circuit.developmentSrs || DevelopmentChains.isOne(), DevelopmentSrsRefused(block.chainid));

        _circuits[modelId] = circuit;

        emit CircuitAdded(modelId, circuit.verifier, circuit);
    }

    /// @inheritdoc IModelRegistry
    function getModel(bytes32 modelId) external view returns (Model memory) {
        require(_models[modelId].owner != address(0), UnknownModel(modelId));
        return _models[modelId];
    }

    /// @inheritdoc IModelRegistry
    function getCircuit(bytes32 modelId) external view returns (Circuit memory) {
        require(_circuits[modelId].verifier != address(0), NoCircuit(modelId));
        return _circuits[modelId];
    }

    /// @inheritdoc IModelRegistry
    function modelIdOf(address owner, bytes32 weightsHash) public pure returns (bytes32) {
        return keccak256(abi.encode(owner, weightsHash));
    }
}
