// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The place in memory of a number of two words: the high one, then the low one.
type Register is uint256;

using P384Registers for Register global;

/* THE MEMORY OF P384.verify: what Solidity has not allocated, from 0x80 on. */

/// @dev (X, Y, Z) is the sum so far, for the point (X / Z^2, Y / Z^3); Z = 0 is infinity.
Register constant X = Register.wrap(0x80);
Register constant Y = Register.wrap(0xc0);
Register constant Z = Register.wrap(0x100);
/// @dev Of an addition: brought to one denominator, the points are (U, S) and (U + DX, S + DY); Z3 is the new denominator.
Register constant U = Register.wrap(0x140);
Register constant S = Register.wrap(0x180);
Register constant DX = Register.wrap(0x1c0);
Register constant DY = Register.wrap(0x200);
Register constant Z3 = Register.wrap(0x240);
/// @dev After an addition: (U, S) on the denominator of the result, as x and y.
Register constant SAME = Register.wrap(0x280);
/// @dev Of a doubling: the slope of the tangent.
Register constant SLOPE = Register.wrap(0x300);
/// @dev Intermediate results.
Register constant A = Register.wrap(0x340);
Register constant B = Register.wrap(0x380);
Register constant SCRATCH = Register.wrap(0x3c0);
/// @dev The element 1.
Register constant ONE = Register.wrap(0x400);
/// @dev Minus the y of a table entry.
Register constant MINUS_Y = Register.wrap(0x440);
/// @dev Twice a point, as x and y.
Register constant TWICE = Register.wrap(0x480);
/// @dev An entry for a multiple of G.
Register constant G_MULTIPLE = Register.wrap(0x500);
/// @dev Eight entries each: the multiples 1, 3, ... 15 of Q and of -R.
Register constant Q_MULTIPLES = Register.wrap(0x640);
Register constant R_MULTIPLES = Register.wrap(0x1040);
/// @dev A byte for each of 193 bits of w and v: their signed digits.
uint256 constant W_DIGITS = 0x1a40;
uint256 constant V_DIGITS = 0x1b40;
/// @dev A point as the table of multiples of G holds it.
uint256 constant TABLE_POINT = 0x1c40;
/// @dev Where Solidity may allocate again.
uint256 constant MEMORY_END = 0x1ca0;

/// @notice Reads and writes registers.
/// @dev The optimizer puts all of this in place of the calls.
library P384Registers {
    /// @dev Bytes of a register.
    uint256 internal constant BYTES = 64;

    /// @notice Writes a number.
    /// @param register Where to.
    /// @param h Its upper word.
    /// @param l Its lower word.
    function store(Register register, uint256 h, uint256 l) internal pure {
        assembly ("memory-safe") {
            mstore(register, h)
            mstore(add(register, 32), l)
        }
    }

    /// @notice Copies a number.
    /// @param register Where to.
    /// @param source Where it stands.
    function copy(Register register, Register source) internal pure {
        assembly ("memory-safe") {
            mstore(register, mload(source))
            mstore(add(register, 32), mload(add(source, 32)))
        }
    }

    /// @notice A register behind another one.
    /// @param register The first register.
    /// @param count How many registers behind it.
    /// @return The other one.
    function next(Register register, uint256 count) internal pure returns (Register) {
        unchecked {
            return Register.wrap(Register.unwrap(register) + count * BYTES);
        }
    }
}
