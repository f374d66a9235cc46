// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ONE_HIGH, ONE_LOW} from "./P384Constants.sol";
import {P384Field as Field} from "./P384Field.sol";
import {P384Numbers as Numbers} from "./P384Numbers.sol";
import {DX, DY, MINUS_Y, Register, S, SAME, SLOPE, U, X, Y, YY, Z} from "./P384Registers.sol";

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
        return Field.isZero(Z);
    }

    /// @notice Doubles the sum.
    function double() internal pure {
        // Z = 2 * Y * Z
        (uint256 ah, uint256 al) = Z.load();
        (uint256 h, uint256 l) = Field.multiply(Y, ah, al);
        (ah, al) = Field.square(Z);
        (h, l) = Numbers.shiftLeft(h, l, 1);
        Z.store(h, l);
        // SLOPE = 3 * (X - Z^2) * (X + Z^2)
        (h, l) = X.load();
        (uint256 bh, uint256 bl) = Field.subtract(h, l, ah, al);
        SLOPE.store(bh, bl);
        (h, l) = Numbers.add(h, l, ah, al);
        (h, l) = Field.multiply(SLOPE, h, l);
        (h, l) = Numbers.triple(h, l);
        SLOPE.store(h, l);
        // (h, l) = 4 * X * Y^2
        (h, l) = Field.square(Y);
        YY.store(h, l);
        (h, l) = Field.multiply(X, h, l);
        (h, l) = Numbers.shiftLeft(h, l, 2);
        // X = SLOPE^2 - 8 * X * Y^2
        (ah, al) = Field.square(SLOPE);
        (bh, bl) = Numbers.shiftLeft(h, l, 1);
        (ah, al) = Field.subtract(ah, al, bh, bl);
        X.store(ah, al);
        // Y = SLOPE * (4 * X * Y^2 - X) - 8 * Y^4
        (h, l) = Field.difference(h, l, ah, al);
        (h, l) = Field.multiply(SLOPE, h, l);
        (ah, al) = Field.square(YY);
        (ah, al) = Numbers.shiftLeft(ah, al, 3);
        (h, l) = Field.subtract(h, l, ah, al);
        Y.store(h, l);
    }

    /// @notice Adds an entry to the sum.
    /// @param entry The entry.
    /// @param y What stands for its y.
    function addEntry(Register entry, Register y) internal pure {
        (uint256 h, uint256 l) = X.load();
        (h, l) = Field.multiply(entry.next(ENTRY_ZZ), h, l);
        U.store(h, l);
        (h, l) = Y.load();
        (h, l) = Field.multiply(entry.next(ENTRY_ZZZ), h, l);
        S.store(h, l);
        (h, l) = Z.load();
        (h, l) = Field.multiply(entry.next(ENTRY_Z), h, l);
        _add(entry, y, U, S, h, l);
    }

    /// @notice Adds minus an entry to the sum.
    /// @param entry The entry.
    function subtractEntry(Register entry) internal pure {
        (uint256 h, uint256 l) = entry.next(ENTRY_Y).load();
        (h, l) = Field.difference(0, 0, h, l);
        MINUS_Y.store(h, l);
        addEntry(entry, MINUS_Y);
    }

    /// @notice Adds an entry with z = 1 to the sum.
    /// @param entry The entry, of which z^2 and z^3 are not read.
    function addAffine(Register entry) internal pure {
        (uint256 h, uint256 l) = Z.load();
        _add(entry, entry.next(ENTRY_Y), X, Y, h, l);
    }

    /// @notice Ends an addition: X and Y from DX, DY and the point (u, s), for a Z that is the common denominator times
    /// DX. Leaves that point on the new denominator in SAME.
    /// @param u The register of its x.
    /// @param s The register of its y.
    function chord(Register u, Register s) internal pure {
        (uint256 h, uint256 l) = Field.square(DX);
        (uint256 vh, uint256 vl) = Field.multiply(u, h, l);
        SAME.store(vh, vl);
        (h, l) = Field.multiply(DX, h, l);
        (uint256 yh, uint256 yl) = Field.multiply(s, h, l);
        SAME.next(1).store(yh, yl);
        // X = DY^2 - DX^3 - 2 * u * DX^2
        (uint256 xh, uint256 xl) = Numbers.shiftLeft(vh, vl, 1);
        (h, l) = Numbers.add(h, l, xh, xl);
        (xh, xl) = Field.square(DY);
        (xh, xl) = Field.subtract(xh, xl, h, l);
        X.store(xh, xl);
        // Y = DY * (u * DX^2 - X) - s * DX^3
        (h, l) = Field.difference(vh, vl, xh, xl);
        (h, l) = Field.multiply(DY, h, l);
        (h, l) = Field.subtract(h, l, yh, yl);
        Y.store(h, l);
    }

    /// @dev `u` and `s` hold the sum's X and Y times the entry's z^2 and z^3; (zh, zl) is the product of both Z.
    function _add(Register entry, Register y, Register u, Register s, uint256 zh, uint256 zl) private pure {
        // DX = x * Z^2 - u
        (uint256 h, uint256 l) = Field.square(Z);
        (uint256 ah, uint256 al) = Field.multiply(entry, h, l);
        (uint256 bh, uint256 bl) = u.load();
        (ah, al) = Field.difference(ah, al, bh, bl);
        DX.store(ah, al);
        (zh, zl) = Field.multiply(DX, zh, zl);
        // DY = y * Z^3 - s
        (h, l) = Field.multiply(Z, h, l);
        (h, l) = Field.multiply(y, h, l);
        (bh, bl) = s.load();
        (h, l) = Field.difference(h, l, bh, bl);
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
        } else if (Field.isZero(DY)) {
            // The points are equal.
            double();
        } else {
            // They are opposite.
            Z.store(0, 0);
        }
    }
}
