// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IPayAddressFactory} from "./interfaces/IPayAddressFactory.sol";
import {PayAddresses} from "./libraries/PayAddresses.sol";
import {PayAddress} from "./PayAddress.sol";

/// @title PayAddressFactory
/// @notice Derives and deploys pay addresses.
contract PayAddressFactory is IPayAddressFactory {
    /// @inheritdoc IPayAddressFactory
    address public immutable IMPLEMENTATION = address(new PayAddress());

    /// @inheritdoc IPayAddressFactory
    function deploy(address prover, uint8 floor) external returns (address payAddress) {
        payAddress = Clones.cloneDeterministicWithImmutableArgs(
            IMPLEMENTATION, PayAddresses.arguments(prover, floor), PayAddresses.SALT
        );

        emit PayAddressDeployed(payAddress, prover, floor);
    }

    /// @inheritdoc IPayAddressFactory
    function addressOf(address prover, uint8 floor) external view returns (address) {
        return PayAddresses.derive(address(this), IMPLEMENTATION, prover, floor);
    }
}
