// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {BoundedCall} from "./BoundedCall.sol";

/// @notice Reads balances of tokens that are not trusted.
library TokenBalance {
    /// @notice Gas that `balanceOf` may use.
    uint256 internal constant GAS_LIMIT = 100_000;

    /// @notice The token does not answer `balanceOf` with one word.
    error TokenUnreadable(address token);

    /// @notice Balance of `owner` in base units.
    function read(address token, address owner) internal view returns (uint256) {
        (bool success, bytes memory output) =
            BoundedCall.tryStaticCall(token, GAS_LIMIT, 32, abi.encodeCall(IERC20.balanceOf, (owner)));
        require(success && output.length == 32, TokenUnreadable(token));
        return uint256(bytes32(output));
    }
}
