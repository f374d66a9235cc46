// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @notice Where the pay addresses are: CREATE2 clones whose immutable arguments are (prover, floor).
library PayAddresses {
    /// @dev (prover, floor) say all there is to say.
    bytes32 internal constant SALT = 0;

    /// @notice The immutable arguments of a pay address.
    function arguments(address prover, uint8 floor) internal pure returns (bytes memory) {
        return abi.encodePacked(prover, floor);
    }

    /// @notice The address for (prover, floor), deployed or not.
    /// @param factory The {PayAddressFactory}.
    /// @param implementation The code behind every clone.
    function derive(address factory, address implementation, address prover, uint8 floor)
        internal
        pure
        returns (address)
    {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementation, arguments(prover, floor), SALT, factory
        );
    }
}
