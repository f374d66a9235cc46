// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {
    HIGH_LIFT_HIGH,
    HIGH_LIFT_LOW,
    LIFT_HIGH,
    LIFT_LOW,
    N_HIGH,
    N_LOW,
    ONE_HIGH,
    ONE_LOW,
    P_HIGH,
    P_LOW
} from "../../../contracts/crypto/P384Constants.sol";
import {P384Field} from "../../../contracts/crypto/P384Field.sol";
import {P384Numbers} from "../../../contracts/crypto/P384Numbers.sol";
import {P384Order} from "../../../contracts/crypto/P384Order.sol";
import {A, B, MEMORY_END, ONE, Register, X} from "../../../contracts/crypto/P384Registers.sol";

/// A number of two words.
struct Number {
    uint256 high;
    uint256 low;
}

/// The libraries, with registers for each call.
contract P384Arithmetic {
    function multiply(Number memory a, Number memory b) external pure returns (Number memory) {
        _load(a, b);
        P384Field.multiply(X, A, B);
        return _read(X);
    }

    function multiplyIntoFirst(Number memory a, Number memory b) external pure returns (Number memory) {
        _load(a, b);
        P384Field.multiply(A, A, B);
        return _read(A);
    }

    function square(Number memory a) external pure returns (Number memory) {
        _load(a, a);
        P384Field.square(A, A);
        return _read(A);
    }

    function add(Number memory a, Number memory b, uint256 bits) external pure returns (Number memory) {
        _load(a, b);
        P384Field.add(A, A, B, bits);
        return _read(A);
    }

    function subtract(Number memory a, Number memory b, uint256 bits) external pure returns (Number memory) {
        _load(a, b);
        P384Field.subtract(B, A, B, bits);
        return _read(B);
    }

    function difference(Number memory a, uint256 bits, Number memory b) external pure returns (Number memory) {
        _load(a, b);
        P384Field.difference(A, A, bits, B);
        return _read(A);
    }

    function isZero(Number memory a) external pure returns (bool) {
        _load(a, a);
        return P384Field.isZero(A);
    }

    function multiplyModuloOrder(Number memory a, Number memory b) external pure returns (Number memory) {
        (uint256 h, uint256 l) = P384Order.multiply(a.high, a.low, b.high, b.low);
        return Number(h, l);
    }

    /// The arguments stand where the registers are.
    function _load(Number memory a, Number memory b) private pure {
        (uint256 ah, uint256 al, uint256 bh, uint256 bl) = (a.high, a.low, b.high, b.low);
        assembly ("memory-safe") {
            mstore(0x40, MEMORY_END)
        }
        ONE.store(ONE_HIGH, ONE_LOW);
        A.store(ah, al);
        B.store(bh, bl);
    }

    function _read(Register register) private pure returns (Number memory number) {
        uint256 h;
        uint256 l;
        assembly ("memory-safe") {
            h := mload(register)
            l := mload(add(register, 32))
        }
        return Number(h, l);
    }
}

/// What must come out is computed with sums and bits only.
contract P384FieldTest is Test {
    /// Upper words of what operands are below: 2^446, with which products are right; 2^402 for a factor; 2^393 for a
    /// coordinate; and a product.
    uint256 private constant LIMIT_HIGH = 1 << 190;
    uint256 private constant FACTOR_HIGH = 1 << 146;
    uint256 private constant COORDINATE_HIGH = 1 << 137;
    uint256 private constant PRODUCT_HIGH = (1 << 128) + (1 << 64);
    uint256 private constant BITS = 512;

    P384Arithmetic private arithmetic = new P384Arithmetic();

    function testFuzz_multiply(Number memory a, Number memory b) public view {
        this.checkProduct(_below(a, LIMIT_HIGH), _below(b, LIMIT_HIGH));
        this.checkProduct(_below(a, FACTOR_HIGH), _below(b, FACTOR_HIGH));
    }

    function test_multiply_edges() public view {
        Number[12] memory edges = [
            Number(0, 0),
            Number(0, 1),
            Number(0, type(uint256).max),
            Number(1, 0),
            Number(P_HIGH, P_LOW - 1),
            Number(P_HIGH, P_LOW),
            Number(P_HIGH, P_LOW + 1),
            Number(P_HIGH + 1, 0),
            Number(FACTOR_HIGH - 1, 0),
            Number(FACTOR_HIGH - 1, type(uint256).max),
            Number(LIMIT_HIGH - 1, 0),
            Number(LIMIT_HIGH - 1, type(uint256).max)
        ];
        for (uint256 i; i < edges.length; ++i) {
            for (uint256 j; j < edges.length; ++j) {
                this.checkProduct(edges[i], edges[j]);
            }
        }
    }

    function testFuzz_square(Number memory a) public view {
        a = _below(a, LIMIT_HIGH);
        _assertEqual(arithmetic.square(a), arithmetic.multiply(a, a));
    }

    function testFuzz_add(Number memory a, Number memory b, uint256 bits) public view {
        (a, b, bits) = (_below(a, FACTOR_HIGH), _below(b, FACTOR_HIGH), bits % 4);
        _assertEqual(arithmetic.add(a, b, bits), _sum(a, _shift(b, bits)));
    }

    function testFuzz_subtract(Number memory a, Number memory b, uint256 bits) public view {
        (a, b, bits) = (_below(a, FACTOR_HIGH), _below(b, PRODUCT_HIGH), bits % 4);
        Number memory difference = arithmetic.subtract(a, b, bits);
        _assertEqual(_sum(difference, _shift(b, bits)), _sum(a, Number(LIFT_HIGH, LIFT_LOW)));
        assertLt(difference.high, a.high + LIFT_HIGH + 2, "no borrow");
    }

    function testFuzz_difference(Number memory a, Number memory b, uint256 bits) public view {
        (a, b, bits) = (_below(a, PRODUCT_HIGH), _below(b, COORDINATE_HIGH), bits % 4);
        Number memory difference = arithmetic.difference(a, bits, b);
        _assertEqual(_sum(difference, b), _sum(_shift(a, bits), Number(HIGH_LIFT_HIGH, HIGH_LIFT_LOW)));
        assertLt(difference.high, _shift(a, bits).high + HIGH_LIFT_HIGH + 2, "no borrow");
    }

    function testFuzz_isZero(uint56 factor, uint256 excess) public view {
        Number memory multiple = _multiple(factor);
        assertTrue(arithmetic.isZero(multiple), "a multiple of P");
        assertFalse(arithmetic.isZero(_sum(multiple, Number(0, bound(excess, 1, type(uint256).max)))), "none");
    }

    function testFuzz_multiplyModuloOrder(Number memory a, Number memory b) public view {
        (a, b) = (_below(a, 1 << 128), _below(b, 1 << 128));
        Number memory product = arithmetic.multiplyModuloOrder(a, b);
        assertTrue(_isBelow(product, Number(N_HIGH, N_LOW)), "not reduced");
        _assertProduct(product, a, b, Number(N_HIGH, N_LOW));
    }

    /// A call of its own, because what must come out takes much memory.
    function checkProduct(Number memory a, Number memory b) external view {
        Number memory product = arithmetic.multiply(a, b);
        bool small = a.high < FACTOR_HIGH && b.high < FACTOR_HIGH;
        assertLt(product.high, small ? PRODUCT_HIGH : 2 * P_HIGH, "too large");
        _assertProduct(product, a, b, Number(P_HIGH, P_LOW));
        _assertEqual(arithmetic.multiplyIntoFirst(a, b), product);
    }

    /// product * 2^256 = a * b
    function _assertProduct(Number memory product, Number memory a, Number memory b, Number memory modulus)
        private
        pure
    {
        _assertEqual(_productModulo(product, Number(1, 0), modulus), _productModulo(a, b, modulus));
    }

    function _assertEqual(Number memory a, Number memory b) private pure {
        assertEq(a.high, b.high, "high");
        assertEq(a.low, b.low, "low");
    }

    function _productModulo(Number memory a, Number memory b, Number memory modulus)
        private
        pure
        returns (Number memory product)
    {
        a = _modulo(a, modulus);
        for (uint256 i = BITS; i > 0; --i) {
            product = _reduce(_shift(product, 1), modulus);
            if (_bit(b, i - 1)) product = _reduce(_sum(product, a), modulus);
        }
    }

    function _modulo(Number memory a, Number memory modulus) private pure returns (Number memory rest) {
        for (uint256 i = BITS; i > 0; --i) {
            rest = _shift(rest, 1);
            if (_bit(a, i - 1)) rest = _sum(rest, Number(0, 1));
            rest = _reduce(rest, modulus);
        }
    }

    /// For numbers below twice the modulus.
    function _reduce(Number memory a, Number memory modulus) private pure returns (Number memory) {
        if (_isBelow(a, modulus)) return a;
        (uint256 h, uint256 l) = P384Numbers.subtract(a.high, a.low, modulus.high, modulus.low);
        return Number(h, l);
    }

    function _multiple(uint56 factor) private pure returns (Number memory multiple) {
        for (uint256 i = 56; i > 0; --i) {
            multiple = _shift(multiple, 1);
            if (factor >> i - 1 & 1 == 1) multiple = _sum(multiple, Number(P_HIGH, P_LOW));
        }
    }

    function _bit(Number memory a, uint256 i) private pure returns (bool) {
        return (i < 256 ? a.low >> i : a.high >> i - 256) & 1 == 1;
    }

    function _sum(Number memory a, Number memory b) private pure returns (Number memory) {
        (uint256 h, uint256 l) = P384Numbers.add(a.high, a.low, b.high, b.low);
        return Number(h, l);
    }

    function _shift(Number memory a, uint256 bits) private pure returns (Number memory) {
        for (; bits > 0; --bits) {
            a = _sum(a, a);
        }
        return a;
    }

    function _isBelow(Number memory a, Number memory b) private pure returns (bool) {
        return P384Numbers.isBelow(a.high, a.low, b.high, b.low);
    }

    function _below(Number memory a, uint256 high) private pure returns (Number memory) {
        return Number(a.high % high, a.low);
    }
}
