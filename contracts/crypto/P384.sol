// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IP384} from "../interfaces/IP384.sol";
import {
    B_HIGH,
    B_LOW,
    HIGH_LIFT_HIGH,
    HIGH_LIFT_LOW,
    LIFT_HIGH,
    LIFT_LOW,
    N_COMPLEMENT,
    N_HIGH,
    N_INVERSE,
    N_LOW,
    N_RESIDUE,
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
import {P384Table} from "./P384Table.sol";

/// @title ECDSA over the curve P-384, without a modular inversion
/// @notice A signature (r, s) of a hash z by the key Q is valid when R = (z/s)*G + (r/s)*Q is a point whose x is r modulo
/// the order n. The hint brings numbers v, w and t and the y of R. This contract checks
///
///     w*s = v*r (mod n),   t*s = v*z (mod n),   v != 0,   Q and R are on the curve,   x of R is r or r + n,
///
/// and then t*G + w*Q - v*R = 0. With the first two, that sum is v * ((z/s)*G + (r/s)*Q - R). The order n is prime and v
/// is not 0 modulo n, so the sum is 0 if and only if (z/s)*G + (r/s)*Q = R, which is the definition above. Whoever
/// chooses the hint thus chooses only how the same statement is written. An honest hint has v and w below 2^192 (their
/// fields have no room for more), which halves the number of doublings.
///
/// Numbers are pairs of words (high, low). Elements of the field are in Montgomery form (times 2^256) and lazy: products
/// are below 2^384 + 2^320, coordinates below 2^393, other factors below 2^402; a product is right for factors below
/// 2^446. Memory is laid out by hand, and nothing runs afterwards that could rely on Solidity's layout.
contract P384 is IP384 {
    /// @notice Multiples of the generator. Created by the constructor.
    address public immutable TABLE = address(new P384Table());

    uint256 private constant SIGNATURE_BYTES = 96;
    uint256 private constant PUBLIC_KEY_BYTES = 96;
    uint256 private constant HINT_BYTES = 145;

    /// @dev Places of the numbers in the packed arguments.
    uint256 private constant DIGEST_AT = 0;
    uint256 private constant R_AT = 48;
    uint256 private constant S_AT = 96;
    uint256 private constant QX_AT = 144;
    uint256 private constant QY_AT = 192;
    uint256 private constant V_AT = 240;
    uint256 private constant W_AT = 264;
    uint256 private constant T_AT = 288;
    uint256 private constant RY_AT = 336;
    uint256 private constant FLAGS_AT = 384;
    /// @dev Flags of the hint: v stands for -v; x of R is r + n.
    uint256 private constant NEGATED = 1;
    uint256 private constant X_ABOVE_ORDER = 2;

    /// @dev Registers of two words, behind the packed arguments. (X, Y, Z) is the sum so far, for the point
    /// (X / Z^2, Y / Z^3); Z = 0 is infinity.
    uint256 private constant X = 0x400;
    uint256 private constant Y = 0x440;
    uint256 private constant Z = 0x480;
    /// @dev Of an addition: brought to one denominator, the points are (U, S) and (U + DX, S + DY).
    uint256 private constant U = 0x4c0;
    uint256 private constant S = 0x500;
    uint256 private constant DX = 0x540;
    uint256 private constant DY = 0x580;
    /// @dev After an addition: (U, S) on the denominator of the result, as x and y.
    uint256 private constant SAME = 0x5c0;
    uint256 private constant MINUS_Y = 0x640;
    /// @dev Twice a point, as x and y.
    uint256 private constant TWICE = 0x680;
    /// @dev A multiple of G as TABLE holds it, and as an entry.
    uint256 private constant COPIED = 0x700;
    uint256 private constant G_MULTIPLE = 0x780;
    /// @dev Multiples 1, 3, ... 15 of Q and of -R. An entry is X, Y, Z, Z^2, Z^3.
    uint256 private constant Q_MULTIPLES = 0x900;
    uint256 private constant R_MULTIPLES = 0x1300;
    uint256 private constant ENTRY_BYTES = 320;
    uint256 private constant ENTRIES = 8;
    /// @dev One byte for each bit of w and v: their signed digits.
    uint256 private constant W_DIGITS = 0x1d00;
    uint256 private constant V_DIGITS = 0x1e00;
    uint256 private constant DIGITS = 193;
    /// @dev Bits between the teeth of the comb for G, and bytes of a point in TABLE.
    uint256 private constant SPACING = 48;
    uint256 private constant TABLE_POINT_BYTES = 96;

    /// @dev 2^128 - 1.
    uint256 private constant HALF = 0xffffffffffffffffffffffffffffffff;
    /// @dev Every 48th bit, and the factor that moves four such bits to the positions 141 to 144.
    uint256 private constant COMB = 0x1000000000001000000000001000000000001;
    uint256 private constant GATHER = 0x200000000000400000000000800000000001;

    /// @inheritdoc IP384
    function verify(
        bytes32 hashHigh,
        bytes16 hashLow,
        bytes calldata signature,
        bytes calldata publicKey,
        bytes calldata hint
    ) external view returns (bool valid) {
        if (signature.length != SIGNATURE_BYTES || publicKey.length != PUBLIC_KEY_BYTES || hint.length != HINT_BYTES) {
            return false;
        }

        bytes memory numbers = abi.encodePacked(hashHigh, hashLow, signature, publicKey, hint);
        address table = TABLE;
        assembly {
            /* NUMBERS */

            // a * b / 2^256 modulo P. With T = a * b and m = T / (2^384 - P) modulo 2^256, T + m * P ends in a zero word.
            // Numbers modulo 2^256 - 1 tell the upper words without carries: there a number is the sum of its words.
            function multiply(ah, al, bh, bl) -> h, l {
                let x := not(0)
                let q := mulmod(ah, bh, x)
                let d := mul(ah, bh)
                let t := mulmod(al, bl, x)
                let e := mul(al, bl)
                let m := mul(e, P_INVERSE)
                // T + m * P modulo 2^256 - 1.
                let g := addmod(mulmod(addmod(ah, al, x), addmod(bh, bl, x), x), mulmod(m, P_RESIDUE, x), x)
                h := mulmod(m, P_COMPLEMENT, x)
                // Its middle word: the upper words of al * bl and of -m * (2^384 - P), whose lower words are both e;
                // the lower word of m * 2^128; the lower word of ah * bl + al * bh.
                l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), add(mul(al, bh), mul(ah, bl))))
                // What is above the middle word, modulo 2^256 - 1; without ah * bh it is small, and so known.
                g := addmod(g, not(l), x)
                h := add(addmod(g, not(q), x), d)
                // The bits above 2^384 come back times 2^384 - P.
                m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
                g := add(l, mul(m, P_COMPLEMENT))
                h := add(and(h, HALF), addmod(addmod(mulmod(m, P_COMPLEMENT, x), l, x), not(g), x))
                l := g
            }

            // The same for a * a.
            function square(ah, al) -> h, l {
                let x := not(0)
                let q := mulmod(ah, ah, x)
                let d := mul(ah, ah)
                let t := mulmod(al, al, x)
                let e := mul(al, al)
                let m := mul(e, P_INVERSE)
                let g := addmod(ah, al, x)
                g := addmod(mulmod(g, g, x), mulmod(m, P_RESIDUE, x), x)
                h := mulmod(m, P_COMPLEMENT, x)
                l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), mul(al, shl(1, ah))))
                g := addmod(g, not(l), x)
                h := add(addmod(g, not(q), x), d)
                m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
                g := add(l, mul(m, P_COMPLEMENT))
                h := add(and(h, HALF), addmod(addmod(mulmod(m, P_COMPLEMENT, x), l, x), not(g), x))
                l := g
            }

            // a * b / 2^256 modulo the order, below the order.
            function multiplyModuloOrder(ah, al, bh, bl) -> h, l {
                let x := not(0)
                let q := mulmod(ah, bh, x)
                let d := mul(ah, bh)
                let t := mulmod(al, bl, x)
                let e := mul(al, bl)
                let m := mul(e, N_INVERSE)
                let g := addmod(mulmod(addmod(ah, al, x), addmod(bh, bl, x), x), mulmod(m, N_RESIDUE, x), x)
                h := mulmod(m, N_COMPLEMENT, x)
                l := add(add(sub(lt(h, e), lt(t, e)), sub(t, h)), add(shl(128, m), add(mul(al, bh), mul(ah, bl))))
                g := addmod(g, not(l), x)
                h := add(addmod(g, not(q), x), d)
                m := or(shl(128, addmod(g, not(h), x)), shr(128, h))
                g := add(l, mul(m, N_COMPLEMENT))
                h := add(and(h, HALF), addmod(addmod(mulmod(m, N_COMPLEMENT, x), l, x), not(g), x))
                l := g
                // Below 2^384 + 2^321, and so below twice the order.
                if iszero(isBelow(h, l, N_HIGH, N_LOW)) {
                    h := sub(sub(h, N_HIGH), lt(l, N_LOW))
                    l := sub(l, N_LOW)
                }
            }

            // a - b + 2^8 * P, for a product b (or a small multiple of one): a coordinate.
            function subtract(ah, al, bh, bl) -> h, l {
                l := sub(al, bl)
                h := sub(sub(add(ah, LIFT_HIGH), bh), gt(bl, al))
                l := add(l, LIFT_LOW)
                h := add(h, lt(l, LIFT_LOW))
            }

            // a - b + 2^16 * P, for a coordinate b: a factor.
            function difference(ah, al, bh, bl) -> h, l {
                l := sub(al, bl)
                h := sub(sub(add(ah, HIGH_LIFT_HIGH), bh), gt(bl, al))
                l := add(l, HIGH_LIFT_LOW)
                h := add(h, lt(l, HIGH_LIFT_LOW))
            }

            function isBelow(ah, al, bh, bl) -> yes {
                yes := or(lt(ah, bh), and(eq(ah, bh), lt(al, bl)))
            }

            // Of a product: it is below 2 * P.
            function isZeroProduct(h, l) -> yes {
                yes := or(iszero(or(h, l)), and(eq(h, P_HIGH), eq(l, P_LOW)))
            }

            function isZero(register) -> yes {
                let h, l := multiply(mload(register), mload(add(register, 32)), ONE_HIGH, ONE_LOW)
                yes := isZeroProduct(h, l)
            }

            function store(register, h, l) {
                mstore(register, h)
                mstore(add(register, 32), l)
            }

            function copyTo(target, source) {
                mcopy(target, source, 64)
            }

            /* POINTS */

            // Doubles the sum.
            function double() {
                let zh, zl := square(mload(Z), mload(add(Z, 32)))
                let h, l := multiply(mload(Y), mload(add(Y, 32)), mload(Z), mload(add(Z, 32)))
                mstore(Z, or(shl(1, h), shr(255, l)))
                mstore(add(Z, 32), shl(1, l))
                // slope = 3 * (X - Z^2) * (X + Z^2)
                h, l := subtract(mload(X), mload(add(X, 32)), zh, zl)
                zl := add(zl, mload(add(X, 32)))
                zh := add(add(zh, mload(X)), lt(zl, mload(add(X, 32))))
                h, l := multiply(h, l, zh, zl)
                zl := shl(1, l)
                zh := or(shl(1, h), shr(255, l))
                l := add(l, zl)
                h := add(add(h, zh), lt(l, zl))
                // chord = 4 * X * Y^2
                let yh, yl := square(mload(Y), mload(add(Y, 32)))
                zh, zl := multiply(mload(X), mload(add(X, 32)), yh, yl)
                zh := or(shl(2, zh), shr(254, zl))
                zl := shl(2, zl)
                // X = slope^2 - 2 * chord
                let xh, xl := square(h, l)
                xh, xl := subtract(xh, xl, or(shl(1, zh), shr(255, zl)), shl(1, zl))
                mstore(X, xh)
                mstore(add(X, 32), xl)
                // Y = slope * (chord - X) - 8 * Y^4
                zh, zl := difference(zh, zl, xh, xl)
                h, l := multiply(h, l, zh, zl)
                yh, yl := square(yh, yl)
                h, l := subtract(h, l, or(shl(3, yh), shr(253, yl)), shl(3, yl))
                mstore(Y, h)
                mstore(add(Y, 32), l)
            }

            // Ends an addition: x and y of the sum from DX, DY and the point (u, s), whose Z is the common one.
            function chord(u, s) {
                let h, l := square(mload(DX), mload(add(DX, 32)))
                let vh, vl := multiply(mload(u), mload(add(u, 32)), h, l)
                mstore(SAME, vh)
                mstore(add(SAME, 32), vl)
                h, l := multiply(h, l, mload(DX), mload(add(DX, 32)))
                let yh, yl := multiply(mload(s), mload(add(s, 32)), h, l)
                mstore(add(SAME, 64), yh)
                mstore(add(SAME, 96), yl)
                // X = DY^2 - DX^3 - 2 * u * DX^2
                l := add(l, shl(1, vl))
                h := add(add(h, or(shl(1, vh), shr(255, vl))), lt(l, shl(1, vl)))
                let xh, xl := square(mload(DY), mload(add(DY, 32)))
                xh, xl := subtract(xh, xl, h, l)
                mstore(X, xh)
                mstore(add(X, 32), xl)
                // Y = DY * (u * DX^2 - X) - s * DX^3
                h, l := difference(vh, vl, xh, xl)
                h, l := multiply(mload(DY), mload(add(DY, 32)), h, l)
                h, l := subtract(h, l, yh, yl)
                mstore(Y, h)
                mstore(add(Y, 32), l)
            }

            // Adds a table entry, with the y at `y`, to the sum.
            function addEntry(entry, y) {
                let h, l := multiply(mload(X), mload(add(X, 32)), mload(add(entry, 192)), mload(add(entry, 224)))
                mstore(U, h)
                mstore(add(U, 32), l)
                h, l := multiply(mload(Y), mload(add(Y, 32)), mload(add(entry, 256)), mload(add(entry, 288)))
                mstore(S, h)
                mstore(add(S, 32), l)
                h, l := multiply(mload(Z), mload(add(Z, 32)), mload(add(entry, 128)), mload(add(entry, 160)))
                addWithDenominators(entry, y, U, S, h, l)
            }

            // Adds an affine point to the sum. Its entry has Z = 1.
            function addAffine(entry) {
                addWithDenominators(entry, add(entry, 64), X, Y, mload(Z), mload(add(Z, 32)))
            }

            // `u` and `s` are where the sum's x and y stand, times the entry's Z^2 and Z^3; (zh, zl) is the product of
            // both Z.
            function addWithDenominators(entry, y, u, s, zh, zl) {
                let h, l := square(mload(Z), mload(add(Z, 32)))
                {
                    let xh, xl := multiply(mload(entry), mload(add(entry, 32)), h, l)
                    xh, xl := difference(xh, xl, mload(u), mload(add(u, 32)))
                    mstore(DX, xh)
                    mstore(add(DX, 32), xl)
                    zh, zl := multiply(zh, zl, xh, xl)
                }
                h, l := multiply(h, l, mload(Z), mload(add(Z, 32)))
                h, l := multiply(mload(y), mload(add(y, 32)), h, l)
                h, l := difference(h, l, mload(s), mload(add(s, 32)))
                mstore(DY, h)
                mstore(add(DY, 32), l)
                if isZeroProduct(zh, zl) {
                    addSpecial(entry, y)
                    leave
                }
                mstore(Z, zh)
                mstore(add(Z, 32), zl)
                chord(u, s)
            }

            // The sums that the formulas of `chord` do not cover.
            function addSpecial(entry, y) {
                // The sum is at infinity.
                if isZero(Z) {
                    copyTo(X, entry)
                    copyTo(Y, y)
                    copyTo(Z, add(entry, 128))
                    leave
                }
                // The points are equal.
                if isZero(DY) {
                    double()
                    leave
                }
                // They are opposite.
                store(Z, 0, 0)
            }

            // Adds the multiple that a signed odd digit stands for.
            function addDigit(digit, multiples) {
                switch gt(digit, 15)
                case 0 {
                    let entry := add(multiples, mul(ENTRY_BYTES, shr(1, digit)))
                    addEntry(entry, add(entry, 64))
                }
                default {
                    let entry := add(multiples, mul(ENTRY_BYTES, shr(1, sub(32, digit))))
                    let h, l := difference(0, 0, mload(add(entry, 64)), mload(add(entry, 96)))
                    mstore(MINUS_Y, h)
                    mstore(add(MINUS_Y, 32), l)
                    addEntry(entry, MINUS_Y)
                }
            }

            // Writes the entries for 3, 5, ... 15 times the affine point in the first entry. Each is the one before plus twice the point;
            // `chord` leaves twice the point on the denominator of the sum, so that none has to be brought there. The
            // special sums cannot occur: no multiple below 17 of a point is at infinity.
            function storeMultiples(entry) {
                store(add(entry, 128), ONE_HIGH, ONE_LOW)
                store(add(entry, 192), ONE_HIGH, ONE_LOW)
                store(add(entry, 256), ONE_HIGH, ONE_LOW)
                mcopy(X, entry, 192)
                double()
                mcopy(TWICE, X, 128)
                // The point itself with the denominator Z = 2 * y: x * Z^2 = 4 * x * y^2 and y * Z^3 = 8 * y^4.
                let yh, yl := square(mload(add(entry, 64)), mload(add(entry, 96)))
                let h, l := multiply(mload(entry), mload(add(entry, 32)), yh, yl)
                store(X, or(shl(2, h), shr(254, l)), shl(2, l))
                h, l := square(yh, yl)
                store(Y, or(shl(3, h), shr(253, l)), shl(3, l))

                for { let i := 1 } lt(i, ENTRIES) { i := add(i, 1) } {
                    entry := add(entry, ENTRY_BYTES)
                    h, l := difference(mload(Y), mload(add(Y, 32)), mload(add(TWICE, 64)), mload(add(TWICE, 96)))
                    store(DY, h, l)
                    h, l := difference(mload(X), mload(add(X, 32)), mload(TWICE), mload(add(TWICE, 32)))
                    store(DX, h, l)
                    h, l := multiply(mload(Z), mload(add(Z, 32)), h, l)
                    store(Z, h, l)
                    chord(TWICE, add(TWICE, 64))
                    mcopy(TWICE, SAME, 128)
                    mcopy(entry, X, 192)
                    let zh, zl := square(h, l)
                    store(add(entry, 192), zh, zl)
                    h, l := multiply(h, l, zh, zl)
                    store(add(entry, 256), h, l)
                }
            }

            // Whether y^2 = x * (x^2 - 3) + b.
            function isOnCurve(point) -> yes {
                let h, l := square(mload(point), mload(add(point, 32)))
                h, l := subtract(h, l, mul(3, ONE_HIGH), ONE_LOW)
                h, l := multiply(mload(point), mload(add(point, 32)), h, l)
                l := add(l, B_LOW)
                h := add(add(h, B_HIGH), lt(l, B_LOW))
                let yh, yl := square(mload(add(point, 64)), mload(add(point, 96)))
                h, l := subtract(yh, yl, h, l)
                h, l := multiply(h, l, ONE_HIGH, ONE_LOW)
                yes := isZeroProduct(h, l)
            }

            /* SCALARS */

            // Writes signed odd digits d (as d modulo 32) of which at least four zeros follow each, lowest first.
            function storeDigits(scalar, digits) {
                for {} scalar {} {
                    if iszero(and(scalar, 1)) {
                        scalar := shr(1, scalar)
                        digits := add(digits, 1)
                        continue
                    }
                    let digit := and(scalar, 31)
                    mstore8(digits, digit)
                    scalar := shr(5, add(scalar, shl(5, gt(digit, 15))))
                    digits := add(digits, 5)
                }
            }

            // Four of the comb's teeth: the bits 0, 48, 96 and 144.
            function gather(bits) -> index {
                index := and(shr(141, mul(and(bits, COMB), GATHER)), 15)
            }

            function addGeneratorMultiple(from, index) {
                extcodecopy(from, COPIED, add(1, mul(TABLE_POINT_BYTES, sub(index, 1))), TABLE_POINT_BYTES)
                store(G_MULTIPLE, shr(128, mload(COPIED)), mload(add(COPIED, 16)))
                store(add(G_MULTIPLE, 64), shr(128, mload(add(COPIED, 48))), mload(add(COPIED, 64)))
                addAffine(G_MULTIPLE)
            }

            /* ARGUMENTS */

            function refuse() {
                mstore(0, 0)
                return(0, 32)
            }

            function load(at) -> h, l {
                h := shr(128, mload(at))
                l := mload(add(at, 16))
            }

            // Stores an affine point in Montgomery form. Refuses one that is not on the curve.
            function storePoint(point, xh, xl, yh, yl) {
                if iszero(and(isBelow(xh, xl, P_HIGH, P_LOW), isBelow(yh, yl, P_HIGH, P_LOW))) { refuse() }
                xh, xl := multiply(xh, xl, SHIFT_HIGH, SHIFT_LOW)
                yh, yl := multiply(yh, yl, SHIFT_HIGH, SHIFT_LOW)
                store(point, xh, xl)
                store(add(point, 64), yh, yl)
                if iszero(isOnCurve(point)) { refuse() }
            }

            // Refuses unless a * b = c * d modulo the order.
            function requireEqualProducts(ah, al, bh, bl, ch, cl, dh, dl) {
                ah, al := multiplyModuloOrder(ah, al, bh, bl)
                ch, cl := multiplyModuloOrder(ch, cl, dh, dl)
                if or(xor(ah, ch), xor(al, cl)) { refuse() }
            }

            numbers := add(numbers, 32)
            let v := shr(64, mload(add(numbers, V_AT)))
            let w := shr(64, mload(add(numbers, W_AT)))
            let flags := byte(0, mload(add(numbers, FLAGS_AT)))
            if or(iszero(v), gt(flags, 3)) { refuse() }

            {
                let rh, rl := load(add(numbers, R_AT))
                let sh, sl := load(add(numbers, S_AT))
                if iszero(and(isBelow(rh, rl, N_HIGH, N_LOW), isBelow(sh, sl, N_HIGH, N_LOW))) { refuse() }
                if or(iszero(or(rh, rl)), iszero(or(sh, sl))) { refuse() }

                // w * s = v * r and t * s = v * z
                let vh := 0
                let vl := v
                if and(flags, NEGATED) {
                    vh := sub(N_HIGH, gt(v, N_LOW))
                    vl := sub(N_LOW, v)
                }
                requireEqualProducts(0, w, sh, sl, vh, vl, rh, rl)
                let th, tl := load(add(numbers, T_AT))
                let zh, zl := load(add(numbers, DIGEST_AT))
                requireEqualProducts(th, tl, sh, sl, vh, vl, zh, zl)
            }
            {
                let xh, xl := load(add(numbers, QX_AT))
                let yh, yl := load(add(numbers, QY_AT))
                storePoint(Q_MULTIPLES, xh, xl, yh, yl)
            }
            {
                let xh, xl := load(add(numbers, R_AT))
                if and(flags, X_ABOVE_ORDER) {
                    xl := add(xl, N_LOW)
                    xh := add(add(xh, N_HIGH), lt(xl, N_LOW))
                }
                // -R has P - y, which `storePoint` refuses when y is not below P.
                let yh, yl := load(add(numbers, RY_AT))
                storePoint(R_MULTIPLES, xh, xl, sub(sub(P_HIGH, yh), gt(yl, P_LOW)), sub(P_LOW, yl))
            }

            /* THE SUM */

            storeMultiples(Q_MULTIPLES)
            storeMultiples(R_MULTIPLES)
            store(add(G_MULTIPLE, 128), ONE_HIGH, ONE_LOW)
            storeDigits(w, W_DIGITS)
            storeDigits(v, V_DIGITS)
            let tHigh, tLow := load(add(numbers, T_AT))
            tHigh := or(shl(64, tHigh), shr(192, tLow))

            store(X, ONE_HIGH, ONE_LOW)
            store(Y, ONE_HIGH, ONE_LOW)
            store(Z, 0, 0)
            for { let i := DIGITS } i {} {
                i := sub(i, 1)
                double()
                let digit := byte(0, mload(add(W_DIGITS, i)))
                if digit { addDigit(digit, Q_MULTIPLES) }
                digit := byte(0, mload(add(V_DIGITS, i)))
                if digit { addDigit(digit, R_MULTIPLES) }
                if lt(i, SPACING) {
                    let index := or(shl(4, gather(shr(i, tHigh))), gather(shr(i, tLow)))
                    if index { addGeneratorMultiple(table, index) }
                }
            }
            valid := isZero(Z)
        }
    }
}
