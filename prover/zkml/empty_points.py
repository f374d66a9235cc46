"""Skips empty points of the verifying key in the Solidity verifier that ezkl generates.

A fixed column that is zero everywhere is committed to by the point at infinity, (0, 0). The generated code
multiplies its running sum by zeta before it adds that nothing; here the next point is added after one
multiplication by a higher power of zeta instead. It saves about 6,300 gas for each such point.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from prover.zkml.pairing_source import POINT_BYTES, KeySteps, find_key_steps

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
    found = find_key_steps(source)
    if all(point != (0, 0) for _, point in found.points):
        return source
    steps = "".join(_steps(found)).lstrip() + " " * 20
    return source[: found.start] + steps + source[found.end :]


def _steps(found: KeySteps) -> Iterator[str]:
    """Steps over the points; `due` multiplications are still to be done."""
    due = 0
    for empty, group in groupby(found.points, key=lambda item: item[1] == (0, 0)):
        addresses = [address for address, _ in group]
        if empty:
            due += len(addresses)
            continue
        if due:
            yield _MULTIPLY.format(power=_power(due + 1)) + _add(addresses.pop(0))
            due = 0
        yield from _walk(addresses)
    if due:
        yield _MULTIPLY.format(power=_power(due))


def _walk(addresses: list[int]) -> Iterator[str]:
    """Steps over points that are not empty: a loop where they stand together, single ones elsewhere."""
    while addresses:
        length = 1
        while length < len(addresses) and addresses[length] == addresses[0] - length * POINT_BYTES:
            length += 1
        first, addresses = addresses[0], addresses[length:]
        if length == 1:
            yield _MULTIPLY.format(power=_ZETA) + _add(first)
        else:
            yield _LOOP.format(first=first, end=first - length * POINT_BYTES)


def _add(address: int) -> str:
    return _ADD.format(x=address, y=address + 0x20)


def _power(exponent: int) -> str:
    """Yul for a power of zeta."""
    power = _ZETA
    for _ in range(exponent - 1):
        power = f"mulmod({power}, {_ZETA}, R)"
    return power
