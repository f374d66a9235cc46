// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IVerifierRouter} from "./IVerifierRouter.sol";
import {ZkProof} from "./IZkmlVerifier.sol";

/// @title Models, their zero-knowledge circuits and their enclaves
/// @notice Anybody registers a model; its id commits to the owner and the weights, so each version of the weights is a
/// model of its own. Its owner adds circuits and accepts enclave measurements, never changes one, and may stop each at
/// once and for ever. Nothing here changes what has settled.
/// @dev Whoever relies on a model relies on its owner's choice of circuits and measurements: all of them are shown by
/// events before they can be used, except that a circuit can be used at once, because it proves itself in {addCircuit}.
interface IModelRegistry {
    /// @notice A registered model.
    struct Model {
        address owner;
        /// @dev The owner advises against it; see {deprecate}.
        bool deprecated;
        /// @dev sha256 of the ONNX file.
        bytes32 weightsHash;
        /// @dev Where the model package can be had.
        string uri;
    }

    /// @notice A circuit of a model: an ezkl verifier with fixed parameters, so that the verifying key is the model. All
    /// circuits of a model have the same inputs, outputs and scales, so that a request has one hash whichever proves it,
    /// and must give the same outputs to the last bit: two that round differently contradict each other, and then anybody
    /// may stop both.
    /// @dev That does not hold for circuits with committed inputs. A commitment depends on the circuit's number of rows and
    /// on its SRS, so two of them give one request different hashes: a contradiction can be shown within one circuit
    /// ({IVerifierRouter-stopByContradiction}), and not between two. Whoever relies on a request hash of such a model
    /// computes it for each of its circuits.
    struct Circuit {
        /// @dev Generated verifier.
        address verifier;
        /// @dev Number of inferences that one proof covers.
        uint16 batchSize;
        /// @dev Number of input and of output words of one inference. The instances of a proof are the inputs of all its
        /// inferences, unless they are committed, then the outputs of all of them.
        uint16 inputs;
        uint16 outputs;
        /// @dev Gas that one proof may use.
        uint32 proofGas;
        /// @dev Set up with a development SRS, whose maker can forge proofs. Only on development chains.
        bool developmentSrs;
        /// @dev Stopped for ever; must be false when the circuit is added. Up to here one slot.
        bool stopped;
        /// @dev Fixed-point scales: a word is round(value * 2^scale) in the field.
        uint8 inputScale;
        uint8 outputScale;
        /// @dev A proof begins with a commitment to its inputs (ezkl's `polycommit`), a point of 64 bytes, in place of the
        /// input words among its instances. Only with a batch size of 1: the commitment is to all inputs of a proof at once.
        bool inputsCommitted;
        /// @dev Version of ezkl as ASCII text, such as "23.0.5", then zeroes.
        bytes16 ezklVersion;
        /// @dev sha256 of ezkl's verifying key.
        bytes32 verifyingKeyHash;
    }

    /// @notice What lets several proofs of a circuit be verified together: see {IHalo2Accumulator}. One slot.
    struct Accumulator {
        /// @dev Made from the circuit's generated verifier; zero for none.
        address accumulator;
        /// @dev Gas that it may use for one proof.
        uint32 proofGas;
    }

    /// @notice What is done to a valid proof, or to its instances, that must make it invalid.
    /// @dev The input is the first instance and the output the last one; with committed inputs both are outputs, and
    /// `FIRST_POINT_REPLACED` puts another commitment in the place of that to the inputs.
    enum Mutation {
        INPUT_PLUS_ONE,
        OUTPUT_PLUS_ONE,
        INSTANCE_PLUS_MODULUS,
        INSTANCE_MISSING,
        INSTANCE_EXTRA,
        PROOF_SHORTER,
        PROOF_LONGER,
        FIRST_WORD_FLIPPED,
        MIDDLE_WORD_FLIPPED,
        LAST_WORD_FLIPPED,
        PROOF_EMPTY,
        PROOF_ZERO,
        FIRST_POINT_REPLACED
    }

    /// @notice When enclaves with some measurement may serve a model.
    struct Acceptance {
        /// @dev Unix seconds, inclusive; zero when it was never accepted.
        uint40 acceptedFrom;
        /// @dev Unix seconds from which it is refused for ever; zero when it is not removed.
        uint40 removedAt;
    }

    /// @notice A model was registered.
    /// @param modelId Hash of owner and weights hash.
    /// @param owner Who registered it.
    /// @param weightsHash Commitment to the weights.
    /// @param uri Where more is said about it.
    event ModelRegistered(bytes32 indexed modelId, address indexed owner, bytes32 indexed weightsHash, string uri);
    /// @notice A model's owner advises against it, and for `successor` unless that is zero.
    /// @param modelId The model.
    /// @param owner Its owner.
    /// @param successor The model to use from now on; zero for none.
    event ModelDeprecated(bytes32 indexed modelId, address indexed owner, bytes32 indexed successor);
    /// @notice A model got a circuit; `index` is its position among those of the model.
    /// @param modelId The model.
    /// @param verifier The generated verifier.
    /// @param index Position among the circuits of the model.
    /// @param circuit All there is to know about it.
    event CircuitAdded(bytes32 indexed modelId, address indexed verifier, uint32 indexed index, Circuit circuit);
    /// @notice A circuit was stopped for ever, by the model's owner or, after a contradiction, by the router.
    /// @param modelId The model.
    /// @param index Position among the circuits of the model.
    /// @param by The model's owner or the router.
    event CircuitStopped(bytes32 indexed modelId, uint32 indexed index, address indexed by);
    /// @notice Several proofs of a circuit can be verified together from now on.
    /// @param modelId The model.
    /// @param accumulator The accumulator.
    /// @param index Position of the circuit among those of the model.
    /// @param proofGas Gas that it may use for one proof.
    event AccumulatorAdded(bytes32 indexed modelId, address indexed accumulator, uint32 indexed index, uint32 proofGas);
    /// @notice Enclaves with this measurement may serve the model from `acceptedFrom` (unix seconds).
    /// @param modelId The model.
    /// @param measurement Hash of the code.
    /// @param owner The model's owner.
    /// @param acceptedFrom Unix time in seconds from which it holds.
    event MeasurementAccepted(
        bytes32 indexed modelId, bytes32 indexed measurement, address indexed owner, uint40 acceptedFrom
    );
    /// @notice Enclaves with this measurement may not serve the model any more.
    /// @param modelId The model.
    /// @param measurement Hash of the code.
    /// @param owner The model's owner.
    event MeasurementRemoved(bytes32 indexed modelId, bytes32 indexed measurement, address indexed owner);
    /// @notice From now on each enclave key may back at most this much for the model, what it backed before included.
    /// @param modelId The model.
    /// @param asset The token.
    /// @param owner The model's owner.
    /// @param capBaseUnits Base units of the token; zero for no paid results.
    event ValueCapSet(bytes32 indexed modelId, address indexed asset, address indexed owner, uint128 capBaseUnits);

    /// @notice Outside development chains the delay is two days or more.
    error MeasurementDelayTooShort(uint256 delay, uint256 minimum);
    /// @notice The model exists already.
    error ModelExists(bytes32 modelId);
    /// @notice The URI is longer than this many bytes.
    error UriTooLong(uint256 length, uint256 maximum);
    /// @notice No such model.
    error UnknownModel(bytes32 modelId);
    /// @notice Only the model's owner may do this.
    error NotModelOwner(bytes32 modelId, address caller);
    /// @notice The model is deprecated: it gets no new circuits or measurements.
    error ModelIsDeprecated(bytes32 modelId);
    /// @notice The model has no circuit at this position.
    error NoCircuit(bytes32 modelId, uint256 index);
    /// @notice The circuit is stopped.
    error CircuitIsStopped(bytes32 modelId, uint256 index);
    /// @notice Neither the model's owner nor the router.
    error MayNotStop(bytes32 modelId, address caller);
    /// @notice The model has, or had, a circuit whose verifier has the same code.
    error CircuitExists(bytes32 modelId, bytes32 codeHash);
    /// @notice The circuit has no code, or a batch size, inputs or outputs of zero, or claims to be stopped.
    error UnusableCircuit(address verifier, uint256 batchSize, uint256 inputs, uint256 outputs);
    /// @notice One commitment would be to the inputs of several inferences, so that none has a request hash of its own.
    error CommitmentForBatch(uint256 batchSize);
    /// @notice The circuit has other inputs, outputs or scales than the model's first one, or only one of the two has
    /// committed inputs.
    error LayoutMismatch(bytes32 modelId, Circuit first, Circuit added);
    /// @notice A development SRS is refused outside development chains.
    error DevelopmentSrsRefused(uint256 chainId);
    /// @notice The valid proof has too many or too few instances for the circuit.
    error InstanceCountMismatch(uint256 expected, uint256 actual);
    /// @notice An instance of the valid proof is not below the scalar field's modulus.
    error InstanceOutOfField(uint256 index, uint256 value);
    /// @notice The valid proof is shorter than any proof can be.
    error ProofTooShort(uint256 length, uint256 minimum);
    /// @notice The verifier refuses the proof that it must accept, or needs more gas for it than `proofGas`.
    error ProofRefused(address verifier);
    /// @notice The verifier accepts what it must refuse.
    error MutationAccepted(address verifier, Mutation mutation);
    /// @notice The circuit has an accumulator already.
    error AccumulatorExists(bytes32 modelId, uint256 index);
    /// @notice There is no code at the accumulator's address.
    error UnusableAccumulator(address accumulator);
    /// @notice The accumulator names no verifying key, or one of another SRS than the public ceremony's, and its circuit
    /// is not marked as one of a development SRS.
    error NotThePublicCeremony();
    /// @notice The accumulator accepts two proofs that have swapped their instances. Show proofs of different inputs, and
    /// where inputs are committed, with different outputs: equal instances cannot be swapped.
    error SwapAccepted(address accumulator);
    /// @notice A measurement of zeroes is that of an enclave in debug mode.
    error ZeroMeasurement();
    /// @notice The measurement was accepted before, perhaps removed since.
    error MeasurementTaken(bytes32 modelId, bytes32 measurement);
    /// @notice The measurement is not accepted for the model now.
    error MeasurementNotAccepted(bytes32 modelId, bytes32 measurement, uint256 acceptedFrom, uint256 removedAt);

    /// @notice Registers a model for the caller.
    /// @param weightsHash sha256 of the ONNX file.
    /// @param uri Where the model package can be had; at most 512 bytes.
    /// @return modelId Id of (owner, weightsHash).
    function register(bytes32 weightsHash, string calldata uri) external returns (bytes32 modelId);

    /// @notice Advises against a model, for ever. Only its owner. It gets no new circuits or measurements, but what it
    /// has goes on to verify, because payers may be waiting for it; stop or remove that where it is unsafe.
    /// @param modelId The model.
    /// @param successor A registered model to use instead; zero for none.
    function deprecate(bytes32 modelId, bytes32 successor) external;

    /// @notice Adds a circuit to a model. Only its owner. The circuit's verifier must accept the given proof and refuse
    /// each {Mutation} of it, each time with `proofGas` gas; reverts with {Halo2Call-NotEnoughGasForProof} when the
    /// transaction has too little for that. With a verifier that checks encodings first, as generated ones do, it uses
    /// about six times the gas of one verification (2 million for a circuit with 7 instances), so that circuits of
    /// up to 2 million gas fit into one transaction.
    /// @dev Whether the circuit computes the model cannot be seen from here, nor whether its proofs begin with a commitment
    /// to their inputs: compile it again and compare the key.
    /// @param modelId The model.
    /// @param circuit The circuit.
    /// @param proof A valid proof.
    /// @param instances Its instances.
    /// @return index Position of the circuit among those of the model.
    function addCircuit(bytes32 modelId, Circuit calldata circuit, bytes calldata proof, uint256[] calldata instances)
        external
        returns (uint32 index);

    /// @notice Lets several proofs of a circuit be verified together, for less gas. Only the model's owner, once for each
    /// circuit. The circuit's verifier must accept both proofs, and so must the accumulator; it must refuse them with
    /// each {Mutation} of either, and when they swap their instances. Takes about 8 million gas for a circuit with 20
    /// instances.
    /// @param modelId The model.
    /// @param index Position of the circuit.
    /// @param accumulator The accumulator.
    /// @param first A valid proof.
    /// @param second A valid proof of other inputs, and with other instances.
    function addAccumulator(
        bytes32 modelId,
        uint32 index,
        Accumulator calldata accumulator,
        ZkProof calldata first,
        ZkProof calldata second
    ) external;

    /// @notice Stops a circuit at once and for ever. Only the model's owner, or the router after a contradiction.
    /// @param modelId The model.
    /// @param index Position of the circuit.
    function stopCircuit(bytes32 modelId, uint32 index) external;

    /// @notice Lets enclaves with this measurement serve the model once the delay is over. Only the model's owner.
    /// @param modelId The model.
    /// @param measurement Hash of the enclave's code identity.
    function acceptMeasurement(bytes32 modelId, bytes32 measurement) external;

    /// @notice Refuses enclaves with this measurement at once and for ever. Only the model's owner.
    /// @param modelId The model.
    /// @param measurement Hash of the enclave's code identity.
    function removeMeasurement(bytes32 modelId, bytes32 measurement) external;

    /// @notice Limits what ONE enclave key may back for the model in one asset, in total over its life, which
    /// bounds what an extracted key is paid in that asset. Holds at once, for keys in use as well; what has settled stays settled.
    /// Only the model's owner, also for a deprecated model.
    /// @param modelId The model.
    /// @param asset The token.
    /// @param capBaseUnits Base units of the token. With zero, no paid results by enclave keys settle in this asset; free
    /// ones do.
    function setValueCap(bytes32 modelId, address asset, uint128 capBaseUnits) external;

    /// @notice What one enclave key may back for the model in one asset, in total.
    /// @param modelId The model.
    /// @param asset The token.
    /// @return capBaseUnits Base units of the token; `type(uint256).max` when no cap was ever set.
    function valueCapOf(bytes32 modelId, address asset) external view returns (uint256 capBaseUnits);

    /// @notice A circuit that may verify now; reverts when there is none.
    /// @param modelId The model.
    /// @param index Position of the circuit.
    /// @return circuit The circuit.
    function requireCircuit(bytes32 modelId, uint32 index) external view returns (Circuit memory circuit);

    /// @notice Reverts unless the measurement is accepted for the model now.
    /// @param modelId The model.
    /// @param measurement Hash of the enclave's code identity.
    function requireMeasurement(bytes32 modelId, bytes32 measurement) external view;

    /// @notice A registered model; reverts with {UnknownModel}.
    /// @param modelId The model.
    /// @return model The model.
    function getModel(bytes32 modelId) external view returns (Model memory model);

    /// @notice Number of circuits that a model has, with the stopped ones.
    /// @param modelId The model.
    /// @return count Zero as well when the model is unknown.
    function circuitCount(bytes32 modelId) external view returns (uint256 count);

    /// @notice A circuit of a model, stopped or not; reverts with {NoCircuit}.
    /// @param modelId The model.
    /// @param index Position of the circuit.
    /// @return circuit The circuit.
    function getCircuit(bytes32 modelId, uint32 index) external view returns (Circuit memory circuit);

    /// @notice The accumulator of a circuit.
    /// @param modelId The model.
    /// @param index Position of the circuit.
    /// @return accumulator Zeroes when it has none, also when there is no such circuit.
    function getAccumulator(bytes32 modelId, uint32 index) external view returns (Accumulator memory accumulator);

    /// @notice When a measurement is accepted for a model.
    /// @param modelId The model.
    /// @param measurement Hash of the enclave's code identity.
    /// @return acceptance Zeroes when it was never accepted.
    function getAcceptance(bytes32 modelId, bytes32 measurement) external view returns (Acceptance memory acceptance);

    /// @notice The id that `owner` gets for `weightsHash`.
    /// @param owner The owner.
    /// @param weightsHash sha256 of the ONNX file.
    /// @return modelId The id.
    function modelIdOf(address owner, bytes32 weightsHash) external pure returns (bytes32 modelId);

    /// @notice The router whose proofs of contradiction stop circuits.
    /// @return router The router.
    function ROUTER() external view returns (IVerifierRouter router);

    /// @notice Seconds between accepting a measurement and its use.
    /// @return delay The delay.
    function MEASUREMENT_DELAY() external view returns (uint40 delay);
}
