// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IVerifier} from "./interfaces/IVerifier.sol";
import {IVerifierRouter} from "./interfaces/IVerifierRouter.sol";
import {Tier} from "./types/Tier.sol";

/// @title VerifierRouter
/// @notice See {IVerifierRouter}. The owner is meant to be a timelock, the guardian somebody who is quick.
contract VerifierRouter is IVerifierRouter, Ownable2Step {
    /// @inheritdoc IVerifierRouter
    uint40 public immutable DELAY;

    /// @inheritdoc IVerifierRouter
    address public guardian;

    mapping(bytes4 route => Route) private _routes;

    constructor(address owner, address guardian_, uint40 delay) Ownable(owner) {
        DELAY = delay;
        guardian = guardian_;

        emit GuardianChanged(address(0), guardian_);
    }

    /// @inheritdoc IVerifierRouter
    function add(bytes4 route, address verifier, uint32 groupGas, uint32 receiptGas) external onlyOwner {
        require(_routes[route].activeFrom == 0, RouteTaken(route));
        Tier tier = _tierOf(verifier);

        uint40 activeFrom = uint40(block.timestamp) + DELAY;
        _routes[route] = Route({
            verifier: verifier,
            tier: tier,
            activeFrom: activeFrom,
            stopped: false,
            groupGas: groupGas,
            receiptGas: receiptGas
        });

        emit RouteAdded(route, verifier, tier, activeFrom, groupGas, receiptGas);
    }

    /// @inheritdoc IVerifierRouter
    function stop(bytes4 route) external {
        require(msg.sender == guardian || msg.sender == owner(), NotGuardian(msg.sender));
        Route storage entry = _routes[route];
        require(entry.activeFrom != 0, UnknownRoute(route));
        require(!entry.stopped, RouteIsStopped(route));

        entry.stopped = true;

        emit RouteStopped(route, entry.verifier, msg.sender);
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
        Route storage entry = _routes[route];
        require(entry.activeFrom != 0, UnknownRoute(route));
        require(!entry.stopped, RouteIsStopped(route));
        require(block.timestamp >= entry.activeFrom, RouteNotActive(route, entry.activeFrom));

        return (entry.verifier, entry.tier, entry.groupGas + receipts * entry.receiptGas);
    }

    /// @inheritdoc IVerifierRouter
    function getRoute(bytes4 route) external view returns (Route memory) {
        return _routes[route];
    }

    function _tierOf(address verifier) private view returns (Tier tier) {
        require(verifier.code.length != 0, NotAVerifier(verifier));
        tier = IVerifier(verifier).tier();
        require(tier != Tier.NONE, NotAVerifier(verifier));
    }
}
