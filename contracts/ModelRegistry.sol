// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "./interfaces/IVerifierRouter.sol";
import {ZkProof} from "./interfaces/IZkmlVerifier.sol";
import {DevelopmentChains} from "./libraries/DevelopmentChains.sol";
import {AccumulatorTrial} from "./verifiers/AccumulatorTrial.sol";
import {CircuitTrial} from "./verifiers/CircuitTrial.sol";
import {Halo2Call} from "./verifiers/Halo2Call.sol";

/// @title ModelRegistry
/// @notice See {IModelRegistry}.
contract ModelRegistry is IModelRegistry {
    /// @notice Shortest delay in seconds before a measurement can be used, outside development chains.
    uint40 public constant MIN_MEASUREMENT_DELAY = 2 days;
    /// @notice Longest URI in bytes.
    uint256 public constant MAX_URI_BYTES = 512;

    /// @inheritdoc IModelRegistry
    IVerifierRouter public immutable ROUTER;
    /// @inheritdoc IModelRegistry
    uint40 public immutable MEASUREMENT_DELAY;

    /// @dev One slot.
    struct ValueCap {
        bool isSet;
        uint128 capBaseUnits;
    }

    mapping(bytes32 modelId => Model) private _models;
    mapping(bytes32 modelId => Circuit[]) private _circuits;
    /// @dev So that the same code is not added twice. Code that differs in one byte is another circuit, with a trial of
    /// its own.
    mapping(bytes32 modelId => mapping(bytes32 codeHash => bool)) private _hasCode;
    mapping(bytes32 modelId => mapping(uint32 index => Accumulator)) private _accumulators;
    mapping(bytes32 modelId => mapping(bytes32 measurement => Acceptance)) private _acceptances;
    mapping(bytes32 modelId => mapping(address asset => ValueCap)) private _valueCaps;

    modifier onlyModelOwner(bytes32 modelId) {
        require(_known(modelId).owner == msg.sender, NotModelOwner(modelId, msg.sender));
        _;
    }

    /// @param router Stops circuits after contradictions.
    /// @param measurementDelay Seconds between accepting a measurement and its use.
    constructor(IVerifierRouter router, uint40 measurementDelay) {
        require(
            measurementDelay >= MIN_MEASUREMENT_DELAY || DevelopmentChains.isOne(),
            MeasurementDelayTooShort(measurementDelay, MIN_MEASUREMENT_DELAY)
        );
        ROUTER = router;
        MEASUREMENT_DELAY = measurementDelay;
    }

    /// @inheritdoc IModelRegistry
    function register(bytes32 weightsHash, string calldata uri) external returns (bytes32 modelId) {
        modelId = modelIdOf(msg.sender, weightsHash);
        require(_models[modelId].owner == address(0), ModelExists(modelId));
        require(bytes(uri).length <= MAX_URI_BYTES, UriTooLong(bytes(uri).length, MAX_URI_BYTES));

        _models[modelId] = Model({owner: msg.sender, deprecated: false, weightsHash: weightsHash, uri: uri});

        emit ModelRegistered(modelId, msg.sender, weightsHash, uri);
    }

    /// @inheritdoc IModelRegistry
    function deprecate(bytes32 modelId, bytes32 successor) external onlyModelOwner(modelId) {
        _requireCurrent(modelId);
        if (successor != 0) _known(successor);

        _models[modelId].deprecated = true;

        emit ModelDeprecated(modelId, msg.sender, successor);
    }

    /* CIRCUITS */

    /// @inheritdoc IModelRegistry
    function addCircuit(bytes32 modelId, Circuit calldata circuit, bytes calldata proof, uint256[] calldata instances)
        external
        onlyModelOwner(modelId)
        returns (uint32 index)
    {
        _requireCurrent(modelId);
        _checkCircuit(modelId, circuit);
        _checkInstances(circuit, instances);
        bytes32 codeHash = circuit.verifier.codehash;
        require(!_hasCode[modelId][codeHash], CircuitExists(modelId, codeHash));
        CircuitTrial.run(circuit.verifier, circuit.proofGas, proof, instances);

        index = uint32(_circuits[modelId].length);
        _hasCode[modelId][codeHash] = true;
        _circuits[modelId].push(circuit);

        emit CircuitAdded(modelId, circuit.verifier, index, circuit);
    }

    /// @inheritdoc IModelRegistry
    function addAccumulator(
        bytes32 modelId,
        uint32 index,
        Accumulator calldata accumulator,
        ZkProof calldata first,
        ZkProof calldata second
    ) external onlyModelOwner(modelId) {
        Circuit memory circuit = requireCircuit(modelId, index);
        require(_accumulators[modelId][index].accumulator == address(0), AccumulatorExists(modelId, index));
        require(accumulator.accumulator.code.length != 0, UnusableAccumulator(accumulator.accumulator));
        AccumulatorTrial.run(circuit, accumulator, first, second);

        _accumulators[modelId][index] = accumulator;

        emit AccumulatorAdded(modelId, accumulator.accumulator, index, accumulator.proofGas);
    }

    /// @inheritdoc IModelRegistry
    function stopCircuit(bytes32 modelId, uint32 index) external {
        require(msg.sender == address(ROUTER) || msg.sender == _known(modelId).owner, MayNotStop(modelId, msg.sender));
        Circuit storage circuit = _circuit(modelId, index);
        require(!circuit.stopped, CircuitIsStopped(modelId, index));

        circuit.stopped = true;

        emit CircuitStopped(modelId, index, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function requireCircuit(bytes32 modelId, uint32 index) public view returns (Circuit memory) {
        Circuit storage circuit = _circuit(modelId, index);
        require(!circuit.stopped, CircuitIsStopped(modelId, index));
        return circuit;
    }

    /// @inheritdoc IModelRegistry
    function getCircuit(bytes32 modelId, uint32 index) external view returns (Circuit memory) {
        return _circuit(modelId, index);
    }

    /// @inheritdoc IModelRegistry
    function getAccumulator(bytes32 modelId, uint32 index) external view returns (Accumulator memory) {
        return _accumulators[modelId][index];
    }

    /// @inheritdoc IModelRegistry
    function circuitCount(bytes32 modelId) external view returns (uint256) {
        return _circuits[modelId].length;
    }

    /* MEASUREMENTS */

    /// @inheritdoc IModelRegistry
    function acceptMeasurement(bytes32 modelId, bytes32 measurement) external onlyModelOwner(modelId) {
        _requireCurrent(modelId);
        require(measurement != 0, ZeroMeasurement());
        Acceptance storage acceptance = _acceptances[modelId][measurement];
        require(acceptance.acceptedFrom == 0, MeasurementTaken(modelId, measurement));

        uint40 acceptedFrom = uint40(block.timestamp) + MEASUREMENT_DELAY;
        acceptance.acceptedFrom = acceptedFrom;

        emit MeasurementAccepted(modelId, measurement, msg.sender, acceptedFrom);
    }

    /// @inheritdoc IModelRegistry
    function removeMeasurement(bytes32 modelId, bytes32 measurement) external onlyModelOwner(modelId) {
        Acceptance storage acceptance = _acceptances[modelId][measurement];
        require(
            acceptance.acceptedFrom != 0 && acceptance.removedAt == 0,
            MeasurementNotAccepted(modelId, measurement, acceptance.acceptedFrom, acceptance.removedAt)
        );

        acceptance.removedAt = uint40(block.timestamp);

        emit MeasurementRemoved(modelId, measurement, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function requireMeasurement(bytes32 modelId, bytes32 measurement) external view {
        Acceptance storage acceptance = _acceptances[modelId][measurement];
        require(
            acceptance.acceptedFrom != 0 && block.timestamp >= acceptance.acceptedFrom && acceptance.removedAt == 0,
            MeasurementNotAccepted(modelId, measurement, acceptance.acceptedFrom, acceptance.removedAt)
        );
    }

    /// @inheritdoc IModelRegistry
    function getAcceptance(bytes32 modelId, bytes32 measurement) external view returns (Acceptance memory) {
        return _acceptances[modelId][measurement];
    }

    /* VALUE CAPS */

    /// @inheritdoc IModelRegistry
    function setValueCap(bytes32 modelId, address asset, uint128 capBaseUnits) external onlyModelOwner(modelId) {
        _valueCaps[modelId][asset] = ValueCap({isSet: true, capBaseUnits: capBaseUnits});

        emit ValueCapSet(modelId, asset, msg.sender, capBaseUnits);
    }

    /// @inheritdoc IModelRegistry
    function valueCapOf(bytes32 modelId, address asset) external view returns (uint256) {
        ValueCap storage valueCap = _valueCaps[modelId][asset];
        return valueCap.isSet ? valueCap.capBaseUnits : type(uint256).max;
    }

    /* MODELS */

    /// @inheritdoc IModelRegistry
    function getModel(bytes32 modelId) external view returns (Model memory) {
        return _known(modelId);
    }

    /// @inheritdoc IModelRegistry
    function modelIdOf(address owner, bytes32 weightsHash) public pure returns (bytes32) {
        return keccak256(abi.encode(owner, weightsHash));
    }

    function _known(bytes32 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        require(model.owner != address(0), UnknownModel(modelId));
    }

    function _requireCurrent(bytes32 modelId) private view {
        require(!_models[modelId].deprecated, ModelIsDeprecated(modelId));
    }

    function _circuit(bytes32 modelId, uint32 index) private view returns (Circuit storage) {
        require(index < _circuits[modelId].length, NoCircuit(modelId, index));
        return _circuits[modelId][index];
    }

    function _checkCircuit(bytes32 modelId, Circuit calldata circuit) private view {
        require(
            circuit.verifier.code.length != 0 && circuit.batchSize != 0 && circuit.inputs != 0 && circuit.outputs != 0
                && !circuit.stopped,
            UnusableCircuit(circuit.verifier, circuit.batchSize, circuit.inputs, circuit.outputs)
        );
        require(!circuit.inputsCommitted || circuit.batchSize == 1, CommitmentForBatch(circuit.batchSize));
        require(!circuit.developmentSrs || DevelopmentChains.isOne(), DevelopmentSrsRefused(block.chainid));
        if (_circuits[modelId].length == 0) return;
        Circuit memory first = _circuits[modelId][0];
        require(
            circuit.inputs == first.inputs && circuit.outputs == first.outputs && circuit.inputScale == first.inputScale
                && circuit.outputScale == first.outputScale && circuit.inputsCommitted == first.inputsCommitted,
            LayoutMismatch(modelId, first, circuit)
        );
    }

    function _checkInstances(Circuit calldata circuit, uint256[] calldata instances) private pure {
        uint256 inputs = circuit.inputsCommitted ? 0 : circuit.inputs;
        uint256 expected = circuit.batchSize * (inputs + circuit.outputs);
        require(instances.length == expected, InstanceCountMismatch(expected, instances.length));
        for (uint256 i; i < expected; ++i) {
            require(instances[i] < Halo2Call.FIELD_MODULUS, InstanceOutOfField(i, instances[i]));
        }
    }
}
