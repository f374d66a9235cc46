// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

/// Which bytes of a document a table of changes goes through. `make test-slow` asks for all of them.
abstract contract EveryByte is Test {
    uint256 private constant STRIDE = 97;

    /// One byte in 97, or each one when the environment variable VERITALLY_EVERY_BYTE is true.
    function _positionsIn(uint256 length) internal view returns (uint256[] memory positions) {
        uint256 stride = vm.envOr("VERITALLY_EVERY_BYTE", false) ? 1 : STRIDE;
        positions = new uint256[]((length + stride - 1) / stride);
        for (uint256 i; i < positions.length; ++i) {
            positions[i] = i * stride;
        }
    }

    /// One bit at each end, the bit that tells capitals from small letters, and all bits.
    function _changes() internal pure returns (bytes1[4] memory) {
        return [bytes1(0x01), 0x20, 0x80, 0xff];
    }
}
