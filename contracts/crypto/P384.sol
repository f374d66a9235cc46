// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IP384} from "../interfaces/IP384.sol";
import {N_HIGH, N_LOW, ONE_HIGH, ONE_LOW, P_HIGH, P_LOW} from "./P384Constants.sol";
import {P384Multiples as Multiples} from "./P384Multiples.sol";
import {P384Numbers as Numbers} from "./P384Numbers.sol";
import {P384Order as Order} from "./P384Order.sol";
import {P384Points as Points} from "./P384Points.sol";
import {G_MULTIPLE, MEMORY_END, ONE, Q_MULTIPLES, R_MULTIPLES, V_DIGITS, W_DIGITS} from "./P384Registers.sol";
import {P384Scalars as Scalars} from "./P384Scalars.sol";
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
/// @dev From below: P384Numbers and P384Registers hold numbers of two words, P384Field and P384Order calculate modulo the
/// prime and modulo n, P384Points doubles and adds, P384Multiples has tables of multiples, P384Scalars the digits that
/// choose from them. The registers are at fixed places: nothing else may use memory while they are in use.
contract P384 is IP384 {
    /// @notice Multiples of the generator. Created by the constructor.
    address public immutable TABLE = address(new P384Table());

    uint256 private constant SIGNATURE_BYTES = 96;
    uint256 private constant PUBLIC_KEY_BYTES = 96;
    uint256 private constant HINT_BYTES = 145;

    /// @dev Places of the second numbers of the signature and of the key, and of what is in the hint.
    uint256 private constant S_AT = 48;
    uint256 private constant QY_AT = 48;
    uint256 private constant W_AT = 24;
    uint256 private constant T_AT = 48;
    uint256 private constant RY_AT = 96;
    uint256 private constant FLAGS_AT = 144;
    /// @dev Flags of the hint: v stands for -v, and y is that of -R; x of R is r + n.
    uint256 private constant NEGATED = 1;
    uint256 private constant X_ABOVE_ORDER = 2;

    /// @dev Digits of w and v, and bits between the teeth of the comb for G.
    uint256 private constant DIGITS = 193;
    uint256 private constant SPACING = 48;

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
        uint256 zh = uint256(hashHigh) >> 128;
        uint256 zl = uint256(hashHigh) << 128 | uint128(hashLow);
        if (!_fitsSignature(zh, zl, signature, hint)) return false;

        // The registers take the memory from 0x80 on, of which nothing is allocated yet.
        assembly ("memory-safe") {
            mstore(0x40, MEMORY_END)
        }
        ONE.store(ONE_HIGH, ONE_LOW);
        if (!_storeKey(publicKey) || !_storePointOfSignature(signature, hint)) return false;
        _sum(hint);
        return Points.isInfinity();
    }

    /// @dev Whether r and s are in range, v is not 0, w*s = v*r and t*s = v*z.
    function _fitsSignature(uint256 zh, uint256 zl, bytes calldata signature, bytes calldata hint)
        private
        pure
        returns (bool)
    {
        (uint256 vh, uint256 vl) = (0, _half(hint, 0));
        if (vl == 0 || _flags(hint) > NEGATED + X_ABOVE_ORDER) return false;
        if (_flags(hint) & NEGATED != 0) (vh, vl) = Numbers.subtract(N_HIGH, N_LOW, 0, vl);

        (uint256 sh, uint256 sl) = Numbers.read(signature, S_AT);
        (uint256 ah, uint256 al) = Numbers.read(signature, 0);
        if (!Order.isScalar(ah, al) || !Order.isScalar(sh, sl)) return false;
        if (!Order.areEqualProducts(vh, vl, ah, al, 0, _half(hint, W_AT), sh, sl)) return false;
        (ah, al) = Numbers.read(hint, T_AT);
        return Order.areEqualProducts(zh, zl, vh, vl, ah, al, sh, sl);
    }

    /// @dev Stores Q. False when it is not on the curve.
    function _storeKey(bytes calldata publicKey) private pure returns (bool) {
        (uint256 xh, uint256 xl) = Numbers.read(publicKey, 0);
        (uint256 yh, uint256 yl) = Numbers.read(publicKey, QY_AT);
        return Multiples.storePoint(Q_MULTIPLES, xh, xl, yh, yl);
    }

    /// @dev Stores -R. False when it is not on the curve.
    function _storePointOfSignature(bytes calldata signature, bytes calldata hint) private pure returns (bool) {
        (uint256 xh, uint256 xl) = Numbers.read(signature, 0);
        if (_flags(hint) & X_ABOVE_ORDER != 0) (xh, xl) = Numbers.add(xh, xl, N_HIGH, N_LOW);
        (uint256 yh, uint256 yl) = Numbers.read(hint, RY_AT);
        // This is above P for a y that is.
        (yh, yl) = Numbers.subtract(P_HIGH, P_LOW, yh, yl);
        return Multiples.storePoint(R_MULTIPLES, xh, xl, yh, yl);
    }

    /// @dev t*G + w*Q - v*R: one doubling for each bit of w and v, whose digits are added on the way; in the last 48
    /// rounds the columns of the comb for t, too.
    function _sum(bytes calldata hint) private view {
        Multiples.storeMultiples(Q_MULTIPLES);
        Multiples.storeMultiples(R_MULTIPLES);
        Multiples.storeOne(G_MULTIPLE);
        Scalars.storeDigits(_half(hint, W_AT), W_DIGITS);
        Scalars.storeDigits(_half(hint, 0), V_DIGITS);
        // The upper and the lower 192 bits of t.
        (uint256 th, uint256 tl) = Numbers.read(hint, T_AT);
        th = th << 64 | tl >> 192;

        address table = TABLE;
        Points.clear();
        for (uint256 i = DIGITS; i != 0;) {
            unchecked {
                --i;
            }
            Points.double();
            uint256 digit = Scalars.digitAt(W_DIGITS, i);
            if (digit != 0) Multiples.addDigit(digit, Q_MULTIPLES);
            digit = Scalars.digitAt(V_DIGITS, i);
            if (digit != 0) Multiples.addDigit(digit, R_MULTIPLES);
            if (i < SPACING) {
                uint256 index = Scalars.gather(th >> i) << 4 | Scalars.gather(tl >> i);
                if (index != 0) Multiples.addGeneratorMultiple(table, index);
            }
        }
    }

    /// @dev A number of 24 bytes of the hint.
    function _half(bytes calldata hint, uint256 at) private pure returns (uint256) {
        return uint192(bytes24(hint[at:at + 24]));
    }

    function _flags(bytes calldata hint) private pure returns (uint256) {
        return uint8(hint[FLAGS_AT]);
    }
}
