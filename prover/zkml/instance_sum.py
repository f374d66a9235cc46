"""Cheaper handling of public instances in the Solidity verifier that ezkl generates.

The generated code keeps one Lagrange evaluation per instance in memory and inverts them all. The value that
it needs, the sum of instance_i * w^i / (x - w^i), is computed here as one fraction: five multiplications and
no memory per instance, and one more element in the inversion that is done anyway.
"""

from __future__ import annotations

import re
from typing import Final

from prover.errors import VerifierSourceError

_WORD: Final = 0x20

_HASHING: Final = """                let instance_cptr := instances.offset
                for
                    { let instance_cptr_end := add(instance_cptr, mul(0x20, num_instances)) }
                    lt(instance_cptr, instance_cptr_end)
                    {}
                {
                    let instance := calldataload(instance_cptr)
                    success := and(success, lt(instance, r))
                    mstore(hash_mptr, instance)
                    instance_cptr := add(instance_cptr, 0x20)
                    hash_mptr := add(hash_mptr, 0x20)
                }
"""
_HASHING_AT_ONCE: Final = """\
                calldatacopy(hash_mptr, instances.offset, mul(0x20, num_instances))
                hash_mptr := add(hash_mptr, mul(0x20, num_instances))
"""

_EVALUATIONS = re.compile(
    r"""                let mptr_end := add\(mptr, mul\(0x20, add\(mload\(NUM_INSTANCES_MPTR\), (\d+)\)\)\)
                if iszero\(mload\(NUM_INSTANCES_MPTR\)\) \{
                    mptr_end := add\(mptr_end, 0x20\)
                \}
"""
)
_FEWER_EVALUATIONS: Final = "                let mptr_end := add(mptr, {size:#06x})\n"
_FIRST_EVALUATION: Final = "                let l_0 := mload(add(X_N_MPTR, {offset:#04x}))\n"

_INVERSION: Final = """                mstore(mptr_end, x_n_minus_1)
                success := batch_invert(success, X_N_MPTR, add(mptr_end, 0x20))
"""
_INVERSION_WITH_SUM: Final = """                mstore(mptr_end, x_n_minus_1)
                let instance_eval, denominator := sum_instances(
                    x, omega, instances.offset, mload(NUM_INSTANCES_MPTR), r
                )
                mstore(add(mptr_end, 0x20), denominator)
                success := batch_invert(success, X_N_MPTR, add(mptr_end, 0x40))
"""

_SUMMING: Final = """                let instance_eval := 0
                for
                    {
                        let instance_cptr := instances.offset
                        let instance_cptr_end := add(instance_cptr, mul(0x20, mload(NUM_INSTANCES_MPTR)))
                    }
                    lt(instance_cptr, instance_cptr_end)
                    {
                        instance_cptr := add(instance_cptr, 0x20)
                        l_i_cptr := add(l_i_cptr, 0x20)
                    }
                {
                    instance_eval := addmod(instance_eval, \
mulmod(mload(l_i_cptr), calldataload(instance_cptr), r), r)
                }
"""
_DIVISION: Final = """                instance_eval := mulmod(instance_eval, mload(add(mptr_end, 0x20)), r)
                instance_eval := mulmod(instance_eval, l_i_common, r)
"""

_FIRST_FUNCTION: Final = "            // Read EC point (x, y) at (proof_cptr, proof_cptr + 0x20),\n"
_SUM_FUNCTION: Final = """\
            // The sum of instance_i * w^i / (x - w^i) as one fraction. Every instance must be below r.
            function sum_instances(x, omega, cptr, count, r) -> numerator, denominator {
                denominator := 1
                let power := 1
                for
                    { let cptr_end := add(cptr, mul(0x20, count)) }
                    lt(cptr, cptr_end)
                    { cptr := add(cptr, 0x20) }
                {
                    let instance := calldataload(cptr)
                    if iszero(lt(instance, r)) { revert(0, 0) }
                    let difference := addmod(x, sub(r, power), r)
                    numerator := addmod(
                        mulmod(numerator, difference, r),
                        mulmod(mulmod(instance, power, r), denominator, r),
                        r
                    )
                    denominator := mulmod(denominator, difference, r)
                    power := mulmod(power, omega, r)
                }
            }

"""


def sum_instances_at_once(source: str) -> str:
    """The verifier with one fraction in place of an evaluation per instance; accepts and refuses the same.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates.
    """
    if _SUM_FUNCTION in source:
        raise VerifierSourceError("its instances are summed at once already")
    source = _shorten_evaluations(source)
    for old, new in (
        (_HASHING, _HASHING_AT_ONCE),
        (_INVERSION, _INVERSION_WITH_SUM),
        (_SUMMING, _DIVISION),
        (_FIRST_FUNCTION, _SUM_FUNCTION + _FIRST_FUNCTION),
    ):
        source = replace_once(source, old, new)
    return source


def replace_once(text: str, old: str, new: str) -> str:
    """`text` with its only `old` replaced.

    Raises:
        VerifierSourceError: `old` is not there, or more than once.
    """
    require_once(text, old)
    return text.replace(old, new)


def require_once(text: str, part: str) -> None:
    """Refuses a text in which `part` is not, or more than once.

    Raises:
        VerifierSourceError: the count is not one.
    """
    count = text.count(part)
    if count != 1:
        raise VerifierSourceError(f"expected once, found {count} times: {part.strip().splitlines()[0]!r}")


def _shorten_evaluations(source: str) -> str:
    """Keeps the evaluations of the last, the blinding and the first row, and drops those of the instances."""
    found = list(_EVALUATIONS.finditer(source))
    if len(found) != 1:
        raise VerifierSourceError(f"expected once, found {len(found)} times: the size of the evaluations")
    before_first = int(found[0].group(1))
    require_once(source, _FIRST_EVALUATION.format(offset=before_first * _WORD))
    shorter = _FEWER_EVALUATIONS.format(size=(before_first + 1) * _WORD)
    return replace_once(source, found[0].group(0), shorter)
