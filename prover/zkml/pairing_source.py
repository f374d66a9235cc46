"""The last step of the Solidity verifier that ezkl generates: the factors of the verifying key's points.

The generated code sums the points that are opened at x by Horner's rule, from the quotient over the points of
the verifying key to the commitments of the proof. The points of the key stand together, in one loop.
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


@dataclass(frozen=True)
class KeyLoop:
    """The loop over the points of the verifying key, which it walks from the last to the first."""

    start: int
    """Where the loop stands in the source."""
    end: int
    points: tuple[tuple[int, int], ...]
    """In the order of memory; (0, 0) is the commitment to a column that is zero everywhere."""
    address: int
    """Memory address of the first point."""
    steps_after: int
    """How many more points Horner's rule adds after the loop."""


def find_key_loop(source: str) -> KeyLoop:
    """Finds the loop, and accounts for everything around it.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    address, points = _read_key(source)
    if source.count(_SECTION) != 1:
        raise VerifierSourceError(
            f"expected once, found {source.count(_SECTION)} times: {_SECTION.strip()!r}"
        )
    start = _START.search(source, source.index(_SECTION))
    if start is None:
        raise VerifierSourceError("no sum of points follows the evaluations")
    position, found, steps_after = start.end(), None, 0
    while not source.startswith(_END, position):
        step, loop = _STEP.match(source, position), _LOOP.match(source, position)
        if loop is not None and loop.group(3) == "mload" and found is None:
            _require_whole_key(loop, address, len(points))
            found, steps_after = loop, 0
        elif loop is not None and loop.group(3) == "calldataload":
            steps_after += (int(loop.group(1), 16) - int(loop.group(2), 16)) // POINT_BYTES
        elif step is not None:
            steps_after += 1
        else:
            raise VerifierSourceError(f"unknown step: {source[position : position + 80].splitlines()[0]!r}")
        position = (step or loop or start).end()
    if found is None:
        raise VerifierSourceError("no loop over the points of the verifying key")
    return KeyLoop(found.start(), found.end(), points, address, steps_after)


def _read_key(source: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Memory address of the key's first point, and all of them."""
    words = [(int(at, 16), int(value, 16), name) for at, value, name in _KEY_WORD.findall(source)]
    if not words or len(words) % 2:
        raise VerifierSourceError(f"found {len(words)} coordinates of the verifying key's points")
    first = words[0][0]
    if [at for at, _, _ in words] != list(range(first, first + 0x20 * len(words), 0x20)):
        raise VerifierSourceError("the points of the verifying key do not stand together")
    if [name[-1] for _, _, name in words] != ["x", "y"] * (len(words) // 2):
        raise VerifierSourceError("the coordinates of the verifying key's points are mixed up")
    values = [value for _, value, _ in words]
    return first, tuple(zip(values[::2], values[1::2], strict=True))


def _require_whole_key(loop: re.Match[str], address: int, count: int) -> None:
    highest, below = int(loop.group(1), 16), int(loop.group(2), 16)
    if (highest, below) != (address + (count - 1) * POINT_BYTES, address - POINT_BYTES):
        raise VerifierSourceError("the loop does not run over exactly the points of the verifying key")
