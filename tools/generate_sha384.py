"""Writes contracts/crypto/Sha384.sol, which is unrolled; --check only compares it."""

from __future__ import annotations

from math import isqrt
from pathlib import Path

from generated_files import write_or_check

TARGET = Path(__file__).resolve().parent.parent / "contracts" / "crypto" / "Sha384.sol"
ROUNDS = 80
BLOCK_WORDS = 16
STATE = 0x80
"""Memory of the state before the block."""
SCHEDULE = 0x1A0
"""Memory of the message schedule: word i lies in the lower half of the 16 bytes at SCHEDULE + 16 * i."""
MESSAGE = SCHEDULE + 16 * ROUNDS + 0x20
"""Memory of the padded message."""
NAMES = "abcdefgh"
INDENT = " " * 16
HEAD = """\
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
"""


def primes(count: int) -> list[int]:
    """The first prime numbers."""
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def cube_root(value: int) -> int:
    """The integer part of the cube root."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def round_constants() -> list[int]:
    """The first 64 bits of the fractional parts of the cube roots of the first 80 primes."""
    return [cube_root(prime << 192) % 2**64 for prime in primes(ROUNDS)]


def initial_state() -> list[int]:
    """The first 64 bits of the fractional parts of the square roots of the 9th to the 16th prime."""
    return [isqrt(prime << 128) % 2**64 for prime in primes(16)[8:]]


def rotations(first: int, second: int, third: int) -> str:
    """Exclusive or of three rotations to the right of the word that stands twice in x."""
    return f"xor(xor(shr({first}, x), shr({second}, x)), shr({third}, x))"


def schedule_pair(index: int) -> list[str]:
    """Statements that compute the words `index` and `index` + 1 of the schedule."""

    def pair(back: int) -> str:
        return f"mload(0x{SCHEDULE + 16 * (index - back):x})"

    return [
        "{",
        f"    let y := {pair(2)}",
        "    let x := mul(y, twice)",
        "    y := and(xor(xor(shr(19, x), shr(61, x)), shr(6, y)), masks)",
        f"    let z := {pair(15)}",
        "    x := mul(z, twice)",
        f"    mstore(0x{SCHEDULE + 16 * index:x}, "
        "and(add(add(y, and(xor(xor(shr(1, x), shr(8, x)), shr(7, z)), masks)), "
        f"add({pair(7)}, {pair(16)})), masks))",
        "}",
    ]


def compression_round(index: int, constant: int) -> list[str]:
    """Statements of one round. The variables move on by one name each round."""
    a, b, c, d, e, f, g, h = (NAMES[(position - index) % 8] for position in range(8))
    word = f"mload(0x{SCHEDULE + 16 * index - 16:x})"
    return [
        "{",
        f"    let x := mul({e}, twice)",
        f"    let w := add(add(add({h}, {word}), 0x{constant:016x}), "
        f"add({rotations(14, 18, 41)}, xor({g}, and({e}, xor({f}, {g})))))",
        f"    {d} := and(add({d}, w), mask)",
        f"    x := mul({a}, twice)",
        f"    {h} := and(add(w, add({rotations(28, 34, 39)}, "
        f"xor({b}, and(xor({a}, {b}), xor({b}, {c}))))), mask)",
        "}",
    ]


def block_statements() -> list[str]:
    """Statements that add one block of the message, at `chunk`, to the state."""
    lines = [f"mstore(0x{STATE + 32 * i:x}, {name})" for i, name in enumerate(NAMES)]
    # From the last word to the first: each store clears the 24 bytes before its word.
    for i in reversed(range(BLOCK_WORDS)):
        source = "chunk" if i == 0 else f"add(chunk, {8 * i})"
        lines.append(f"mstore(0x{SCHEDULE + 16 * i - 16:x}, shr(192, mload({source})))")
    for i, constant in enumerate(round_constants()):
        if i >= BLOCK_WORDS and i % 2 == 0:
            lines += schedule_pair(i)
        lines += compression_round(i, constant)
    for i, name in enumerate(NAMES):
        lines.append(f"{name} := and(add({name}, mload(0x{STATE + 32 * i:x})), mask)")
    return lines


def render() -> str:
    """The text of the contract."""
    setup = [
        "// The message, a one bit, zeros, and its length in bits as 16 bytes: whole blocks of 128 bytes.",
        f"calldatacopy(0x{MESSAGE:x}, data.offset, data.length)",
        f"let end := add(0x{MESSAGE:x}, and(add(data.length, 144), not(127)))",
        f"mstore8(add(0x{MESSAGE:x}, data.length), 0x80)",
        "mstore(sub(end, 8), shl(195, data.length))",
        "// 2^64 - 1, the same twice at a distance of 128 bits, and the factor that writes a word twice.",
        "// They are variables because the compiler would compute constants again for each use.",
        "let mask := 0xffffffffffffffff",
        "let masks := 0xffffffffffffffff0000000000000000ffffffffffffffff",
        "let twice := 0x10000000000000001",
        *(f"let {name} := 0x{value:016x}" for name, value in zip(NAMES, initial_state(), strict=True)),
        f"for {{ let chunk := 0x{MESSAGE:x} }} lt(chunk, end) {{ chunk := add(chunk, 128) }} {{",
    ]
    result = [
        "}",
        "high := or(or(shl(192, a), shl(128, b)), or(shl(64, c), d))",
        "low := or(shl(192, e), shl(128, f))",
    ]
    outer = " " * 12
    lines = [outer + line for line in setup]
    lines += [INDENT + line for line in block_statements()]
    lines += [outer + line for line in result]
    return HEAD + "\n".join(lines) + "\n        }\n    }\n}\n"


def main() -> int:
    """Writes or checks the file; the exit code is 1 when the check fails."""
    return write_or_check({TARGET: render()})


if __name__ == "__main__":
    raise SystemExit(main())
