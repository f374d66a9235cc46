"""Skips empty points of the verifying key in the Solidity verifier that ezkl generates.

A fixed column that is zero everywhere is committed to by the point at infinity, (0, 0). The generated code
multiplies its running sum by zeta before it adds that nothing; here the next point is added after one
multiplication by a higher power of zeta instead. It saves about 6,300 gas for each such point.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from prover.zkml.pairing_source import POINT_BYTES, KeyLoop, find_key_loop

_LOOP = """                    for
                        {{
                            let mptr := {first:#06x}
                            let mptr_end := {end:#06x}
                        }}
                        lt(mptr_end, mptr)
                        {{ mptr := sub(mptr, 0x40) }}
                    {{
                        success := ec_mul_acc(success, mload(ZETA_MPTR))
                        success := ec_add_acc(success, mload(mptr), mload(add(mptr, 0x20)))
                    }}
"""
_MULTIPLY = "                    success := ec_mul_acc(success, {power})\n"
_ADD = "                    success := ec_add_acc(success, mload({x:#06x}), mload({y:#06x}))\n"
_ZETA = "mload(ZETA_MPTR)"


def skip_empty_points(source: str) -> str:
    """The verifier without steps for empty points; accepts and refuses the same. Unchanged when it has none.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    loop = find_key_loop(source)
    if (0, 0) not in loop.points:
        return source
    steps = "".join(_steps(loop)).lstrip() + " " * 20
    return source[: loop.start] + steps + source[loop.end :]


def _steps(loop: KeyLoop) -> Iterator[str]:
    """Steps over the points from the last to the first; `due` multiplications are still to be done."""
    due = 0
    downwards = reversed(list(enumerate(loop.points)))
    for empty, group in groupby(downwards, key=lambda item: item[1] == (0, 0)):
        indices = [index for index, _ in group]
        if empty:
            due += len(indices)
            continue
        first = loop.address + indices[0] * POINT_BYTES
        if due:
            yield _MULTIPLY.format(power=_power(due + 1))
            yield _ADD.format(x=first, y=first + 0x20)
            due, first, indices = 0, first - POINT_BYTES, indices[1:]
        if indices:
            yield _LOOP.format(first=first, end=first - len(indices) * POINT_BYTES)
    if due:
        yield _MULTIPLY.format(power=_power(due))


def _power(exponent: int) -> str:
    """Yul for a power of zeta."""
    power = _ZETA
    for _ in range(exponent - 1):
        power = f"mulmod({power}, {_ZETA}, R)"
    return power
