"""Reads how the Solidity verifier that ezkl generates evaluates the openings, and accounts for every line of it.

A proof opens its polynomials at sets of points p. For each set, the generated code computes a coefficient
for each point, evaluates the set with them, and divides by their sum. docs/zkml.md has the whole of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from prover.errors import VerifierSourceError
from prover.zkml.instance_sum import require_once

LAGRANGE: Final = "            // Compute lagrange evaluations and instance evaluation\n"
QUOTIENT: Final = "            // Compute quotient evavluation\n"
COMMITMENT: Final = "            // Compute quotient commitment\n"
PAIRING: Final = "            // Compute pairing lhs and rhs\n            {\n"
_SUM_OF_POINTS: Final = "                {\n                    let nu := mload(NU_MPTR)\n"
_WORD: Final = 0x20

_BLOCK = re.compile(r" {16}\{\n((?: {20}.*\n)+?) {16}\}\n")
_HEX: Final = r"0x[0-9a-f]+"
_POINT_LINES = re.compile(
    rf"""(?:[ ]{{20}}(?:
        let\ x\ :=\ mload\(X_MPTR\)
        |let\ omega\ :=\ mload\(OMEGA_MPTR\)
        |let\ omega_inv\ :=\ mload\(OMEGA_INV_MPTR\)
        |(?:let\ )?x_pow_of_omega\ :=\ mulmod\((?:x|x_pow_of_omega),\ (?:omega|omega_inv),\ R\)
        |mstore\({_HEX},\ (?:x|x_pow_of_omega)\)
    )\n)+""",
    re.VERBOSE,
)
_STORED = re.compile(rf"mstore\(({_HEX}), ")
_DIFFERENCES: Final = """\
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
_PRODUCT_LINES = re.compile(
    rf"""(?:[ ]{{20}}(?:
        let\ (?:s|diff)
        |(s|diff)\ :=\ (?:1|mload\({_HEX}\)|mulmod\(\1,\ mload\({_HEX}\),\ R\))
        |mstore\({_HEX},\ (?:s|diff)\)
    )\n)+""",
    re.VERBOSE,
)
_POINT = re.compile(r"let point_(\d+) := ")
_INVERSION: Final = "                    success := batch_invert(success, 0, {end})\n"
_NORMALISATION = re.compile(
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
_EVALUATED = re.compile(rf" {{20}}mstore\(({_HEX}), r_eval\)\n\Z")
_COPY_AND_INVERSION: Final = """\
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
_LAST: Final = """\
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
_STORE = re.compile(r"mstore\((\w+|add\(\w+, 0x\w+\)), ")
_CALL = re.compile(r"(\w+)\(")
_READS_AND_ARITHMETIC: Final = {"add", "addmod", "calldataload", "lt", "mload", "mstore", "mulmod", "pop", "sub"}
_BETWEEN: Final = (
    (
        LAGRANGE,
        QUOTIENT,
        {"batch_invert", "sum_instances"},
        {"mptr", "mptr_end", "add(mptr_end, 0x20)", "X_N_MPTR", "X_N_MINUS_1_INV_MPTR"}
        | {"L_LAST_MPTR", "L_BLIND_MPTR", "L_0_MPTR", "INSTANCE_EVAL_MPTR"},
    ),
    (QUOTIENT, COMMITMENT, set[str](), {"0x00", "QUOTIENT_EVAL_MPTR"}),
    (
        COMMITMENT,
        PAIRING,
        {"ec_mul_acc", "ec_add_acc"},
        {"0x00", "0x20", "QUOTIENT_X_MPTR", "QUOTIENT_Y_MPTR"},
    ),
)
"""What the sections between the two places may call, and where they may write."""


@dataclass(frozen=True)
class Openings:
    """The parts of the evaluation of the openings."""

    text: str
    """All of it."""
    factors: str
    """Blocks that write the numbers to be inverted to memory[0x00..end]; they need nothing but challenges."""
    end: int
    normalisation: str
    """Follows the inversion of these numbers, and is the last that needs the one at 0x00."""
    evaluations: str
    """One block for each set of points."""
    differences: tuple[tuple[int, ...], ...]
    """Memory addresses of mu - p for each point p of each set."""
    last: str
    """Divides each evaluation by the sum of its set's coefficients; their inverses are in memory from 0x00 on."""

    @property
    def product(self) -> int:
        """Memory address of the product of all the numbers, the last of those behind them."""
        return 2 * self.end - 2 * _WORD


def find_openings(source: str) -> Openings:
    """Finds the parts.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates.
    """
    for part in (LAGRANGE, QUOTIENT, COMMITMENT, PAIRING, _SUM_OF_POINTS):
        require_once(source, part)
    for start, end, calls, targets in _BETWEEN:
        _require_only(source[source.index(start) : source.index(end)], calls, targets)
    text = source[source.index(PAIRING) + len(PAIRING) : source.index(_SUM_OF_POINTS)]
    blocks: list[str] = _BLOCK.findall(text)
    if "".join(map(_braced, blocks)) != text:
        raise VerifierSourceError("the evaluation of the openings is no list of blocks")
    sets = sum(block.lstrip().startswith("let point_") for block in blocks)
    if not sets or len(blocks) != 3 * sets + 4:
        raise VerifierSourceError(f"{len(blocks)} blocks evaluate {sets} sets of points")
    return _read(text, blocks, sets)


def _read(text: str, blocks: list[str], sets: int) -> Openings:
    points = _read_points(blocks[0])
    _require_differences(blocks[1], points)
    used, end = _read_coefficients(blocks[2 : 2 + sets], points)
    inversion = _INVERSION.format(end=_hex(end))
    after = blocks[2 + sets].removeprefix(inversion)
    _require(blocks[2 + sets] == inversion + after and _NORMALISATION.fullmatch(after), "the second inversion")
    evaluations, sums, last = blocks[3 + sets : 3 + 2 * sets], blocks[3 + 2 * sets : -1], blocks[-1]
    first_evaluation = _read_evaluations(evaluations)
    _require_sums(sums, [len(indices) for indices in used], first_evaluation + _WORD * sets)
    return Openings(
        text=text,
        factors="".join(map(_braced, blocks[: 2 + sets])),
        end=end,
        normalisation=after,
        evaluations="".join(map(_braced, evaluations)),
        differences=tuple(tuple(points.stop + _WORD * index for index in indices) for indices in used),
        last=_read_last(last, sets, first_evaluation),
    )


def _require_only(section: str, calls: set[str], targets: set[str]) -> None:
    """Refuses a section that calls or writes anything else: it could disturb what is moved across it."""
    stores = _STORE.findall(section)
    unknown = set(_CALL.findall(section)) - _READS_AND_ARITHMETIC - calls
    unknown |= set(stores) - targets
    if unknown or len(stores) != section.count("mstore("):
        raise VerifierSourceError(f"{section.strip().splitlines()[0]!r} has an unknown part: {sorted(unknown)}")


def _read_points(block: str) -> range:
    """Memory addresses of the points."""
    addresses = sorted(int(address, 16) for address in _STORED.findall(block))
    _require(_POINT_LINES.fullmatch(block), "the points")
    points = range(addresses[0], addresses[-1] + _WORD, _WORD)
    _require(addresses == list(points), "the addresses of the points")
    return points


def _require_differences(block: str, points: range) -> None:
    """The difference of mu and each point stands as far behind it as there are points."""
    end = points.stop + _WORD * len(points)
    loop = _DIFFERENCES.format(first=_hex(points.stop), end=_hex(end), point=_hex(points.start))
    after = block.removeprefix(loop)
    _require(block == loop + after and _PRODUCT_LINES.fullmatch(after), "the differences of mu and the points")


def _read_coefficients(blocks: list[str], points: range) -> tuple[list[list[int]], int]:
    """The points of each set, by number, and where the coefficients end in memory."""
    used, end = [], _WORD
    for block in blocks:
        indices = [int(index) for index in _POINT.findall(block)]
        _require(block == _coefficients(indices, points, end), "the coefficients of a set of points")
        used.append(indices)
        end += _WORD * len(indices)
    # behind them come as many products, less one
    _require(2 * end - _WORD <= points.start, "the place for the products")
    return used, end


def _coefficients(indices: list[int], points: range, first: int) -> str:
    lines = [f"let point_{index} := mload({_hex(points.start + _WORD * index)})" for index in indices]
    lines.append("let coeff")
    for position, index in enumerate(indices):
        factors = [f"addmod(point_{index}, sub(R, point_{other}), R)" for other in indices if other != index]
        lines.append(f"coeff := {factors[0] if factors else 1}")
        lines += [f"coeff := mulmod(coeff, {factor}, R)" for factor in factors[1:]]
        lines.append(f"coeff := mulmod(coeff, mload({_hex(points.stop + _WORD * index)}), R)")
        lines.append(f"mstore({_hex(first + _WORD * position)}, coeff)")
    return _lines(lines)


def _read_evaluations(blocks: list[str]) -> int:
    """Where the evaluations begin in memory."""
    found = [int(match[1], 16) for block in blocks if (match := _EVALUATED.search(block))]
    _require(found == list(range(found[0], found[0] + _WORD * len(blocks), _WORD)), "the evaluations")
    for block in blocks:
        _require_only(block, set(), {_hex(address) for address in found})
    return found[0]


def _require_sums(blocks: list[str], sizes: list[int], first_sum: int) -> None:
    coefficient = _WORD
    for index, (block, size) in enumerate(zip(blocks, sizes, strict=True)):
        words = [f"mload({_hex(coefficient + _WORD * position)})" for position in range(size)]
        lines = [f"let sum := {words[0]}", *(f"sum := addmod(sum, {word}, R)" for word in words[1:])]
        lines.append(f"mstore({_hex(first_sum + _WORD * index)}, sum)")
        _require(block == _lines(lines), "the sum of a set's coefficients")
        coefficient += _WORD * size


def _read_last(block: str, sets: int, first_evaluation: int) -> str:
    """The last block without its inversion."""
    end, last_evaluation = _WORD * sets, first_evaluation + _WORD * (sets - 1)
    inversion = _COPY_AND_INVERSION.format(end=_hex(end), sums=_hex(first_evaluation + end))
    last = _LAST.format(
        last_inverse=_hex(end - _WORD),
        last_evaluation=_hex(last_evaluation),
        inverse=_hex(end - 2 * _WORD),
        end=_hex(end),
        evaluation=_hex(last_evaluation - _WORD),
    )
    _require(block == inversion + last, "the third inversion")
    return last


def _require(expected: object, what: str) -> None:
    if not expected:
        raise VerifierSourceError(f"unknown text for {what}")


def _braced(block: str) -> str:
    return f"                {{\n{block}                }}\n"


def _lines(lines: list[str]) -> str:
    return "".join(f"                    {line}\n" for line in lines)


def _hex(address: int) -> str:
    """As ezkl writes addresses."""
    return f"{address:#04x}" if address < 0x100 else f"{address:#06x}"
