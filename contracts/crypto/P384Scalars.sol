// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The digits of the factors of points.
library P384Scalars {
    /// @dev Every 48th bit, and the factor that moves four such bits to the positions 141 to 144.
    uint256 private constant COMB = 0x1000000000001000000000001000000000001;
    uint256 private constant GATHER = 0x200000000000400000000000800000000001;

    /// @notice Writes a factor as the sum of d * 2^i, for signed odd digits d between -15 and 15 of which at least four
    /// zeros follow each.
    /// @param scalar The factor.
    /// @param digits Where to: a byte for each bit, lowest first, that holds d modulo 32. They are zero before.
    function storeDigits(uint256 scalar, uint256 digits) internal pure {
        unchecked {
            while (scalar != 0) {
                if (scalar & 1 == 0) {
                    scalar >>= 1;
                    ++digits;
                    continue;
                }
                uint256 digit = scalar & 31;
                assembly ("memory-safe") {
                    mstore8(digits, digit)
                }
                scalar = (digit > 15 ? scalar + 32 : scalar) >> 5;
                digits += 5;
            }
        }
    }

    /// @notice Digit `i` that `storeDigits` wrote.
    /// @param digits Where to.
    /// @param i Which bit of the factor it belongs to.
    /// @return digit d modulo 32.
    function digitAt(uint256 digits, uint256 i) internal pure returns (uint256 digit) {
        assembly ("memory-safe") {
            digit := byte(0, mload(add(digits, i)))
        }
    }

    /// @notice Four teeth of the comb: the bits 0, 48, 96 and 144.
    /// @param bits What to take them from.
    /// @return A number of four bits.
    function gather(uint256 bits) internal pure returns (uint256) {
        unchecked {
            return (bits & COMB) * GATHER >> 141 & 15;
        }
    }
}
