// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Tier} from "../types/Tier.sol";
import {Claim} from "./IVerifier.sol";

/// @title Routes to verifiers
/// @notice A route is added by the owner, activated by anybody after the delay, and stopped at once and for ever by the
/// guardian or the owner. It is never replaced, a stopped one never comes back, and neither its id nor its verifier is
/// ever used for another route. Stopping a route changes nothing that was settled through it.
/// @dev The owner is meant to be a timelock, the guardian somebody who is quick. What the owner can do at worst: add a
/// bad verifier for all to see, `DELAY` seconds ahead, or stop what works. It cannot touch money or history.
/// The router cannot know whether a contract's code is a mock. What rests on a development root or a development SRS
/// refuses itself elsewhere: {IEnclaveRegistry} and {IModelRegistry} accept neither outside development chains, and
/// there the delay is at least three days.
interface IVerifierRouter {
    /// @notice Where a route stands. It only ever moves on, and may skip `ACTIVE`.
    enum RouteStatus {
        NONE,
        PENDING,
        ACTIVE,
        STOPPED
    }

    /// @notice What stands behind a route. The fields up to `receiptGas` share one slot: all that settling reads.
    struct Route {
        address verifier;
        /// @dev The tier that the verifier stated when it was added and when it was activated.
        Tier tier;
        RouteStatus status;
        /// @dev One request to a model has one response, so that two accepted ones prove a broken circuit.
        bool deterministic;
        /// @dev Gas that `verify` may use for a group, plus this much for each of its receipts.
        uint32 groupGas;
        uint32 receiptGas;
        /// @dev Unix time in seconds from which the route may be activated.
        uint40 activeFrom;
        /// @dev Code hash of the verifier when it was added.
        bytes32 codeHash;
    }

    /// @notice One half of a contradiction: evidence, what it backs, and which of its statements is meant.
    struct Exhibit {
        Claim claim;
        bytes evidence;
        uint256 statement;
    }

    /// @notice A route was added; anybody may activate it from `activeFrom` (unix seconds).
    /// @param route The route.
    /// @param verifier What will stand behind it.
    /// @param tier The tier that the verifier stated.
    /// @param deterministic Two responses to one request are a contradiction.
    /// @param activeFrom Unix time in seconds from which anybody may activate it.
    /// @param groupGas Gas of a verification.
    /// @param receiptGas More gas for each receipt.
    /// @param codeHash Hash of the verifier's code.
    event RouteAdded(
        bytes4 indexed route,
        address indexed verifier,
        Tier indexed tier,
        bool deterministic,
        uint40 activeFrom,
        uint32 groupGas,
        uint32 receiptGas,
        bytes32 codeHash
    );
    /// @notice A route became usable.
    /// @param route The route.
    /// @param verifier What stands behind it.
    /// @param by Who activated it.
    event RouteActivated(bytes4 indexed route, address indexed verifier, address indexed by);
    /// @notice A route was stopped for ever.
    /// @param route The route.
    /// @param verifier What stood behind it.
    /// @param by The guardian or the owner.
    event RouteStopped(bytes4 indexed route, address indexed verifier, address indexed by);
    /// @notice Somebody showed two accepted responses of one model to one request; the circuits that backed them are
    /// stopped for ever. They are the same one unless two circuits of the model contradict each other.
    /// @param route The route that accepted both.
    /// @param modelId The model.
    /// @param by Who showed it.
    /// @param firstCircuit Circuit that backed the first response.
    /// @param secondCircuit Circuit that backed the second one.
    /// @param requestHash The request.
    /// @param firstResponseHash One response to it.
    /// @param secondResponseHash Another response to it.
    event ContradictionShown(
        bytes4 indexed route,
        bytes32 indexed modelId,
        address indexed by,
        uint32 firstCircuit,
        uint32 secondCircuit,
        bytes32 requestHash,
        bytes32 firstResponseHash,
        bytes32 secondResponseHash
    );
    /// @notice The guardian was replaced.
    /// @param previous Zero for nobody.
    /// @param current Zero for nobody.
    event GuardianChanged(address indexed previous, address indexed current);

    /// @notice Outside development chains the delay is three days or more.
    error DelayTooShort(uint256 delay, uint256 minimum);
    /// @notice The route was never added.
    error UnknownRoute(bytes4 route);
    /// @notice The route is not activated; that is possible from `activeFrom` (unix seconds).
    error RouteNotActive(bytes4 route, uint256 activeFrom);
    /// @notice The route is activated already.
    error RouteIsActive(bytes4 route);
    /// @notice The route is stopped.
    error RouteIsStopped(bytes4 route);
    /// @notice The route was added before, perhaps stopped since; route ids are never reused.
    error RouteTaken(bytes4 route);
    /// @notice The verifier stands, or stood, behind another route; verifiers are never reused.
    error VerifierTaken(address verifier, bytes4 route);
    /// @notice The address holds no contract that names a tier.
    error NotAVerifier(address verifier);
    /// @notice The verifier's code is not the one that was added.
    error CodeChanged(bytes32 added, bytes32 found);
    /// @notice The verifier's tier is not the one that it stated when it was added.
    error TierChanged(Tier added, Tier found);
    /// @notice Only routes of the tier ZKML can be deterministic.
    error TierNotDeterministic(Tier tier);
    /// @notice Neither owner nor guardian.
    error NotGuardian(address caller);
    /// @notice The route's verifier may accept several responses to one request.
    error RouteNotDeterministic(bytes4 route);
    /// @notice The exhibits are about different models.
    error ModelsDiffer(bytes32 first, bytes32 second);
    /// @notice The exhibit's claim has no statement at this position.
    error NoSuchStatement(uint256 statement, uint256 statements);
    /// @notice The exhibits are about different requests.
    error RequestsDiffer(bytes32 first, bytes32 second);
    /// @notice The exhibits give the same response: they do not contradict each other.
    error ResponsesAgree(bytes32 responseHash);
    /// @notice The verifier does not accept an exhibit (0: the first, 1: the second); `reason` is its error, cut after
    /// 256 bytes.
    error ExhibitRefused(uint256 exhibit, bytes reason);
    /// @notice The verifier backs other statements of an exhibit (0: the first, 1: the second), but not the one shown.
    error StatementNotBacked(uint256 exhibit, uint256 statement);

    /// @notice Adds a route. Only the owner. The tier is the one that the verifier states.
    /// @param route The route id.
    /// @param verifier Its verifier.
    /// @param groupGas Gas limit of one verification.
    /// @param receiptGas Gas that is added to the limit for each receipt.
    /// @param deterministic One request to a model has one response; only for the tier ZKML, whose verifier is then an
    /// {IZkmlVerifier}.
    function add(bytes4 route, address verifier, uint32 groupGas, uint32 receiptGas, bool deterministic) external;

    /// @notice Makes a route usable once its delay is over. Anybody. The verifier must still be the one that was added:
    /// same code, same tier.
    /// @param route The route id.
    function activate(bytes4 route) external;

    /// @notice Stops a route at once and for ever, whether it is activated or not. Owner or guardian.
    /// @param route The route id.
    function stop(bytes4 route) external;

    /// @notice Stops for ever the circuits that backed two different responses of one model to one request. Anybody,
    /// through an active deterministic route.
    /// @dev Circuits are stopped, not the route: anybody may register a model with a circuit that proves anything, and
    /// must not be able to stop everybody else's with it. If two circuits of the model contradict each other, both are
    /// stopped, because the chain cannot tell which one lies. What they settled before stays settled. Equivocation of
    /// enclave keys is not judged here but where the keys live.
    /// Reverts with {ISettlement-NotEnoughGas} when the verifications cannot have the gas that the route promises them.
    /// @param route The route.
    /// @param first A claim with evidence that the route's verifier accepts.
    /// @param second Another one: same model and request, other response.
    function stopByContradiction(bytes4 route, Exhibit calldata first, Exhibit calldata second) external;

    /// @notice Names a new guardian; zero for none. Only the owner.
    /// @param guardian The new guardian.
    function setGuardian(address guardian) external;

    /// @notice The usable verifier behind a route; reverts when there is none.
    /// @param route The route id.
    /// @param receipts Number of receipts to verify.
    /// @return verifier The verifier.
    /// @return tier Its tier.
    /// @return gasLimit Gas that the verification may use.
    function resolve(bytes4 route, uint256 receipts)
        external
        view
        returns (address verifier, Tier tier, uint256 gasLimit);

    /// @notice Everything known of a route.
    /// @param route The route id.
    /// @return entry The route; zeroes when it was never added.
    function getRoute(bytes4 route) external view returns (Route memory entry);

    /// @notice The route that a verifier stands, or stood, behind.
    /// @param verifier The verifier.
    /// @return route Zero when it was never added.
    function routeOf(address verifier) external view returns (bytes4 route);

    /// @notice Seconds between adding and activating a route.
    /// @return delay The delay.
    function DELAY() external view returns (uint40 delay);

    /// @notice Who may stop routes besides the owner.
    /// @return guardian The guardian.
    function guardian() external view returns (address guardian);
}
