// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Calls that copy back at most a fixed number of bytes, so that a callee cannot make the caller pay for a
/// huge answer.
library BoundedCall {
    /// @notice `call` without value.
    /// @param target The callee; must hold code, or the call counts as failed.
    /// @param gasLimit Gas to forward (all but 1/64 at most).
    /// @param maxBytes Bytes of the answer to keep.
    /// @param input Calldata.
    function tryCall(address target, uint256 gasLimit, uint256 maxBytes, bytes memory input)
        internal
        returns (bool success, bytes memory output)
    {
        if (target.code.length == 0) return (false, "");
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
        }
        output = _answer(maxBytes);
    }

    /// @notice `staticcall`; parameters as in {tryCall}.
    function tryStaticCall(address target, uint256 gasLimit, uint256 maxBytes, bytes memory input)
        internal
        view
        returns (bool success, bytes memory output)
    {
        if (target.code.length == 0) return (false, "");
        assembly ("memory-safe") {
            success := staticcall(gasLimit, target, add(input, 0x20), mload(input), 0, 0)
        }
        output = _answer(maxBytes);
    }

    function _answer(uint256 maxBytes) private pure returns (bytes memory output) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, maxBytes) { size := maxBytes }
            output := mload(0x40)
            mstore(output, size)
            returndatacopy(add(output, 0x20), 0, size)
            // keep memory zero beyond the data and the free pointer on a word boundary
            mstore(add(add(output, 0x20), size), 0)
            mstore(0x40, and(add(add(output, 0x5f), size), not(0x1f)))
        }
    }
}
