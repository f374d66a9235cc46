// SPDX-License-Identifier: MIT
// Written by tools/generate_sha384.py.
pragma solidity 0.8.30;

import {ISha384} from "../interfaces/ISha384.sol";

/// @title SHA-384, unrolled
/// @notice FIPS 180-4 with its 80 rounds written out: variables change their names instead of their places.
/// @dev A 64-bit word that is to be rotated stands twice in one EVM word: a shift is then a rotation. The
/// message schedule is computed for two words at once, 128 bits apart. Whatever the shifts leave above the 64
/// bits of a word is masked before an addition could carry it into another word. Memory is laid out by hand;
/// the function allocates nothing else.
contract Sha384 is ISha384 {
    /// @inheritdoc ISha384
    function hash(bytes calldata data) external pure returns (bytes32 high, bytes16 low) {
        // forgefmt: disable-next-item
        assembly {
            // The message, a one bit, zeros, and its length in bits as 16 bytes: whole blocks of 128 bytes.
            calldatacopy(0x6c0, data.offset, data.length)
            let end := add(0x6c0, and(add(data.length, 144), not(127)))
            mstore8(add(0x6c0, data.length), 0x80)
            mstore(sub(end, 8), shl(195, data.length))
            // 2^64 - 1, the same twice at a distance of 128 bits, and the factor that writes a word twice.
            // They are variables because the compiler would compute constants again for each use.
            let mask := 0xffffffffffffffff
            let masks := 0xffffffffffffffff0000000000000000ffffffffffffffff
            let twice := 0x10000000000000001
            let a := 0xcbbb9d5dc1059ed8
            let b := 0x629a292a367cd507
            let c := 0x9159015a3070dd17
            let d := 0x152fecd8f70e5939
            let e := 0x67332667ffc00b31
            let f := 0x8eb44a8768581511
            let g := 0xdb0c2e0d64f98fa7
            let h := 0x47b5481dbefa4fa4
            for { let chunk := 0x6c0 } lt(chunk, end) { chunk := add(chunk, 128) } {
                mstore(0x80, a)
                mstore(0xa0, b)
                mstore(0xc0, c)
                mstore(0xe0, d)
                mstore(0x100, e)
                mstore(0x120, f)
                mstore(0x140, g)
                mstore(0x160, h)
                mstore(0x280, shr(192, mload(add(chunk, 120))))
                mstore(0x270, shr(192, mload(add(chunk, 112))))
                mstore(0x260, shr(192, mload(add(chunk, 104))))
                mstore(0x250, shr(192, mload(add(chunk, 96))))
                mstore(0x240, shr(192, mload(add(chunk, 88))))
                mstore(0x230, shr(192, mload(add(chunk, 80))))
                mstore(0x220, shr(192, mload(add(chunk, 72))))
                mstore(0x210, shr(192, mload(add(chunk, 64))))
                mstore(0x200, shr(192, mload(add(chunk, 56))))
                mstore(0x1f0, shr(192, mload(add(chunk, 48))))
                mstore(0x1e0, shr(192, mload(add(chunk, 40))))
                mstore(0x1d0, shr(192, mload(add(chunk, 32))))
                mstore(0x1c0, shr(192, mload(add(chunk, 24))))
                mstore(0x1b0, shr(192, mload(add(chunk, 16))))
                mstore(0x1a0, shr(192, mload(add(chunk, 8))))
                mstore(0x190, shr(192, mload(chunk)))
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x190)), 0x428a2f98d728ae22), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x1a0)), 0x7137449123ef65cd), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x1b0)), 0xb5c0fbcfec4d3b2f), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x1c0)), 0xe9b5dba58189dbbc), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x1d0)), 0x3956c25bf348b538), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x1e0)), 0x59f111f1b605d019), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x1f0)), 0x923f82a4af194f9b), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x200)), 0xab1c5ed5da6d8118), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x210)), 0xd807aa98a3030242), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x220)), 0x12835b0145706fbe), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x230)), 0x243185be4ee4b28c), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x240)), 0x550c7dc3d5ffb4e2), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x250)), 0x72be5d74f27b896f), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x260)), 0x80deb1fe3b1696b1), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x270)), 0x9bdc06a725c71235), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x280)), 0xc19bf174cf692694), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x280)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x1b0)
                    x := mul(z, twice)
                    mstore(0x2a0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x230), mload(0x1a0))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x290)), 0xe49b69c19ef14ad2), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x2a0)), 0xefbe4786384f25e3), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x2a0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x1d0)
                    x := mul(z, twice)
                    mstore(0x2c0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x250), mload(0x1c0))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x2b0)), 0x0fc19dc68b8cd5b5), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x2c0)), 0x240ca1cc77ac9c65), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x2c0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x1f0)
                    x := mul(z, twice)
                    mstore(0x2e0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x270), mload(0x1e0))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x2d0)), 0x2de92c6f592b0275), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x2e0)), 0x4a7484aa6ea6e483), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x2e0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x210)
                    x := mul(z, twice)
                    mstore(0x300, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x290), mload(0x200))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x2f0)), 0x5cb0a9dcbd41fbd4), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x300)), 0x76f988da831153b5), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x300)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x230)
                    x := mul(z, twice)
                    mstore(0x320, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x2b0), mload(0x220))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x310)), 0x983e5152ee66dfab), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x320)), 0xa831c66d2db43210), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x320)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x250)
                    x := mul(z, twice)
                    mstore(0x340, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x2d0), mload(0x240))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x330)), 0xb00327c898fb213f), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x340)), 0xbf597fc7beef0ee4), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x340)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x270)
                    x := mul(z, twice)
                    mstore(0x360, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x2f0), mload(0x260))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x350)), 0xc6e00bf33da88fc2), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x360)), 0xd5a79147930aa725), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x360)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x290)
                    x := mul(z, twice)
                    mstore(0x380, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x310), mload(0x280))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x370)), 0x06ca6351e003826f), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x380)), 0x142929670a0e6e70), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x380)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x2b0)
                    x := mul(z, twice)
                    mstore(0x3a0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x330), mload(0x2a0))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x390)), 0x27b70a8546d22ffc), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x3a0)), 0x2e1b21385c26c926), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x3a0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x2d0)
                    x := mul(z, twice)
                    mstore(0x3c0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x350), mload(0x2c0))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x3b0)), 0x4d2c6dfc5ac42aed), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x3c0)), 0x53380d139d95b3df), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x3c0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x2f0)
                    x := mul(z, twice)
                    mstore(0x3e0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x370), mload(0x2e0))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x3d0)), 0x650a73548baf63de), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x3e0)), 0x766a0abb3c77b2a8), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x3e0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x310)
                    x := mul(z, twice)
                    mstore(0x400, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x390), mload(0x300))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x3f0)), 0x81c2c92e47edaee6), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x400)), 0x92722c851482353b), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x400)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x330)
                    x := mul(z, twice)
                    mstore(0x420, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x3b0), mload(0x320))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x410)), 0xa2bfe8a14cf10364), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x420)), 0xa81a664bbc423001), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x420)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x350)
                    x := mul(z, twice)
                    mstore(0x440, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x3d0), mload(0x340))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x430)), 0xc24b8b70d0f89791), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x440)), 0xc76c51a30654be30), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x440)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x370)
                    x := mul(z, twice)
                    mstore(0x460, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x3f0), mload(0x360))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x450)), 0xd192e819d6ef5218), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x460)), 0xd69906245565a910), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x460)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x390)
                    x := mul(z, twice)
                    mstore(0x480, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x410), mload(0x380))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x470)), 0xf40e35855771202a), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x480)), 0x106aa07032bbd1b8), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x480)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x3b0)
                    x := mul(z, twice)
                    mstore(0x4a0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x430), mload(0x3a0))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x490)), 0x19a4c116b8d2d0c8), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x4a0)), 0x1e376c085141ab53), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x4a0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x3d0)
                    x := mul(z, twice)
                    mstore(0x4c0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x450), mload(0x3c0))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x4b0)), 0x2748774cdf8eeb99), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x4c0)), 0x34b0bcb5e19b48a8), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x4c0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x3f0)
                    x := mul(z, twice)
                    mstore(0x4e0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x470), mload(0x3e0))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x4d0)), 0x391c0cb3c5c95a63), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x4e0)), 0x4ed8aa4ae3418acb), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x4e0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x410)
                    x := mul(z, twice)
                    mstore(0x500, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x490), mload(0x400))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x4f0)), 0x5b9cca4f7763e373), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x500)), 0x682e6ff3d6b2b8a3), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x500)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x430)
                    x := mul(z, twice)
                    mstore(0x520, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x4b0), mload(0x420))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x510)), 0x748f82ee5defb2fc), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x520)), 0x78a5636f43172f60), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x520)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x450)
                    x := mul(z, twice)
                    mstore(0x540, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x4d0), mload(0x440))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x530)), 0x84c87814a1f0ab72), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x540)), 0x8cc702081a6439ec), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x540)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x470)
                    x := mul(z, twice)
                    mstore(0x560, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x4f0), mload(0x460))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x550)), 0x90befffa23631e28), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x560)), 0xa4506cebde82bde9), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x560)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x490)
                    x := mul(z, twice)
                    mstore(0x580, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x510), mload(0x480))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x570)), 0xbef9a3f7b2c67915), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x580)), 0xc67178f2e372532b), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x580)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x4b0)
                    x := mul(z, twice)
                    mstore(0x5a0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x530), mload(0x4a0))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x590)), 0xca273eceea26619c), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x5a0)), 0xd186b8c721c0c207), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x5a0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x4d0)
                    x := mul(z, twice)
                    mstore(0x5c0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x550), mload(0x4c0))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x5b0)), 0xeada7dd6cde0eb1e), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x5c0)), 0xf57d4f7fee6ed178), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x5c0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x4f0)
                    x := mul(z, twice)
                    mstore(0x5e0, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x570), mload(0x4e0))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x5d0)), 0x06f067aa72176fba), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x5e0)), 0x0a637dc5a2c898a6), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x5e0)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x510)
                    x := mul(z, twice)
                    mstore(0x600, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x590), mload(0x500))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x5f0)), 0x113f9804bef90dae), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x600)), 0x1b710b35131c471b), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                {
                    let y := mload(0x600)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x530)
                    x := mul(z, twice)
                    mstore(0x620, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x5b0), mload(0x520))), masks))
                }
                {
                    let x := mul(e, twice)
                    let w := add(add(add(h, mload(0x610)), 0x28db77f523047d84), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g)))))
                    d := and(add(d, w), mask)
                    x := mul(a, twice)
                    h := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(b, and(xor(a, b), xor(b, c))))), mask)
                }
                {
                    let x := mul(d, twice)
                    let w := add(add(add(g, mload(0x620)), 0x32caab7b40c72493), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f)))))
                    c := and(add(c, w), mask)
                    x := mul(h, twice)
                    g := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(a, and(xor(h, a), xor(a, b))))), mask)
                }
                {
                    let y := mload(0x620)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x550)
                    x := mul(z, twice)
                    mstore(0x640, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x5d0), mload(0x540))), masks))
                }
                {
                    let x := mul(c, twice)
                    let w := add(add(add(f, mload(0x630)), 0x3c9ebe0a15c9bebc), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e)))))
                    b := and(add(b, w), mask)
                    x := mul(g, twice)
                    f := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(h, and(xor(g, h), xor(h, a))))), mask)
                }
                {
                    let x := mul(b, twice)
                    let w := add(add(add(e, mload(0x640)), 0x431d67c49c100d4c), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d)))))
                    a := and(add(a, w), mask)
                    x := mul(f, twice)
                    e := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(g, and(xor(f, g), xor(g, h))))), mask)
                }
                {
                    let y := mload(0x640)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x570)
                    x := mul(z, twice)
                    mstore(0x660, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x5f0), mload(0x560))), masks))
                }
                {
                    let x := mul(a, twice)
                    let w := add(add(add(d, mload(0x650)), 0x4cc5d4becb3e42b6), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c)))))
                    h := and(add(h, w), mask)
                    x := mul(e, twice)
                    d := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(f, and(xor(e, f), xor(f, g))))), mask)
                }
                {
                    let x := mul(h, twice)
                    let w := add(add(add(c, mload(0x660)), 0x597f299cfc657e2a), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b)))))
                    g := and(add(g, w), mask)
                    x := mul(d, twice)
                    c := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(e, and(xor(d, e), xor(e, f))))), mask)
                }
                {
                    let y := mload(0x660)
                    let x := mul(y, twice)
                    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)
                    let z := mload(0x590)
                    x := mul(z, twice)
                    mstore(0x680, and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), add(mload(0x610), mload(0x580))), masks))
                }
                {
                    let x := mul(g, twice)
                    let w := add(add(add(b, mload(0x670)), 0x5fcb6fab3ad6faec), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a)))))
                    f := and(add(f, w), mask)
                    x := mul(c, twice)
                    b := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(d, and(xor(c, d), xor(d, e))))), mask)
                }
                {
                    let x := mul(f, twice)
                    let w := add(add(add(a, mload(0x680)), 0x6c44198c4a475817), add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h)))))
                    e := and(add(e, w), mask)
                    x := mul(b, twice)
                    a := and(add(w, add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), xor(c, and(xor(b, c), xor(c, d))))), mask)
                }
                a := and(add(a, mload(0x80)), mask)
                b := and(add(b, mload(0xa0)), mask)
                c := and(add(c, mload(0xc0)), mask)
                d := and(add(d, mload(0xe0)), mask)
                e := and(add(e, mload(0x100)), mask)
                f := and(add(f, mload(0x120)), mask)
                g := and(add(g, mload(0x140)), mask)
                h := and(add(h, mload(0x160)), mask)
            }
            high := or(or(shl(192, a), shl(128, b)), or(shl(64, c), d))
            low := or(shl(192, e), shl(128, f))
        }
    }
}
