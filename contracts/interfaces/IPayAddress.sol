// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A pay address
/// @notice Holds what payers paid to one prover under one floor. Only that prover takes it out.
interface IPayAddress {
    /// @notice Tokens were taken out.
    /// @param token The token.
    /// @param to The recipient.
    /// @param amount Base units of the token.
    event Withdrawn(address indexed token, address indexed to, uint256 amount);

    /// @notice The caller is not the prover of this address.
    error NotProver(address caller, address prover);
    /// @notice The recipient is the zero address.
    error NoRecipient();

    /// @notice Sends `amount` base units of `token` to `to`. Only the prover.
    /// @param token An ERC-20 token.
    /// @param to The recipient.
    /// @param amount Base units.
    function withdraw(address token, address to, uint256 amount) external;

    /// @notice The prover that owns what is here.
    /// @return owner The prover.
    function prover() external view returns (address owner);

    /// @notice The floor tier that payments to this address commit to.
    /// @return tier The floor tier as a number.
    function floor() external view returns (uint8 tier);
}
