"""Writes the constants and the generator's table of contracts/crypto/P384.sol; --check only compares them.

The table holds the 255 sums of the points G, 2^48*G, 2^96*G, ... 2^336*G: the factor of G is then read as 48
columns of eight bits, one table entry for each. Coordinates are in Montgomery form, multiplied by 2^256.
"""

from __future__ import annotations

from pathlib import Path

from generated_files import write_or_check

from veritally.attestation.p384 import CURVE_B, FIELD_PRIME, GENERATOR, ORDER, Point, combine

ROOT = Path(__file__).resolve().parent.parent
CONSTANTS = ROOT / "contracts" / "crypto" / "P384Constants.sol"
TABLE = ROOT / "contracts" / "crypto" / "P384Table.sol"
WORD = 2**256
TEETH = 8
SPACING = 48
BYTES_PER_LINE = 48
HEADER = """\
// SPDX-License-Identifier: MIT
// Written by tools/generate_p384.py.
pragma solidity ^0.8.30;
"""


def montgomery(value: int) -> int:
    """The representation of a field element in the contract."""
    return value * WORD % FIELD_PRIME


def split(name: str, value: int, meaning: str) -> str:
    """Two constants for a number of more than 256 bits."""
    high, low = divmod(value, WORD)
    return (
        f"\n/// @dev {meaning}: the bits above 2^256, and the word below.\n"
        f"uint256 constant {name}_HIGH = 0x{high:032x};\n"
        f"uint256 constant {name}_LOW = 0x{low:064x};\n"
    )


def word(name: str, value: int, meaning: str) -> str:
    """One constant."""
    return f"\n/// @dev {meaning}.\nuint256 constant {name} = 0x{value:064x};\n"


def modulus(name: str, value: int, meaning: str) -> str:
    """What reducing modulo `value` needs."""
    complement = 2**384 - value
    return (
        split(name, value, meaning)
        + word(f"{name}_COMPLEMENT", complement, f"2^384 - {name}")
        + word(f"{name}_INVERSE", pow(complement, -1, WORD), f"1 / (2^384 - {name}) modulo 2^256")
        + word(f"{name}_RESIDUE", value % (WORD - 1), f"{name} modulo 2^256 - 1")
    )


def render_constants() -> str:
    """The text of P384Constants.sol."""
    return (
        HEADER
        + modulus("P", FIELD_PRIME, "The prime of the field")
        + modulus("N", ORDER, "The order of the curve")
        + split("LIFT", FIELD_PRIME << 8, "2^8 * P, added before a product is subtracted")
        + split("HIGH_LIFT", FIELD_PRIME << 16, "2^16 * P, added before a coordinate is subtracted")
        + split("ONE", montgomery(1), "1 in Montgomery form")
        + split("SHIFT", montgomery(WORD), "2^256 in Montgomery form, which takes numbers into that form")
        + split("B", montgomery(CURVE_B), "The coefficient b of the curve in Montgomery form")
    )


def multiple(factor: int) -> Point:
    """`factor` * G, for factors that are no multiple of the order."""
    point = combine(factor, 0, GENERATOR)
    if point is None:
        raise ValueError(f"{factor} * G is the point at infinity")
    return point


def table_bytes() -> bytes:
    """A zero byte, so that the data cannot run as a program, and the 255 points."""
    content = b"\x00"
    for index in range(1, 2**TEETH):
        factor = sum(1 << SPACING * tooth for tooth in range(TEETH) if index >> tooth & 1)
        content += b"".join(montgomery(value).to_bytes(48) for value in multiple(factor))
    return content


def render_table() -> str:
    """The text of P384Table.sol."""
    content = table_bytes()
    lines = [content[i : i + BYTES_PER_LINE].hex() for i in range(0, len(content), BYTES_PER_LINE)]
    literal = "\n            ".join(f'hex"{line}"' for line in lines)
    return (
        HEADER
        + f"""
/// @title Multiples of the generator of P-384
/// @notice Has data instead of code: a zero byte, and for each i from 1 to {2**TEETH - 1} the point
/// sum(2^({SPACING} * j) * G for the bits j that are set in i), as x and y of 48 bytes each.
/// @dev In Montgomery form: times 2^256.
contract P384Table {{
    constructor() {{
        bytes memory data = {literal};
        assembly ("memory-safe") {{
            return(add(data, 32), mload(data))
        }}
    }}
}}
"""
    )


def main() -> int:
    """Writes or checks both files; the exit code is 1 when the check fails."""
    return write_or_check({CONSTANTS: render_constants(), TABLE: render_table()})


if __name__ == "__main__":
    raise SystemExit(main())
