"""The text with which the Solidity verifier that ezkl generates evaluates the openings."""

from __future__ import annotations

import re
from typing import Final

BLOCK = re.compile(r" {16}\{\n((?: {20}.*\n)+?) {16}\}\n")
_HEX: Final = r"0x[0-9a-f]+"
POINT_LINES = re.compile(
    rf"""(?:[ ]{{20}}(?:
        let\ x\ :=\ mload\(X_MPTR\)
        |let\ omega\ :=\ mload\(OMEGA_MPTR\)
        |let\ omega_inv\ :=\ mload\(OMEGA_INV_MPTR\)
        |(?:let\ )?x_pow_of_omega\ :=\ mulmod\((?:x|x_pow_of_omega),\ (?:omega|omega_inv),\ R\)
        |mstore\({_HEX},\ (?:x|x_pow_of_omega)\)
    )\n)+""",
    re.VERBOSE,
)
STORED = re.compile(rf"mstore\(({_HEX}), ")
DIFFERENCES: Final = """\
                    let mu := mload(MU_MPTR)
                    for
                        {{
                            let mptr := {first}
                            let mptr_end := {end}
                            let point_mptr := {point}
                        }}
                        lt(mptr, mptr_end)
                        {{
                            mptr := add(mptr, 0x20)
                            point_mptr := add(point_mptr, 0x20)
                        }}
                    {{
                        mstore(mptr, addmod(mu, sub(R, mload(point_mptr)), R))
                    }}
"""
PRODUCT_LINES = re.compile(
    rf"""(?:[ ]{{20}}(?:
        let\ (?:s|diff)
        |(s|diff)\ :=\ (?:1|mload\({_HEX}\)|mulmod\(\1,\ mload\({_HEX}\),\ R\))
        |mstore\({_HEX},\ (?:s|diff)\)
    )\n)+""",
    re.VERBOSE,
)
POINT = re.compile(r"let point_(\d+) := ")
INVERSION: Final = "                    success := batch_invert(success, 0, {end})\n"
NORMALISATION = re.compile(
    rf""" {{20}}let diff_0_inv := mload\(0x00\)
 {{20}}mstore\({_HEX}, diff_0_inv\)
 {{20}}for
 {{24}}\{{
 {{28}}let mptr := {_HEX}
 {{28}}let mptr_end := {_HEX}
 {{24}}\}}
 {{24}}lt\(mptr, mptr_end\)
 {{24}}\{{ mptr := add\(mptr, 0x20\) \}}
 {{20}}\{{
 {{24}}mstore\(mptr, mulmod\(mload\(mptr\), diff_0_inv, R\)\)
 {{20}}\}}
"""
)
EVALUATED = re.compile(rf" {{20}}mstore\(({_HEX}), r_eval\)\n\Z")
COPY_AND_INVERSION: Final = """\
                    for
                        {{
                            let mptr := 0x00
                            let mptr_end := {end}
                            let sum_mptr := {sums}
                        }}
                        lt(mptr, mptr_end)
                        {{
                            mptr := add(mptr, 0x20)
                            sum_mptr := add(sum_mptr, 0x20)
                        }}
                    {{
                        mstore(mptr, mload(sum_mptr))
                    }}
                    success := batch_invert(success, 0, {end})
"""
LAST: Final = """\
                    let r_eval := mulmod(mload({last_inverse}), mload({last_evaluation}), R)
                    for
                        {{
                            let sum_inv_mptr := {inverse}
                            let sum_inv_mptr_end := {end}
                            let r_eval_mptr := {evaluation}
                        }}
                        lt(sum_inv_mptr, sum_inv_mptr_end)
                        {{
                            sum_inv_mptr := sub(sum_inv_mptr, 0x20)
                            r_eval_mptr := sub(r_eval_mptr, 0x20)
                        }}
                    {{
                        r_eval := mulmod(r_eval, mload(NU_MPTR), R)
                        r_eval := addmod(r_eval, mulmod(mload(sum_inv_mptr), mload(r_eval_mptr), R), R)
                    }}
                    mstore(R_EVAL_MPTR, r_eval)
"""


def braced(block: str) -> str:
    """A block with its braces."""
    return f"                {{\n{block}                }}\n"


def lines(statements: list[str]) -> str:
    """The inside of a block."""
    return "".join(f"                    {line}\n" for line in statements)


def hex_address(address: int) -> str:
    """As ezkl writes addresses."""
    return f"{address:#04x}" if address < 0x100 else f"{address:#06x}"
