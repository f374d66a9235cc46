// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The chain ids on which development roots and development SRS are accepted.
library DevelopmentChains {
    /// @notice Whether this chain is anvil's or Hardhat's default (31337), Ape's or Ganache's (1337), or Base Sepolia
    /// (84532), whose id the project's own development chain uses.
    function isOne() internal view returns (bool) {
        return block.chainid == 31337 || block.chainid == 1337 || block.chainid == 84532;
    }
}
