// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    HIGH_LIFT_HIGH,
    HIGH_LIFT_LOW,
    LIFT_HIGH,
    LIFT_LOW,
    ONE_HIGH,
    ONE_LOW,
    P_COMPLEMENT,
    P_HIGH,
    P_INVERSE,
    P_LOW,
    P_RESIDUE,
    SHIFT_HIGH,
    SHIFT_LOW
} from "./P384Constants.sol";
import {Register} from "./P384Registers.sol";

/// @notice Arithmetic modulo P, the prime of the field of P-384.
/// @dev Elements are pairs of words (high, low), in Montgomery form (times 2^256) and lazy, that is, not reduced:
///
///     product      below 2^384 + 2^320
///     coordinate   below 2^393: a product minus small multiples of products
///     factor       below 2^402: a product or coordinate minus a coordinate, or a small multiple of one of them
///
/// A product is right for factors below 2^446, so that sums need no reduction.
library P384Field {
    /// @dev 2^128 - 1.
    uint256 private constant HALF = 0xffffffffffffffffffffffffffffffff;

    /// @notice a * b / 2^256 modulo P: the product of two elements.
    /// @dev With T = a * b and m = T / (2^384 - P) modulo 2^256, T + m * P ends in a zero word. Numbers modulo 2^256 - 1
    /// tell the upper words without carries: there a number is the sum of its words.
    /// @param a The register of a.
    /// @return h The upper word of a product.
    /// @return l Its lower word.
    function multiply(Register a, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            // At first the words of a.
            h := mload(a)
            l := mload(add(a, 32))
            let x := not(0)
            let q := mulmod(h, bh, x)
            let d := mul(h, bh)
            let t := mulmod(l, bl, x)
            let e := mul(l, bl)
            let m := mul(e, P_INVERSE)
            // T + m * P modulo 2^256 - 1.
            let g := addmod(mulmod(m, P_RESIDUE, x), mulmod(addmod(bh, bl, x), addmod(h, l, x), x), x)
            let n := mulmod(m, P_COMPLEMENT, x)
            // Its middle word: the upper words of al * bl and of -m * (2^384 - P), whose lower words are both e; the
            // lower word of m * 2^128; the lower word of ah * bl + al * bh.
            l := add(add(sub(lt(n, e), lt(t, e)), sub(t, n)), add(shl(128, m), add(mul(l, bh), mul(h, bl))))
            // What is above the middle word, modulo 2^256 - 1; without ah * bh it is small, and so known.
            g := addmod(g, not(l), x)
            h := add(addmod(g, not(q), x), d)
            // The bits above 2^384 come back times 2^384 - P.
            m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
            g := add(l, mul(m, P_COMPLEMENT))
            h := add(and(h, HALF), addmod(addmod(mulmod(m, P_COMPLEMENT, x), l, x), not(g), x))
            l := g
        }
    }

    /// @notice a * a / 2^256 modulo P, in the same way.
    /// @param a The register of a.
    /// @return h The upper word of a product.
    /// @return l Its lower word.
    function square(Register a) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            h := mload(a)
            l := mload(add(a, 32))
            let x := not(0)
            let q := mulmod(h, h, x)
            let d := mul(h, h)
            let t := mulmod(l, l, x)
            let e := mul(l, l)
            let m := mul(e, P_INVERSE)
            let g := addmod(h, l, x)
            g := addmod(mulmod(g, g, x), mulmod(m, P_RESIDUE, x), x)
            let n := mulmod(m, P_COMPLEMENT, x)
            l := add(add(sub(lt(n, e), lt(t, e)), sub(t, n)), add(shl(128, m), mul(l, shl(1, h))))
            g := addmod(g, not(l), x)
            h := add(addmod(g, not(q), x), d)
            m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
            g := add(l, mul(m, P_COMPLEMENT))
            h := add(and(h, HALF), addmod(addmod(mulmod(m, P_COMPLEMENT, x), l, x), not(g), x))
            l := g
        }
    }

    /// @notice a - b + 2^8 * P, for a product b or a small multiple of one.
    /// @return h The upper word of a coordinate.
    /// @return l Its lower word.
    function subtract(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            l := sub(al, bl)
            h := sub(sub(add(ah, LIFT_HIGH), bh), gt(bl, al))
            l := add(l, LIFT_LOW)
            h := add(h, lt(l, LIFT_LOW))
        }
    }

    /// @notice a - b + 2^16 * P, for a coordinate b.
    /// @return h The upper word of a factor.
    /// @return l Its lower word.
    function difference(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            l := sub(al, bl)
            h := sub(sub(add(ah, HIGH_LIFT_HIGH), bh), gt(bl, al))
            l := add(l, HIGH_LIFT_LOW)
            h := add(h, lt(l, HIGH_LIFT_LOW))
        }
    }

    /// @notice Replaces a number by the element that stands for it.
    /// @param a The register of both.
    function toMontgomery(Register a) internal pure {
        (uint256 h, uint256 l) = multiply(a, SHIFT_HIGH, SHIFT_LOW);
        a.store(h, l);
    }

    /// @notice Whether an element is 0 modulo P.
    /// @param a Its register.
    function isZero(Register a) internal pure returns (bool) {
        (uint256 h, uint256 l) = multiply(a, ONE_HIGH, ONE_LOW);
        return isZeroProduct(h, l);
    }

    /// @notice Whether a product, which is below 2 * P, is 0 modulo P.
    function isZeroProduct(uint256 h, uint256 l) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            yes := or(iszero(or(h, l)), and(eq(h, P_HIGH), eq(l, P_LOW)))
        }
    }
}
