// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Pay addresses
/// @notice A pay address is the CREATE2 address of a minimal clone whose init code holds (prover, floor): a payment to
/// it commits to both, and it needs no code before somebody wants to withdraw.
interface IPayAddressFactory {
    /// @notice The clone behind a pay address was deployed.
    /// @param payAddress The address.
    /// @param prover The prover who takes out what is there.
    /// @param floor The floor tier as a number.
    event PayAddressDeployed(address indexed payAddress, address indexed prover, uint8 indexed floor);

    /// @notice The address for (prover, floor).
    /// @param prover The prover.
    /// @param floor The floor tier.
    /// @return payAddress The address, deployed or not.
    function addressOf(address prover, uint8 floor) external view returns (address payAddress);

    /// @notice Deploys the clone behind the address for (prover, floor). Anybody may do so.
    /// @param prover The prover.
    /// @param floor The floor tier.
    /// @return payAddress The address.
    function deploy(address prover, uint8 floor) external returns (address payAddress);

    /// @notice The implementation behind every clone.
    /// @return implementation Its address.
    function IMPLEMENTATION() external view returns (address implementation);
}
