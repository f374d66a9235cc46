// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ONE_HIGH, ONE_LOW} from "./P384Constants.sol";
import {P384Field as Field} from "./P384Field.sol";
import {P384Numbers as Numbers} from "./P384Numbers.sol";
import {DX, DY, MINUS_Y, Register, S, SAME, U, X, Y, Z} from "./P384Registers.sol";

/// @notice The group of P-384: doubles the sum in the registers X, Y and Z, and adds points to it.
/// @dev Formulas for y^2 = x^3 - 3 * x + b with x = X / Z^2 and y = Y / Z^3. A point to add is an entry: the registers x,
/// y, z, z^2 and z^3, one behind the other.
library P384Points {
    /// @dev Registers of an entry.
    uint256 internal constant ENTRY_Y = 1;
    uint256 internal constant ENTRY_Z = 2;
    uint256 internal constant ENTRY_ZZ = 3;
    uint256 internal constant ENTRY_ZZZ = 4;
    uint256 internal constant ENTRY_LENGTH = 5;

    /// @notice Makes the sum infinity.
    function clear() internal pure {
        X.store(ONE_HIGH, ONE_LOW);
        Y.store(ONE_HIGH, ONE_LOW);
        Z.store(0, 0);
    }

    /// @notice Whether the sum is infinity.
    function isInfinity() internal pure returns (bool) {
        return Field.isZero(Z.high(), Z.low());
    }

    /// @notice Doubles the sum.
    function double() internal pure {
        (uint256 zh, uint256 zl) = Field.square(Z.high(), Z.low());
        // Z = 2 * Y * Z
        (uint256 h, uint256 l) = Field.multiply(Y.high(), Y.low(), Z.high(), Z.low());
        (h, l) = Numbers.shiftLeft(h, l, 1);
        Z.store(h, l);
        // slope = 3 * (X - Z^2) * (X + Z^2)
        (h, l) = Field.subtract(X.high(), X.low(), zh, zl);
        (zh, zl) = Numbers.add(X.high(), X.low(), zh, zl);
        (h, l) = Field.multiply(h, l, zh, zl);
        (zh, zl) = Numbers.shiftLeft(h, l, 1);
        (h, l) = Numbers.add(h, l, zh, zl);
        // chord = 4 * X * Y^2
        (uint256 yh, uint256 yl) = Field.square(Y.high(), Y.low());
        (zh, zl) = Field.multiply(X.high(), X.low(), yh, yl);
        (zh, zl) = Numbers.shiftLeft(zh, zl, 2);
        // X = slope^2 - 2 * chord
        (uint256 xh, uint256 xl) = Field.square(h, l);
        (uint256 bh, uint256 bl) = Numbers.shiftLeft(zh, zl, 1);
        (xh, xl) = Field.subtract(xh, xl, bh, bl);
        X.store(xh, xl);
        // Y = slope * (chord - X) - 8 * Y^4
        (zh, zl) = Field.difference(zh, zl, xh, xl);
        (h, l) = Field.multiply(h, l, zh, zl);
        (yh, yl) = Field.square(yh, yl);
        (yh, yl) = Numbers.shiftLeft(yh, yl, 3);
        (h, l) = Field.subtract(h, l, yh, yl);
        Y.store(h, l);
    }

    /// @notice Adds an entry to the sum.
    /// @param entry The entry.
    /// @param y What stands for its y.
    function addEntry(Register entry, Register y) internal pure {
        Register other = entry.next(ENTRY_ZZ);
        (uint256 h, uint256 l) = Field.multiply(X.high(), X.low(), other.high(), other.low());
        U.store(h, l);
        other = entry.next(ENTRY_ZZZ);
        (h, l) = Field.multiply(Y.high(), Y.low(), other.high(), other.low());
        S.store(h, l);
        other = entry.next(ENTRY_Z);
        (h, l) = Field.multiply(Z.high(), Z.low(), other.high(), other.low());
        _add(entry, y, U, S, h, l);
    }

    /// @notice Adds minus an entry to the sum.
    /// @param entry The entry.
    function subtractEntry(Register entry) internal pure {
        Register y = entry.next(ENTRY_Y);
        (uint256 h, uint256 l) = Field.difference(0, 0, y.high(), y.low());
        MINUS_Y.store(h, l);
        addEntry(entry, MINUS_Y);
    }

    /// @notice Adds an entry with z = 1 to the sum.
    /// @param entry The entry, of which z^2 and z^3 are not read.
    function addAffine(Register entry) internal pure {
        _add(entry, entry.next(ENTRY_Y), X, Y, Z.high(), Z.low());
    }

    /// @notice Ends an addition: X and Y from DX, DY and the point (u, s), for a Z that is the common denominator times
    /// DX. Leaves that point on the new denominator in SAME.
    /// @param u The register of its x.
    /// @param s The register of its y.
    function chord(Register u, Register s) internal pure {
        (uint256 h, uint256 l) = Field.square(DX.high(), DX.low());
        (uint256 vh, uint256 vl) = Field.multiply(u.high(), u.low(), h, l);
        SAME.store(vh, vl);
        (h, l) = Field.multiply(h, l, DX.high(), DX.low());
        (uint256 yh, uint256 yl) = Field.multiply(s.high(), s.low(), h, l);
        SAME.next(1).store(yh, yl);
        // X = DY^2 - DX^3 - 2 * u * DX^2
        (uint256 xh, uint256 xl) = Numbers.shiftLeft(vh, vl, 1);
        (h, l) = Numbers.add(h, l, xh, xl);
        (xh, xl) = Field.square(DY.high(), DY.low());
        (xh, xl) = Field.subtract(xh, xl, h, l);
        X.store(xh, xl);
        // Y = DY * (u * DX^2 - X) - s * DX^3
        (h, l) = Field.difference(vh, vl, xh, xl);
        (h, l) = Field.multiply(DY.high(), DY.low(), h, l);
        (h, l) = Field.subtract(h, l, yh, yl);
        Y.store(h, l);
    }

    /// @dev `u` and `s` hold the sum's X and Y times the entry's z^2 and z^3; (zh, zl) is the product of both Z.
    function _add(Register entry, Register y, Register u, Register s, uint256 zh, uint256 zl) private pure {
        // DX = x * Z^2 - u
        (uint256 h, uint256 l) = Field.square(Z.high(), Z.low());
        (uint256 dh, uint256 dl) = Field.multiply(entry.high(), entry.low(), h, l);
        (dh, dl) = Field.difference(dh, dl, u.high(), u.low());
        DX.store(dh, dl);
        (zh, zl) = Field.multiply(zh, zl, dh, dl);
        // DY = y * Z^3 - s
        (h, l) = Field.multiply(h, l, Z.high(), Z.low());
        (h, l) = Field.multiply(y.high(), y.low(), h, l);
        (h, l) = Field.difference(h, l, s.high(), s.low());
        DY.store(h, l);
        if (Field.isZeroProduct(zh, zl)) return _addSpecial(entry, y);
        Z.store(zh, zl);
        chord(u, s);
    }

    /// @dev The sums that `chord` does not cover.
    function _addSpecial(Register entry, Register y) private pure {
        if (isInfinity()) {
            X.copy(entry, 1);
            Y.copy(y, 1);
            Z.copy(entry.next(ENTRY_Z), 1);
        } else if (Field.isZero(DY.high(), DY.low())) {
            // The points are equal.
            double();
        } else {
            // They are opposite.
            Z.store(0, 0);
        }
    }
}
