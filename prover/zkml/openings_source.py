"""Reads how the generated Solidity verifier evaluates the openings, and accounts for every line of it.

A proof opens its polynomials at sets of points p. For each set, the generated code computes a coefficient
for each point, evaluates the set with them, and divides by their sum. docs/zkml.md has the whole of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from prover.errors import VerifierSourceError
from prover.zkml import openings_text
from prover.zkml.instance_sum import require_once
from prover.zkml.openings_text import braced, hex_address, lines

LAGRANGE: Final = "            // Compute lagrange evaluations and instance evaluation\n"
QUOTIENT: Final = "            // Compute quotient evavluation\n"
COMMITMENT: Final = "            // Compute quotient commitment\n"
PAIRING: Final = "            // Compute pairing lhs and rhs\n            {\n"
_SUM_OF_POINTS: Final = "                {\n                    let nu := mload(NU_MPTR)\n"
_WORD: Final = 0x20

_STORE = re.compile(r"mstore\((\w+|add\(\w+, 0x\w+\)), ")
_CALL = re.compile(r"(\w+)\(")
_READS_AND_ARITHMETIC: Final = frozenset(
    {"add", "addmod", "calldataload", "lt", "mload", "mstore", "mulmod", "pop", "sub"}
)
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
    """Divides each evaluation by the sum of its set's coefficients; reads the inverses from 0x00 on."""

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
    blocks: list[str] = openings_text.BLOCK.findall(text)
    if "".join(map(braced, blocks)) != text:
        raise VerifierSourceError("the evaluation of the openings is no list of blocks")
    sets = sum(block.lstrip().startswith("let point_") for block in blocks)
    if not sets or len(blocks) != 3 * sets + 4:
        raise VerifierSourceError(f"{len(blocks)} blocks evaluate {sets} sets of points")
    return _read(text, blocks, sets)


def _read(text: str, blocks: list[str], sets: int) -> Openings:
    points = _read_points(blocks[0])
    _require_differences(blocks[1], points)
    used, end = _read_coefficients(blocks[2 : 2 + sets], points)
    inversion = openings_text.INVERSION.format(end=hex_address(end))
    after = _after(blocks[2 + sets], inversion, openings_text.NORMALISATION, "the second inversion")
    evaluations, sums, last = blocks[3 + sets : 3 + 2 * sets], blocks[3 + 2 * sets : -1], blocks[-1]
    first_evaluation = _read_evaluations(evaluations)
    _require_sums(sums, [len(indices) for indices in used], first_evaluation + _WORD * sets)
    return Openings(
        text=text,
        factors="".join(map(braced, blocks[: 2 + sets])),
        end=end,
        normalisation=after,
        evaluations="".join(map(braced, evaluations)),
        differences=tuple(tuple(points.stop + _WORD * index for index in indices) for indices in used),
        last=_read_last(last, sets, first_evaluation),
    )


def _require_only(section: str, calls: set[str], targets: set[str]) -> None:
    """Refuses a section that calls or writes anything else: it could disturb what is moved across it."""
    stores = _STORE.findall(section)
    unknown = set(_CALL.findall(section)) - _READS_AND_ARITHMETIC - calls
    unknown |= set(stores) - targets
    if unknown or len(stores) != section.count("mstore("):
        name = section.strip().splitlines()[0]
        raise VerifierSourceError(f"{name!r} has an unknown part: {sorted(unknown)}")


def _read_points(block: str) -> range:
    """Memory addresses of the points."""
    addresses = sorted(int(address, 16) for address in openings_text.STORED.findall(block))
    _require(openings_text.POINT_LINES.fullmatch(block), "the points")
    points = range(addresses[0], addresses[-1] + _WORD, _WORD)
    _require(addresses == list(points), "the addresses of the points")
    return points


def _require_differences(block: str, points: range) -> None:
    """The difference of mu and each point stands as far behind it as there are points."""
    end = points.stop + _WORD * len(points)
    loop = openings_text.DIFFERENCES.format(
        first=hex_address(points.stop), end=hex_address(end), point=hex_address(points.start)
    )
    _after(block, loop, openings_text.PRODUCT_LINES, "the differences of mu and the points")


def _read_coefficients(blocks: list[str], points: range) -> tuple[list[list[int]], int]:
    """The points of each set, by number, and where the coefficients end in memory."""
    used, end = [], _WORD
    for block in blocks:
        indices = [int(index) for index in openings_text.POINT.findall(block)]
        _require(block == _coefficients(indices, points, end), "the coefficients of a set of points")
        used.append(indices)
        end += _WORD * len(indices)
    # behind them come as many products, less one
    _require(2 * end - _WORD <= points.start, "the place for the products")
    return used, end


def _coefficients(indices: list[int], points: range, first: int) -> str:
    statements = [
        f"let point_{index} := mload({hex_address(points.start + _WORD * index)})" for index in indices
    ]
    statements.append("let coeff")
    for position, index in enumerate(indices):
        factors = [f"addmod(point_{index}, sub(R, point_{other}), R)" for other in indices if other != index]
        statements.append(f"coeff := {factors[0] if factors else 1}")
        statements += [f"coeff := mulmod(coeff, {factor}, R)" for factor in factors[1:]]
        statements.append(f"coeff := mulmod(coeff, mload({hex_address(points.stop + _WORD * index)}), R)")
        statements.append(f"mstore({hex_address(first + _WORD * position)}, coeff)")
    return lines(statements)


def _read_evaluations(blocks: list[str]) -> int:
    """Where the evaluations begin in memory."""
    found = [int(match[1], 16) for block in blocks if (match := openings_text.EVALUATED.search(block))]
    _require(found == list(range(found[0], found[0] + _WORD * len(blocks), _WORD)), "the evaluations")
    for block in blocks:
        _require_only(block, set(), {hex_address(address) for address in found})
    return found[0]


def _require_sums(blocks: list[str], sizes: list[int], first_sum: int) -> None:
    coefficient = _WORD
    for index, (block, size) in enumerate(zip(blocks, sizes, strict=True)):
        words = [f"mload({hex_address(coefficient + _WORD * position)})" for position in range(size)]
        statements = [f"let sum := {words[0]}", *(f"sum := addmod(sum, {word}, R)" for word in words[1:])]
        statements.append(f"mstore({hex_address(first_sum + _WORD * index)}, sum)")
        _require(block == lines(statements), "the sum of a set's coefficients")
        coefficient += _WORD * size


def _read_last(block: str, sets: int, first_evaluation: int) -> str:
    """The last block without its inversion."""
    end, last_evaluation = _WORD * sets, first_evaluation + _WORD * (sets - 1)
    inversion = openings_text.COPY_AND_INVERSION.format(
        end=hex_address(end), sums=hex_address(first_evaluation + end)
    )
    last = openings_text.LAST.format(
        last_inverse=hex_address(end - _WORD),
        last_evaluation=hex_address(last_evaluation),
        inverse=hex_address(end - 2 * _WORD),
        end=hex_address(end),
        evaluation=hex_address(last_evaluation - _WORD),
    )
    _require(block == inversion + last, "the third inversion")
    return last


def _after(block: str, beginning: str, pattern: re.Pattern[str], what: str) -> str:
    """The rest of a block that begins as expected, when the rest is what the pattern says."""
    after = block.removeprefix(beginning)
    _require(block == beginning + after and pattern.fullmatch(after), what)
    return after


def _require(expected: object, what: str) -> None:
    if not expected:
        raise VerifierSourceError(f"unknown text for {what}")
