// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Hashes of recent blocks: of the last 256, and of the last 8,191 on chains with EIP-2935.
library RecentBlock {
    /// @dev Where EIP-2935 keeps the hashes.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @notice Hash of a block.
    /// @param number The block.
    /// @return hash Zero when the chain does not tell it: too old, or not before the current one.
    function hashOf(uint256 number) internal view returns (bytes32 hash) {
        hash = blockhash(number);
        if (hash != 0) return hash;
        (bool success, bytes memory output) = HISTORY.staticcall(abi.encode(number));
        return success && output.length == 32 ? bytes32(output) : bytes32(0);
    }
}
