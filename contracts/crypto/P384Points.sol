// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {P384Field as Field} from "./P384Field.sol";
import {A, B, DX, DY, MINUS_Y, ONE, Register, S, SAME, SLOPE, U, X, Y, Z, Z3} from "./P384Registers.sol";

/// @notice The group of P-384: doubles the sum in the registers X, Y and Z, and adds entries to it.
/// @dev The curve is y^2 = x^3 - 3 * x + b, with x = X / Z^2 and y = Y / Z^3. Each comment says what the lines below it
/// compute.
library P384Points {
    /// @notice Makes the sum infinity.
    function clear() internal pure {
        X.copy(ONE);
        Y.copy(ONE);
        Z.store(0, 0);
    }

    /// @notice Whether the sum is infinity.
    function isInfinity() internal pure returns (bool) {
        return Field.isZero(Z);
    }

    /// @notice Doubles the sum.
    function double() internal pure {
        // SLOPE = 3 * (X - Z^2) * (X + Z^2)
        Field.square(A, Z);
        Field.subtract(B, X, A, 0);
        Field.add(A, X, A, 0);
        Field.add(A, A, A, 1);
        Field.multiply(SLOPE, A, B);
        // Z = 2 * Y * Z, and A = 2 * Y^2
        Field.add(A, Y, Y, 0);
        Field.multiply(Z, A, Z);
        Field.multiply(A, A, Y);
        // X = SLOPE^2 - 8 * X * Y^2, and B = 2 * X * Y^2
        Field.multiply(B, A, X);
        Field.square(X, SLOPE);
        Field.subtract(X, X, B, 2);
        // Y = SLOPE * (4 * X * Y^2 - X) - 8 * Y^4
        Field.difference(B, B, 1, X);
        Field.multiply(B, B, SLOPE);
        Field.square(A, A);
        Field.subtract(Y, B, A, 1);
    }

    /// @notice Adds an entry to the sum.
    /// @param entry The entry.
    /// @param y What stands for its y.
    function addEntry(Register entry, Register y) internal pure {
        Field.multiply(U, entry.zz(), X);
        Field.multiply(S, entry.zzz(), Y);
        Field.multiply(Z3, entry.z(), Z);
        _add(entry, y, U, S, Z3);
    }

    /// @notice Adds minus an entry to the sum.
    /// @param entry The entry.
    function subtractEntry(Register entry) internal pure {
        MINUS_Y.store(0, 0);
        Field.difference(MINUS_Y, MINUS_Y, 0, entry.y());
        addEntry(entry, MINUS_Y);
    }

    /// @notice Adds an entry with z = 1 to the sum.
    /// @param entry The entry, of which z^2 and z^3 are not read.
    function addAffine(Register entry) internal pure {
        _add(entry, entry.y(), X, Y, Z);
    }

    /// @notice Ends an addition: X and Y from DX, DY and the point (u, s), for a Z that is the common denominator times
    /// DX. Leaves that point on the new denominator in SAME.
    /// @param u The register of its x.
    /// @param s The register of its y.
    function chord(Register u, Register s) internal pure {
        Field.square(A, DX);
        Field.multiply(SAME, u, A);
        Field.multiply(A, A, DX);
        Field.multiply(SAME.y(), s, A);
        // X = DY^2 - DX^3 - 2 * u * DX^2
        Field.add(A, A, SAME, 1);
        Field.square(X, DY);
        Field.subtract(X, X, A, 0);
        // Y = DY * (u * DX^2 - X) - s * DX^3
        Field.difference(A, SAME, 0, X);
        Field.multiply(A, A, DY);
        Field.subtract(Y, A, SAME.y(), 0);
    }

    /// @dev `u` and `s` hold the sum's X and Y times the entry's z^2 and z^3, and `z` the product of both Z.
    function _add(Register entry, Register y, Register u, Register s, Register z) private pure {
        // DX = x * Z^2 - u
        Field.square(A, Z);
        Field.multiply(DX, entry, A);
        Field.difference(DX, DX, 0, u);
        Field.multiply(Z3, z, DX);
        // DY = y * Z^3 - s
        Field.multiply(A, A, Z);
        Field.multiply(A, y, A);
        Field.difference(DY, A, 0, s);
        if (Field.isZeroProduct(Z3)) return _addSpecial(entry, y);
        Z.copy(Z3);
        chord(u, s);
    }

    /// @dev The sums that `chord` does not cover.
    function _addSpecial(Register entry, Register y) private pure {
        if (isInfinity()) {
            X.copy(entry);
            Y.copy(y);
            Z.copy(entry.z());
        } else if (Field.isZero(DY)) {
            // The points are equal.
            double();
        } else {
            // They are opposite.
            Z.store(0, 0);
        }
    }
}
