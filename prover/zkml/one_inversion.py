"""One modular inversion instead of three in the Solidity verifier that ezkl generates.

The generated code inverts three times: the evaluations at x, the coefficients of the openings, and the sum of
the coefficients of each set of points. Each inversion costs 1,400 gas, and 4,100 since the Osaka hard fork.

- The second does not depend on the first. Its numbers are multiplied before it, their product is inverted
  along with the first, and they are found from that without another inversion.
- The third is none. The coefficient of a point p_i of a set is 1 / ((mu - p_i) * the product of (p_i - p_j)).
  The sum over the set is 1 / the product of (mu - p_i): Lagrange's interpolation of the constant 1, taken at
  mu. So the inverse of the sum is a product of differences that are in memory anyway.

Where a number to be inverted is zero, the generated code goes on with zeros. Ours reverts. That takes a
challenge, a hash, that hits one of a few points of 2^254; the identity above needs distinct points, and that
no number is zero says that they are.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from prover.errors import VerifierSourceError
from prover.zkml.instance_sum import replace_once
from prover.zkml.openings_source import COMMITMENT, LAGRANGE, QUOTIENT, Openings, find_openings

_AFTER_INVERSE: Final = "            // Add (x, y) into point at (0x00, 0x20).\n"
_FUNCTIONS: Final = """\
            // Writes the products of the first two, three, ... words of memory[0x00..mptr_end] behind them.
            function multiply_up(mptr_end) {
                let product := mload(0x00)
                let product_mptr := mptr_end
                for
                    { let mptr := 0x20 }
                    lt(mptr, mptr_end)
                    { mptr := add(mptr, 0x20) }
                {
                    product := mulmod(product, mload(mptr), R)
                    mstore(product_mptr, product)
                    product_mptr := add(product_mptr, 0x20)
                }
            }

            // Inverts these words in place. The last of the products must be inverted already.
            function invert_down(mptr_end) {
                let mptr := sub(mptr_end, 0x20)
                let product_mptr := add(mptr, mptr)
                let inverse := mload(product_mptr)
                for
                    {}
                    lt(0x20, mptr)
                    { mptr := sub(mptr, 0x20) }
                {
                    product_mptr := sub(product_mptr, 0x20)
                    let word := mload(mptr)
                    mstore(mptr, mulmod(inverse, mload(product_mptr), R))
                    inverse := mulmod(inverse, word, R)
                }
                let second := mload(0x20)
                mstore(0x20, mulmod(inverse, mload(0x00), R))
                mstore(0x00, mulmod(inverse, second, R))
            }

"""

_INVERSION: Final = """\
                mstore(add(mptr_end, 0x20), denominator)
                success := batch_invert(success, X_N_MPTR, add(mptr_end, 0x40))
"""
_INVERSION_OF_ALL: Final = """\
                mstore(add(mptr_end, 0x20), denominator)
                mstore(add(mptr_end, 0x40), mload({product:#06x}))
                success := batch_invert(success, X_N_MPTR, add(mptr_end, 0x60))
                mstore({product:#06x}, mload(add(mptr_end, 0x40)))
                if iszero(mload({product:#06x})) {{
                    revert(0, 0)
                }}
"""

_FACTORS: Final = """\
            // Compute what the openings are to be divided by
            {{
{blocks}                multiply_up({end:#06x})
            }}

"""
_DIVISION: Final = """\
            // Invert it
            {{
                {{
                    invert_down({end:#06x})
{normalisation}                }}
            }}

"""
_EVALUATION: Final = """\
            // Compute the evaluation of all openings
            {{
{evaluations}                {{
{inverses}{last}                }}
            }}

"""
_INVERSE_OF_SUM: Final = "                    mstore({at:#04x}, {product})\n"


def invert_once(source: str) -> str:
    """The verifier with one inversion; accepts and refuses the same, but for challenges that nobody can find.

    Args:
        source: A verifier whose instances are summed at once.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates, with that sum.
    """
    if _FUNCTIONS in source:
        raise VerifierSourceError("it inverts once already")
    found = find_openings(source)
    source = replace_once(source, found.text, "")
    factors = _FACTORS.format(blocks=found.factors, end=found.end)
    division = _DIVISION.format(end=found.end, normalisation=found.normalisation)
    for old, new in (
        (_AFTER_INVERSE, _FUNCTIONS + _AFTER_INVERSE),
        (_INVERSION, _INVERSION_OF_ALL.format(product=found.product)),
        (LAGRANGE, factors + LAGRANGE),
        (QUOTIENT, division + QUOTIENT),
        (COMMITMENT, _evaluation(found) + COMMITMENT),
    ):
        source = replace_once(source, old, new)
    return source


def _evaluation(found: Openings) -> str:
    """The evaluations of the sets, the inverses of the sums of their coefficients, and what follows."""
    inverses = "".join(
        _INVERSE_OF_SUM.format(at=0x20 * index, product=_product(differences))
        for index, differences in enumerate(found.differences)
    )
    return _EVALUATION.format(evaluations=found.evaluations, inverses=inverses, last=found.last)


def _product(addresses: tuple[int, ...]) -> str:
    """Yul for the product of words in memory."""
    words = [f"mload({address:#06x})" for address in addresses]
    return reduce(lambda product, word: f"mulmod({product}, {word}, R)", words)
