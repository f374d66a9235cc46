// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    HIGH_LIFT_HIGH,
    HIGH_LIFT_LOW,
    LIFT_HIGH,
    LIFT_LOW,
    P_COMPLEMENT,
    P_HIGH,
    P_INVERSE,
    P_LOW,
    P_RESIDUE
} from "./P384Constants.sol";
import {ONE, Register, SCRATCH} from "./P384Registers.sol";

/// @notice Arithmetic modulo P, the prime of the field of P-384, on registers. The target may be an operand, too.
/// @dev Elements are in Montgomery form (times 2^256) and lazy, that is, not reduced:
///
///     product      of factors; below 2^384 + 2^320
///     coordinate   below 2^393: a product minus small multiples of products
///     factor       below 2^402: sums and differences of both
///
/// Sums need no reduction: up to 2^446, `multiply` is right, and what comes out is below 2 * P.
library P384Field {
    /// @dev 2^128 - 1.
    uint256 private constant HALF = 0xffffffffffffffffffffffffffffffff;

    /// @notice target = a * b: a * b / 2^256 modulo P, as a product.
    /// @dev With T = a * b and m = T / (2^384 - P) modulo 2^256, T + m * P ends in a zero word. Numbers modulo 2^256 - 1
    /// tell the upper words without carries: there a number is the sum of its words.
    function multiply(Register target, Register a, Register b) internal pure {
        assembly ("memory-safe") {
            let ah := mload(a)
            let bh := mload(b)
            // From here on a and b are the lower words.
            a := mload(add(a, 32))
            b := mload(add(b, 32))
            let x := not(0)
            let t := mulmod(a, b, x)
            let e := mul(a, b)
            let m := mul(e, P_INVERSE)
            let h := mulmod(m, P_COMPLEMENT, x)
            // The middle word of T + m * P: the upper words of al * bl and of -m * (2^384 - P), whose lower words are both
            // e; the lower word of m * 2^128; the lower word of ah * bl + al * bh.
            let l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), add(mul(a, bh), mul(b, ah))))
            // T + m * P without the middle word, modulo 2^256 - 1: what is above it, which is small without ah * bh.
            let g :=
                addmod(addmod(mulmod(m, P_RESIDUE, x), mulmod(addmod(bh, b, x), addmod(ah, a, x), x), x), not(l), x)
            h := add(addmod(g, not(mulmod(ah, bh, x)), x), mul(ah, bh))
            // The bits above 2^384 come back times 2^384 - P.
            let k := or(shl(128, addmod(g, not(h), x)), shr(128, h))
            let n := add(l, mul(k, P_COMPLEMENT))
            mstore(target, add(and(h, HALF), addmod(addmod(mulmod(k, P_COMPLEMENT, x), l, x), not(n), x)))
            mstore(add(target, 32), n)
        }
    }

    /// @notice target = a * a, in the same way.
    function square(Register target, Register a) internal pure {
        assembly ("memory-safe") {
            let ah := mload(a)
            a := mload(add(a, 32))
            let x := not(0)
            let t := mulmod(a, a, x)
            let e := mul(a, a)
            let m := mul(e, P_INVERSE)
            let h := mulmod(m, P_COMPLEMENT, x)
            let l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), mul(a, shl(1, ah))))
            let g := addmod(ah, a, x)
            g := addmod(addmod(mulmod(m, P_RESIDUE, x), mulmod(g, g, x), x), not(l), x)
            h := add(addmod(g, not(mulmod(ah, ah, x)), x), mul(ah, ah))
            let k := or(shl(128, addmod(g, not(h), x)), shr(128, h))
            let n := add(l, mul(k, P_COMPLEMENT))
            mstore(target, add(and(h, HALF), addmod(addmod(mulmod(k, P_COMPLEMENT, x), l, x), not(n), x)))
            mstore(add(target, 32), n)
        }
    }

    /// @notice target = a + b * 2^bits: a factor.
    function add(Register target, Register a, Register b, uint256 bits) internal pure {
        assembly ("memory-safe") {
            let l := mload(add(b, 32))
            let h := or(shl(bits, mload(b)), shr(sub(256, bits), l))
            l := shl(bits, l)
            let s := add(mload(add(a, 32)), l)
            mstore(target, add(add(mload(a), h), lt(s, l)))
            mstore(add(target, 32), s)
        }
    }

    /// @notice target = a - b * 2^bits, for a product b and bits <= 3. Adds 2^8 * P; a coordinate when a is a product.
    function subtract(Register target, Register a, Register b, uint256 bits) internal pure {
        assembly ("memory-safe") {
            let l := mload(add(b, 32))
            let h := or(shl(bits, mload(b)), shr(sub(256, bits), l))
            l := shl(bits, l)
            let s := mload(add(a, 32))
            h := sub(sub(mload(a), h), gt(l, s))
            s := add(sub(s, l), LIFT_LOW)
            mstore(target, add(add(h, LIFT_HIGH), lt(s, LIFT_LOW)))
            mstore(add(target, 32), s)
        }
    }

    /// @notice target = a * 2^bits - b, for a coordinate b. Adds 2^16 * P; a factor.
    function difference(Register target, Register a, uint256 bits, Register b) internal pure {
        assembly ("memory-safe") {
            let l := mload(add(b, 32))
            let s := mload(add(a, 32))
            let h := or(shl(bits, mload(a)), shr(sub(256, bits), s))
            s := shl(bits, s)
            h := sub(sub(h, mload(b)), gt(l, s))
            s := add(sub(s, l), HIGH_LIFT_LOW)
            mstore(target, add(add(h, HIGH_LIFT_HIGH), lt(s, HIGH_LIFT_LOW)))
            mstore(add(target, 32), s)
        }
    }

    /// @notice Whether an element is 0 modulo P. Changes SCRATCH.
    function isZero(Register a) internal pure returns (bool) {
        multiply(SCRATCH, a, ONE);
        return isZeroProduct(SCRATCH);
    }

    /// @notice Whether a product, which is below 2 * P, is 0 modulo P.
    function isZeroProduct(Register a) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            let h := mload(a)
            let l := mload(add(a, 32))
            yes := or(iszero(or(h, l)), and(eq(h, P_HIGH), eq(l, P_LOW)))
        }
    }
}
