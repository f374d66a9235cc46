// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Tier} from "../types/Tier.sol";

/// @title Routes to verifiers
/// @notice A route is added once, becomes usable after a delay, can be stopped at once and for ever, and is never
/// replaced or reused. Stopping a route changes nothing that was settled through it.
interface IVerifierRouter {
    /// @notice What stands behind a route, in one slot plus the address.
    struct Route {
        address verifier;
        Tier tier;
        /// @dev Unix time in seconds from which the route may be used; zero when it was never added.
        uint40 activeFrom;
        bool stopped;
        /// @dev Gas that `verify` may use for a group, plus this much for each of its receipts.
        uint32 groupGas;
        uint32 receiptGas;
    }

    /// @notice A route was added and will be usable from `activeFrom` (unix seconds).
    event RouteAdded(
        bytes4 indexed route,
        address indexed verifier,
        Tier indexed tier,
        uint40 activeFrom,
        uint32 groupGas,
        uint32 receiptGas
    );
    /// @notice A route was stopped for ever.
    event RouteStopped(bytes4 indexed route, address indexed verifier, address indexed by);
    /// @notice The guardian was replaced.
    event GuardianChanged(address indexed previous, address indexed current);

    /// @notice The route was never added.
    error UnknownRoute(bytes4 route);
    /// @notice The route waits for its delay.
    error RouteNotActive(bytes4 route, uint256 activeFrom);
    /// @notice The route is stopped.
    error RouteIsStopped(bytes4 route);
    /// @notice The route was added before, perhaps stopped since; route ids are never reused.
    error RouteTaken(bytes4 route);
    /// @notice The address holds no contract that names a tier.
    error NotAVerifier(address verifier);
    /// @notice Neither owner nor guardian.
    error NotGuardian(address caller);

    /// @notice Adds a route. Only the owner. The tier is the one that the verifier states.
    /// @param route The route id.
    /// @param verifier Its verifier.
    /// @param groupGas Gas limit of one verification.
    /// @param receiptGas Gas that is added to the limit for each receipt.
    function add(bytes4 route, address verifier, uint32 groupGas, uint32 receiptGas) external;

    /// @notice Stops a route at once and for ever. Owner or guardian.
    /// @param route The route id.
    function stop(bytes4 route) external;

    /// @notice Names a new guardian. Only the owner.
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
    /// @return The route; zeroes when it was never added.
    function getRoute(bytes4 route) external view returns (Route memory);

    /// @notice Seconds between adding and using a route.
    function DELAY() external view returns (uint40);

    /// @notice Who may stop routes besides the owner.
    function guardian() external view returns (address);
}
