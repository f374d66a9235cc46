// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";

/// @notice Calls to code that is not trusted: they get exactly the gas that they are promised, and copy back at most a
/// fixed number of bytes, so that a callee cannot make the caller pay for a huge answer, and its failure is its own.
library BoundedCall {
    /// @dev Covers what a call costs before its gas is split off: access to a cold account, and the code around it.
    uint256 private constant CALL_OVERHEAD = 5_000;

    /// @notice `call` without value. Reverts with {ISettlement-NotEnoughGas} when `gasLimit` cannot be had.
    /// @param target The callee; must hold code, or the call counts as failed.
    /// @param gasLimit Gas to forward.
    /// @param maxBytes Bytes of the answer to keep.
    /// @param input Calldata.
    /// @return success Whether the callee returned.
    /// @return output Its answer or revert data, cut.
    function tryCall(address target, uint256 gasLimit, uint256 maxBytes, bytes memory input)
        internal
        returns (bool success, bytes memory output)
    {
        if (target.code.length == 0) return (false, "");
        _requireGas(gasLimit);
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
        }
        output = _answer(maxBytes);
    }

    /// @notice `staticcall`; otherwise as {tryCall}.
    function tryStaticCall(address target, uint256 gasLimit, uint256 maxBytes, bytes memory input)
        internal
        view
        returns (bool success, bytes memory output)
    {
        if (target.code.length == 0) return (false, "");
        _requireGas(gasLimit);
        assembly ("memory-safe") {
            success := staticcall(gasLimit, target, add(input, 0x20), mload(input), 0, 0)
        }
        output = _answer(maxBytes);
    }

    /// @notice Calls the calling contract itself with all gas that can be forwarded.
    function trySelf(uint256 maxBytes, bytes memory input) internal returns (bool success, bytes memory output) {
        assembly ("memory-safe") {
            success := call(gas(), address(), 0, add(input, 0x20), mload(input), 0, 0)
        }
        output = _answer(maxBytes);
    }

    /// @notice Reverts with bytes that are an ABI-encoded error.
    function revertWith(bytes memory reason) internal pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @dev A call forwards at most 63/64 of the gas that is left.
    function _requireGas(uint256 gasLimit) private view {
        uint256 needed = gasLimit + gasLimit / 63 + CALL_OVERHEAD;
        uint256 available = gasleft();
        require(available >= needed, ISettlement.NotEnoughGas(available, needed));
    }

    function _answer(uint256 maxBytes) private pure returns (bytes memory output) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, maxBytes) { size := maxBytes }
            output := mload(0x40)
            mstore(output, size)
            returndatacopy(add(output, 0x20), 0, size)
            mstore(add(add(output, 0x20), size), 0) // what the last word holds beyond the data
            mstore(0x40, and(add(add(output, 0x5f), size), not(0x1f)))
        }
    }
}
