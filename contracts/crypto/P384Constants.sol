// SPDX-License-Identifier: MIT
// Written by tools/generate_p384.py.
pragma solidity ^0.8.30;

/// @dev The prime of the field: the bits above 2^256, and the word below.
uint256 constant P_HIGH = 0xffffffffffffffffffffffffffffffff;
uint256 constant P_LOW = 0xfffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff;

/// @dev 2^384 - P.
uint256 constant P_COMPLEMENT = 0x0000000000000000000000000000000100000000ffffffffffffffff00000001;

/// @dev 1 / (2^384 - P) modulo 2^256.
uint256 constant P_INVERSE = 0xfffffffcfffffffafffffffbfffffffe00000000000000010000000100000001;

/// @dev P modulo 2^256 - 1.
uint256 constant P_RESIDUE = 0xffffffffffffffffffffffffffffffffffffffff0000000000000000fffffffe;

/// @dev The order of the curve: the bits above 2^256, and the word below.
uint256 constant N_HIGH = 0xffffffffffffffffffffffffffffffff;
uint256 constant N_LOW = 0xffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973;

/// @dev 2^384 - N.
uint256 constant N_COMPLEMENT = 0x0000000000000000389cb27e0bc8d220a7e5f24db74f58851313e695333ad68d;

/// @dev 1 / (2^384 - N) modulo 2^256.
uint256 constant N_INVERSE = 0x78d4ba5866d61787ee6c8e3df45624ce54a885995d20bb2b6ed46089e88fdc45;

/// @dev N modulo 2^256 - 1.
uint256 constant N_RESIDUE = 0xffffffffffffffffc7634d81f4372de0581a0db248b0a77aecec196accc52972;

/// @dev 2^8 * P, added before a product is subtracted: the bits above 2^256, and the word below.
uint256 constant LIFT_HIGH = 0xffffffffffffffffffffffffffffffffff;
uint256 constant LIFT_LOW = 0xfffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff00;

/// @dev 2^16 * P, added before a coordinate is subtracted: the bits above 2^256, and the word below.
uint256 constant HIGH_LIFT_HIGH = 0xffffffffffffffffffffffffffffffffffff;
uint256 constant HIGH_LIFT_LOW = 0xfffffffffffffffffffffffffffeffffffff0000000000000000ffffffff0000;

/// @dev 1 in Montgomery form: the bits above 2^256, and the word below.
uint256 constant ONE_HIGH = 0x00000000000000000000000000000001;
uint256 constant ONE_LOW = 0x0000000000000000000000000000000000000000000000000000000000000000;

/// @dev 2^256 in Montgomery form, which takes numbers into that form: the bits above 2^256, and the word below.
uint256 constant SHIFT_HIGH = 0x00000000000000000000000000000001;
uint256 constant SHIFT_LOW = 0x00000000ffffffffffffffff0000000100000000000000000000000000000000;

/// @dev The coefficient b of the curve in Montgomery form: the bits above 2^256, and the word below.
uint256 constant B_HIGH = 0x798769361f9ee929a552b63d9d412dcc;
uint256 constant B_LOW = 0xcd08114b604fbff9b62b21f41f02209469afe2b7fb6d3882b30081345013875b;
