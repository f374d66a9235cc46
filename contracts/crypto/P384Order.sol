// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {N_COMPLEMENT, N_HIGH, N_INVERSE, N_LOW, N_RESIDUE} from "./P384Constants.sol";
import {P384Numbers} from "./P384Numbers.sol";

/// @notice Arithmetic modulo N, the order of P-384, with numbers of two words.
library P384Order {
    /// @dev 2^128 - 1.
    uint256 private constant HALF = 0xffffffffffffffffffffffffffffffff;

    /// @notice Whether 0 < a < N.
    function isScalar(uint256 ah, uint256 al) internal pure returns (bool) {
        return ah | al != 0 && P384Numbers.isBelow(ah, al, N_HIGH, N_LOW);
    }

    /// @notice Whether a * b = c * d modulo N.
    function areEqualProducts(
        uint256 ah,
        uint256 al,
        uint256 bh,
        uint256 bl,
        uint256 ch,
        uint256 cl,
        uint256 dh,
        uint256 dl
    ) internal pure returns (bool) {
        (ah, al) = multiply(ah, al, bh, bl);
        (ch, cl) = multiply(ch, cl, dh, dl);
        return ah == ch && al == cl;
    }

    /// @notice a * b / 2^256 modulo N, below N. As `P384Field.multiply`, which explains it, with another modulus.
    function multiply(uint256 ah, uint256 al, uint256 bh, uint256 bl) internal pure returns (uint256 h, uint256 l) {
        assembly ("memory-safe") {
            let x := not(0)
            let q := mulmod(ah, bh, x)
            let d := mul(ah, bh)
            let t := mulmod(al, bl, x)
            let e := mul(al, bl)
            let m := mul(e, N_INVERSE)
            let g := addmod(mulmod(m, N_RESIDUE, x), mulmod(addmod(bh, bl, x), addmod(ah, al, x), x), x)
            h := mulmod(m, N_COMPLEMENT, x)
            l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), add(mul(al, bh), mul(ah, bl))))
            g := addmod(g, not(l), x)
            h := add(addmod(g, not(q), x), d)
            m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
            g := add(l, mul(m, N_COMPLEMENT))
            h := add(and(h, HALF), addmod(addmod(mulmod(m, N_COMPLEMENT, x), l, x), not(g), x))
            l := g
        }
        // Below 2^384 + 2^321, and so below twice the order.
        if (!P384Numbers.isBelow(h, l, N_HIGH, N_LOW)) return P384Numbers.subtract(h, l, N_HIGH, N_LOW);
    }
}
