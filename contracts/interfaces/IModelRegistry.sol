// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Models and their zero-knowledge circuits
/// @notice Anybody registers a model; its id commits to the owner and the weights. The owner adds one circuit, once.
interface IModelRegistry {
    /// @notice A registered model.
    struct Model {
        address owner;
        /// @dev sha256 of the ONNX file.
        bytes32 weightsHash;
        /// @dev Where the model package can be had.
        string uri;
    }

    /// @notice The circuit of a model: an ezkl verifier with fixed parameters, so that the verifying key is the model.
    struct Circuit {
        /// @dev Generated verifier.
        address verifier;
        /// @dev Number of input words; the first instances.
        uint16 inputs;
        /// @dev Number of output words; the instances after the inputs.
        uint16 outputs;
        /// @dev Fixed-point scales: a word is round(value * 2^scale) in the field.
        uint8 inputScale;
        uint8 outputScale;
        /// @dev Gas that one proof needs.
        uint32 proofGas;
        /// @dev Set up with a development SRS, whose maker can forge proofs. Only on development chains.
        bool developmentSrs;
        /// @dev sha256 of ezkl's verifying key.
        bytes32 verifyingKeyHash;
    }

    /// @notice A model was registered.
    event ModelRegistered(bytes32 indexed modelId, address indexed owner, bytes32 indexed weightsHash, string uri);
    /// @notice A model got its circuit.
    event CircuitAdded(bytes32 indexed modelId, address indexed verifier, Circuit circuit);

    /// @notice The model exists already.
    error ModelExists(bytes32 modelId);
    /// @notice No such model.
    error UnknownModel(bytes32 modelId);
    /// @notice The model has no circuit.
    error NoCircuit(bytes32 modelId);
    /// @notice Only the model's owner may do this.
    error NotModelOwner(bytes32 modelId, address caller);
    /// @notice A circuit is never replaced: register a new model version.
    error CircuitExists(bytes32 modelId);
    /// @notice The circuit has no code, or no inputs or outputs.
    error UnusableCircuit(address verifier, uint256 inputs, uint256 outputs);
    /// @notice A development SRS is refused outside development chains.
    error DevelopmentSrsRefused(uint256 chainId);

    /// @notice Registers a model for the caller.
    /// @param weightsHash sha256 of the ONNX file.
    /// @param uri Where the model package can be had.
    /// @return modelId Id of (owner, weightsHash).
    function register(bytes32 weightsHash, string calldata uri) external returns (bytes32 modelId);

    /// @notice Adds the circuit of a model. Only its owner, only once.
    /// @param modelId The model.
    /// @param circuit The circuit.
    function addCircuit(bytes32 modelId, Circuit calldata circuit) external;

    /// @notice The id that `owner` gets for `weightsHash`.
    /// @param owner The owner.
    /// @param weightsHash sha256 of the ONNX file.
    /// @return modelId The id.
    function modelIdOf(address owner, bytes32 weightsHash) external pure returns (bytes32 modelId);

    /// @notice A registered model; reverts with {UnknownModel}.
    /// @param modelId The model.
    /// @return The model.
    function getModel(bytes32 modelId) external view returns (Model memory);

    /// @notice The circuit of a model; reverts with {NoCircuit}.
    /// @param modelId The model.
    /// @return The circuit.
    function getCircuit(bytes32 modelId) external view returns (Circuit memory);
}
