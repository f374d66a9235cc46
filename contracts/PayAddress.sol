// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IPayAddress} from "./interfaces/IPayAddress.sol";

/// @title PayAddress
/// @notice The code behind every pay address: a clone whose immutable arguments are (prover, floor).
contract PayAddress is IPayAddress {
    using SafeERC20 for IERC20;

    /// @inheritdoc IPayAddress
    function withdraw(address token, address to, uint256 amount) external {
        require(msg.sender == prover(), NotProver(msg.sender, prover()));
        require(to != address(0), NoRecipient());

        emit Withdrawn(token, to, amount);

        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IPayAddress
    function prover() public view returns (address) {
        return address(bytes20(Clones.fetchCloneArgs(address(this))));
    }

    /// @inheritdoc IPayAddress
    function floor() external view returns (uint8) {
        return uint8(Clones.fetchCloneArgs(address(this))[20]);
    }
}
