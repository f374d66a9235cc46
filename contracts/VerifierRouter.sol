// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IVerifier, Statement} from "./interfaces/IVerifier.sol";
import {IVerifierRouter} from "./interfaces/IVerifierRouter.sol";
import {IZkmlVerifier} from "./interfaces/IZkmlVerifier.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {DevelopmentChains} from "./libraries/DevelopmentChains.sol";
import {VerdictAnswer} from "./libraries/VerdictAnswer.sol";
import {Tier} from "./types/Tier.sol";
import {Verdict} from "./types/Verdict.sol";

/// @title VerifierRouter
/// @notice See {IVerifierRouter}.
contract VerifierRouter is IVerifierRouter, Ownable2Step {
    /// @notice Shortest delay in seconds outside development chains.
    uint40 public constant MIN_DELAY = 3 days;

    /// @dev Bytes of a verifier's error that are kept.
    uint256 private constant REASON_BYTES = 256;

    /// @dev Gas in which a verifier must name its tier.
    uint256 private constant TIER_GAS = 50_000;

    /// @inheritdoc IVerifierRouter
    uint40 public immutable DELAY;

    /// @inheritdoc IVerifierRouter
    address public guardian;

    /// @inheritdoc IVerifierRouter
    mapping(address verifier => bytes4 route) public routeOf;

    mapping(bytes4 route => Route) private _routes;

    /// @param owner Adds routes; meant to be a timelock.
    /// @param guardian_ May stop routes; zero for nobody.
    /// @param delay Seconds between adding and activating a route.
    constructor(address owner, address guardian_, uint40 delay) Ownable(owner) {
        require(delay >= MIN_DELAY || DevelopmentChains.isOne(), DelayTooShort(delay, MIN_DELAY));
        DELAY = delay;
        guardian = guardian_;

        emit GuardianChanged(address(0), guardian_);
    }

    /// @inheritdoc IVerifierRouter
    function add(bytes4 route, address verifier, uint32 groupGas, uint32 receiptGas, bool deterministic)
        external
        onlyOwner
    {
        require(route != 0 && _routes[route].status == RouteStatus.NONE, RouteTaken(route));
        require(routeOf[verifier] == 0, VerifierTaken(verifier, routeOf[verifier]));
        Tier tier = _tierOf(verifier);
        require(!deterministic || tier == Tier.ZKML, TierNotDeterministic(tier));

        uint40 activeFrom = uint40(block.timestamp) + DELAY;
        bytes32 codeHash = verifier.codehash;
        routeOf[verifier] = route;
        _routes[route] = Route({
            verifier: verifier,
            tier: tier,
            status: RouteStatus.PENDING,
            deterministic: deterministic,
            groupGas: groupGas,
            receiptGas: receiptGas,
            activeFrom: activeFrom,
            codeHash: codeHash
        });

        emit RouteAdded(route, verifier, tier, deterministic, activeFrom, groupGas, receiptGas, codeHash);
    }

    /// @inheritdoc IVerifierRouter
    function activate(bytes4 route) external {
        Route storage entry = _known(route);
        require(entry.status != RouteStatus.STOPPED, RouteIsStopped(route));
        require(entry.status == RouteStatus.PENDING, RouteIsActive(route));
        require(block.timestamp >= entry.activeFrom, RouteNotActive(route, entry.activeFrom));
        address verifier = entry.verifier;
        require(verifier.codehash == entry.codeHash, CodeChanged(entry.codeHash, verifier.codehash));
        Tier tier = _tierOf(verifier);
        require(tier == entry.tier, TierChanged(entry.tier, tier));

        entry.status = RouteStatus.ACTIVE;

        emit RouteActivated(route, verifier, msg.sender);
    }

    /// @inheritdoc IVerifierRouter
    function stop(bytes4 route) external {
        require(msg.sender == guardian || msg.sender == owner(), NotGuardian(msg.sender));
        Route storage entry = _known(route);
        require(entry.status != RouteStatus.STOPPED, RouteIsStopped(route));

        entry.status = RouteStatus.STOPPED;

        emit RouteStopped(route, entry.verifier, msg.sender);
    }

    /// @inheritdoc IVerifierRouter
    function stopByContradiction(bytes4 route, Exhibit calldata first, Exhibit calldata second) external {
        Route storage entry = _active(route);
        require(entry.deterministic, RouteNotDeterministic(route));
        bytes32 modelId = first.claim.modelId;
        require(modelId == second.claim.modelId, ModelsDiffer(modelId, second.claim.modelId));
        Statement calldata one = _statement(first);
        Statement calldata other = _statement(second);
        require(one.requestHash == other.requestHash, RequestsDiffer(one.requestHash, other.requestHash));
        require(one.responseHash != other.responseHash, ResponsesAgree(one.responseHash));
        _requireAccepted(entry, first, 0);
        _requireAccepted(entry, second, 1);
        IZkmlVerifier verifier = IZkmlVerifier(entry.verifier);
        uint32 firstCircuit = verifier.circuitOf(first.evidence);
        uint32 secondCircuit = verifier.circuitOf(second.evidence);

        emit ContradictionShown(
            route,
            modelId,
            msg.sender,
            firstCircuit,
            secondCircuit,
            one.requestHash,
            one.responseHash,
            other.responseHash
        );

        verifier.MODELS().stopCircuit(modelId, firstCircuit);
        if (secondCircuit != firstCircuit) verifier.MODELS().stopCircuit(modelId, secondCircuit);
    }

    /// @inheritdoc IVerifierRouter
    function setGuardian(address guardian_) external onlyOwner {
        address previous = guardian;

        guardian = guardian_;

        emit GuardianChanged(previous, guardian_);
    }

    /// @inheritdoc IVerifierRouter
    function resolve(bytes4 route, uint256 receipts)
        external
        view
        returns (address verifier, Tier tier, uint256 gasLimit)
    {
        Route storage entry = _active(route);
        return (entry.verifier, entry.tier, _gasLimit(entry, receipts));
    }

    /// @inheritdoc IVerifierRouter
    function getRoute(bytes4 route) external view returns (Route memory) {
        return _routes[route];
    }

    function _known(bytes4 route) private view returns (Route storage entry) {
        entry = _routes[route];
        require(entry.status != RouteStatus.NONE, UnknownRoute(route));
    }

    function _active(bytes4 route) private view returns (Route storage entry) {
        entry = _routes[route];
        if (entry.status == RouteStatus.ACTIVE) return entry;
        _known(route);
        require(entry.status == RouteStatus.PENDING, RouteIsStopped(route));
        revert RouteNotActive(route, entry.activeFrom);
    }

    function _gasLimit(Route storage entry, uint256 receipts) private view returns (uint256) {
        return entry.groupGas + receipts * entry.receiptGas;
    }

    function _tierOf(address verifier) private view returns (Tier tier) {
        (bool success, bytes memory output) =
            BoundedCall.tryStaticCall(verifier, TIER_GAS, 32, abi.encodeCall(IVerifier.tier, ()));
        uint256 value = success && output.length == 32 ? uint256(bytes32(output)) : 0;
        require(value != 0 && value <= uint256(type(Tier).max), NotAVerifier(verifier));
        return Tier(value);
    }

    function _statement(Exhibit calldata exhibit) private pure returns (Statement calldata) {
        uint256 count = exhibit.claim.statements.length;
        require(exhibit.statement < count, NoSuchStatement(exhibit.statement, count));
        return exhibit.claim.statements[exhibit.statement];
    }

    /// @dev Accepts exactly what Settlement accepts: a verdict within the route's gas that backs the statement.
    function _requireAccepted(Route storage entry, Exhibit calldata exhibit, uint256 index) private view {
        uint256 gasLimit = _gasLimit(entry, exhibit.claim.statements.length);
        bytes memory input = abi.encodeCall(IVerifier.verify, (exhibit.claim, exhibit.evidence));
        (bool success, bytes memory output) = BoundedCall.tryStaticCall(entry.verifier, gasLimit, REASON_BYTES, input);
        require(success && VerdictAnswer.isValid(output), ExhibitRefused(index, output));
        Verdict memory verdict = abi.decode(output, (Verdict));
        require(!verdict.refuses(exhibit.statement), StatementNotBacked(index, exhibit.statement));
    }
}
