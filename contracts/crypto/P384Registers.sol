// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The place in memory of a number of two words: the high one, then the low one.
/// @dev The constants below are the map of the memory of `P384.verify`, from 0x80 on, where Solidity would begin to
/// allocate. A point is two registers, x and y. An entry, of which tables consist, is five: x, y, z, z^2 and z^3 of the
/// point (x / z^2, y / z^3).
type Register is uint256;

using P384Registers for Register global;

/// @dev (X, Y, Z) is the sum so far, for the point (X / Z^2, Y / Z^3); Z = 0 is infinity.
Register constant X = Register.wrap(0x80);
Register constant Y = Register.wrap(0xc0);
Register constant Z = Register.wrap(0x100);
/// @dev Of an addition: brought to one denominator, the points are (U, S) and (U + DX, S + DY). Z3 is the denominator of
/// the result.
Register constant U = Register.wrap(0x140);
Register constant S = Register.wrap(0x180);
Register constant DX = Register.wrap(0x1c0);
Register constant DY = Register.wrap(0x200);
Register constant Z3 = Register.wrap(0x240);
/// @dev Two registers. After an addition: the point (U, S) on the denominator of the result.
Register constant SAME = Register.wrap(0x280);
/// @dev Of a doubling: the slope of the tangent.
Register constant SLOPE = Register.wrap(0x300);
/// @dev Intermediate results; SCRATCH is that of the field.
Register constant A = Register.wrap(0x340);
Register constant B = Register.wrap(0x380);
Register constant SCRATCH = Register.wrap(0x3c0);
/// @dev The element 1. `P384.verify` writes it first of all.
Register constant ONE = Register.wrap(0x400);
/// @dev Minus the y of a table entry.
Register constant MINUS_Y = Register.wrap(0x440);
/// @dev Two registers: twice a point.
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

/// @notice Writes registers, and finds those of points and entries.
/// @dev The optimizer puts the code in place of the calls.
library P384Registers {
    /// @notice Writes the number with the words h and l.
    function store(Register target, uint256 h, uint256 l) internal pure {
        assembly ("memory-safe") {
            mstore(target, h)
            mstore(add(target, 32), l)
        }
    }

    /// @notice Writes the number that stands in another register.
    function copy(Register target, Register source) internal pure {
        assembly ("memory-safe") {
            mstore(target, mload(source))
            mstore(add(target, 32), mload(add(source, 32)))
        }
    }

    /// @notice y of a point or entry; its own register is that of x.
    function y(Register point) internal pure returns (Register register) {
        assembly ("memory-safe") {
            register := add(point, 64)
        }
    }

    /// @notice z of an entry.
    function z(Register entry) internal pure returns (Register register) {
        assembly ("memory-safe") {
            register := add(entry, 128)
        }
    }

    /// @notice z^2 of an entry.
    function zz(Register entry) internal pure returns (Register register) {
        assembly ("memory-safe") {
            register := add(entry, 192)
        }
    }

    /// @notice z^3 of an entry.
    function zzz(Register entry) internal pure returns (Register register) {
        assembly ("memory-safe") {
            register := add(entry, 256)
        }
    }

    /// @notice An entry of a table; the table's own register is that of the first.
    function entryAt(Register table, uint256 index) internal pure returns (Register entry) {
        assembly ("memory-safe") {
            entry := add(table, mul(320, index))
        }
    }
}
