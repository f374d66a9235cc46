"""The last step of the Solidity verifier that ezkl generates: the factors of the verifying key's points.

The generated code sums the points that are opened at x by Horner's rule, from the quotient over the points of
the verifying key to the commitments of the proof. The steps for the key's points stand together: one loop, or
a loop and single steps where a lookup changes their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from prover.errors import VerifierSourceError

POINT_BYTES: Final = 0x40
_SECTION: Final = "            // Compute pairing lhs and rhs\n"
_START = re.compile(
    r"mstore\(0x00, calldataload\(0x[0-9a-f]+\)\)\s*mstore\(0x20, calldataload\(0x[0-9a-f]+\)\)\s*"
)
_STEP = re.compile(
    r"success := ec_mul_acc\(success, mload\(ZETA_MPTR\)\)\s*"
    r"success := ec_add_acc\(success, (?:calldataload\(0x[0-9a-f]+\), calldataload\(0x[0-9a-f]+\)"
    r"|mload\(QUOTIENT_X_MPTR\), mload\(QUOTIENT_Y_MPTR\))\)\s*"
)
_KEY_STEP = re.compile(
    r"success := ec_mul_acc\(success, mload\(ZETA_MPTR\)\)\s*"
    r"success := ec_add_acc\(success, mload\((0x[0-9a-f]+)\), mload\((0x[0-9a-f]+)\)\)\s*"
)
_LOOP = re.compile(
    r"for\s*\{\s*let mptr := (0x[0-9a-f]+)\s*let mptr_end := (0x[0-9a-f]+)\s*\}\s*lt\(mptr_end, mptr\)\s*"
    r"\{ mptr := sub\(mptr, 0x40\) \}\s*\{\s*success := ec_mul_acc\(success, mload\(ZETA_MPTR\)\)\s*"
    r"success := ec_add_acc\(success, (mload|calldataload)\(mptr\), \3\(add\(mptr, 0x20\)\)\)\s*\}\s*"
)
_END: Final = "mstore(0x80, "
_KEY_WORD = re.compile(
    r"^ *mstore\((0x[0-9a-f]+), (0x[0-9a-f]{64})\) // ((?:fixed|permutation)_comms\[\d+\]\.[xy])$",
    re.MULTILINE,
)


Point = tuple[int, int]
"""(0, 0) is the commitment to a column that is zero everywhere."""


@dataclass(frozen=True)
class KeySteps:
    """The steps of Horner's rule that add the points of the verifying key."""

    start: int
    """Where they stand in the source."""
    end: int
    points: tuple[tuple[int, Point], ...]
    """Memory address and value of each point, in the order in which they are added."""
    steps_after: int
    """How many more points are added after them."""


def find_key_steps(source: str) -> KeySteps:
    """Finds the steps, and accounts for everything around them.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    key = _read_key(source)
    if source.count(_SECTION) != 1:
        raise VerifierSourceError(
            f"expected once, found {source.count(_SECTION)} times: {_SECTION.strip()!r}"
        )
    begin = _START.search(source, source.index(_SECTION))
    if begin is None:
        raise VerifierSourceError("no sum of points follows the evaluations")
    position, start, end, added, steps_after = begin.end(), 0, 0, [], 0
    while not source.startswith(_END, position):
        following, addresses, count = _read_step(source, position)
        if addresses and steps_after:
            raise VerifierSourceError("the points of the verifying key are not added one after the other")
        if addresses:
            start, end = start or position, following
            added += addresses
        elif added:
            steps_after += count
        position = following
    if sorted(added) != list(key):
        raise VerifierSourceError("the sum does not run over exactly the points of the verifying key")
    return KeySteps(start, end, tuple((address, key[address]) for address in added), steps_after)


def _read_step(source: str, position: int) -> tuple[int, list[int], int]:
    """Where the step at `position` ends, addresses of the key's points in it, and how many others it adds."""
    if step := _STEP.match(source, position):
        return step.end(), [], 1
    if step := _KEY_STEP.match(source, position):
        x, y = (int(group, 16) for group in step.groups())
        if y == x + 0x20:
            return step.end(), [x], 0
    if loop := _LOOP.match(source, position):
        addresses = list(range(int(loop[1], 16), int(loop[2], 16), -POINT_BYTES))
        return (loop.end(), addresses, 0) if loop[3] == "mload" else (loop.end(), [], len(addresses))
    raise VerifierSourceError(f"unknown step: {source[position : position + 80].splitlines()[0]!r}")


def _read_key(source: str) -> dict[int, Point]:
    """The points of the verifying key by their addresses in memory, in order."""
    words = [(int(at, 16), int(value, 16), name) for at, value, name in _KEY_WORD.findall(source)]
    if not words or len(words) % 2:
        raise VerifierSourceError(f"found {len(words)} coordinates of the verifying key's points")
    first = words[0][0]
    if [at for at, _, _ in words] != list(range(first, first + 0x20 * len(words), 0x20)):
        raise VerifierSourceError("the points of the verifying key do not stand together")
    if [name[-1] for _, _, name in words] != ["x", "y"] * (len(words) // 2):
        raise VerifierSourceError("the coordinates of the verifying key's points are mixed up")
    return {x[0]: (x[1], y[1]) for x, y in zip(words[::2], words[1::2], strict=True)}
