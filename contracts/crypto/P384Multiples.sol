// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {B_HIGH, B_LOW, ONE_HIGH, ONE_LOW, P_HIGH, P_LOW, SHIFT_HIGH, SHIFT_LOW} from "./P384Constants.sol";
import {P384Field as Field} from "./P384Field.sol";
import {P384Numbers as Numbers} from "./P384Numbers.sol";
import {P384Points as Points} from "./P384Points.sol";
import {A, B, DX, DY, G_MULTIPLE, ONE, Register, SAME, TABLE_POINT, TWICE, X, Y, Z} from "./P384Registers.sol";

/// @notice Multiples of points: computes and adds those of Q and -R, and takes those of G from a table.
library P384Multiples {
    /// @dev Multiples of a point: 1, 3, ... 15.
    uint256 private constant ENTRIES = 8;
    /// @dev The digits above stand for what is negative, modulo 32.
    uint256 private constant LARGEST_DIGIT = 15;
    uint256 private constant DIGIT_MODULUS = 32;
    /// @dev Bytes of a point in the table of multiples of G.
    uint256 private constant TABLE_POINT_BYTES = 96;

    /// @notice Makes an entry of a point of the curve.
    /// @param entry Where to.
    /// @return Whether the coordinates are below P, and the point is on the curve.
    function storePoint(Register entry, uint256 xh, uint256 xl, uint256 yh, uint256 yl) internal pure returns (bool) {
        if (!Numbers.isBelow(xh, xl, P_HIGH, P_LOW) || !Numbers.isBelow(yh, yl, P_HIGH, P_LOW)) return false;
        Register y = entry.y();
        entry.store(xh, xl);
        y.store(yh, yl);
        A.store(SHIFT_HIGH, SHIFT_LOW);
        Field.multiply(entry, entry, A);
        Field.multiply(y, y, A);
        storeOne(entry);
        return _isOnCurve(entry, y);
    }

    /// @notice Sets z, z^2 and z^3 of an entry to 1.
    /// @param entry The entry.
    function storeOne(Register entry) internal pure {
        entry.z().copy(ONE);
        entry.zz().copy(ONE);
        entry.zzz().copy(ONE);
    }

    /// @notice Writes the entries of 3, 5, ... 15 times the point in the first entry, behind it.
    /// @dev Each is the one before plus twice the point. `chord` leaves twice the point on the denominator of the sum, so
    /// that none has to be brought there. The special sums cannot occur: no multiple below 17 of a point is at infinity.
    /// @param table The first entry, with z = 1.
    function storeMultiples(Register table) internal pure {
        X.copy(table);
        Y.copy(table.y());
        Z.copy(ONE);
        Points.double();
        TWICE.copy(X);
        TWICE.y().copy(Y);
        _storeOnDenominatorOfTwice(table);

        for (uint256 i = 1; i < ENTRIES; ++i) {
            Field.difference(DX, X, 0, TWICE);
            Field.difference(DY, Y, 0, TWICE.y());
            Field.multiply(Z, Z, DX);
            Points.chord(TWICE, TWICE.y());
            TWICE.copy(SAME);
            TWICE.y().copy(SAME.y());

            Register entry = table.entryAt(i);
            entry.copy(X);
            entry.y().copy(Y);
            entry.z().copy(Z);
            Field.square(entry.zz(), Z);
            Field.multiply(entry.zzz(), entry.zz(), Z);
        }
    }

    /// @notice Adds the multiple that a digit stands for to the sum.
    /// @param digit An odd number between -15 and 15, modulo 32.
    /// @param table The entries of 1, 3, ... 15 times the point.
    function addDigit(uint256 digit, Register table) internal pure {
        unchecked {
            if (digit > LARGEST_DIGIT) {
                Points.subtractEntry(table.entryAt(DIGIT_MODULUS - digit >> 1));
            } else {
                Register entry = table.entryAt(digit >> 1);
                Points.addEntry(entry, entry.y());
            }
        }
    }

    /// @notice Adds a multiple of G to the sum.
    /// @param table The contract P384Table.
    /// @param index Which of its points, from 1 on.
    function addGeneratorMultiple(address table, uint256 index) internal view {
        Register entry = G_MULTIPLE;
        assembly ("memory-safe") {
            extcodecopy(table, TABLE_POINT, add(1, mul(TABLE_POINT_BYTES, sub(index, 1))), TABLE_POINT_BYTES)
            // The 16 upper bytes of both registers are zero.
            mcopy(add(entry, 16), TABLE_POINT, 48)
            mcopy(add(entry, 80), add(TABLE_POINT, 48), 48)
        }
        Points.addAffine(entry);
    }

    /// @dev The point itself with the denominator Z = 2 * y: x * Z^2 = 4 * x * y^2 and y * Z^3 = 8 * y^4.
    function _storeOnDenominatorOfTwice(Register entry) private pure {
        Register y = entry.y();
        Field.add(B, y, y, 0);
        Field.square(A, B);
        Field.multiply(X, entry, A);
        Field.multiply(A, A, B);
        Field.multiply(Y, A, y);
    }

    /// @dev Whether y^2 = x * (x^2 - 3) + b.
    function _isOnCurve(Register x, Register y) private pure returns (bool) {
        Field.square(A, x);
        B.store(3 * ONE_HIGH, ONE_LOW);
        Field.subtract(A, A, B, 0);
        Field.multiply(A, A, x);
        B.store(B_HIGH, B_LOW);
        Field.add(A, A, B, 0);
        Field.square(B, y);
        Field.subtract(B, B, A, 0);
        return Field.isZero(B);
    }
}
