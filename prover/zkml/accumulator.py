"""Turns the guarded verifier of a circuit into its accumulator, for proofs that are verified together.

A verification ends with the pairing e(lhs, G2) * e(rhs, -s*G2) = 1. The accumulator does everything before
it and returns both points instead. It leaves out of `lhs` what all proofs of a circuit have in common: the
points of the verifying key and the generator G1. In their place it returns what they are to be multiplied
with, so that the caller adds these factors up over many proofs and pays for each of those points once.
docs/zkml.md says why that is sound; `contracts/verifiers/Halo2Batch.sol` is the caller.
"""

from __future__ import annotations

import re
from typing import Final

from prover.errors import VerifierSourceError
from prover.zkml.instance_sum import replace_once
from prover.zkml.pairing_source import KeySteps, find_key_steps
from prover.zkml.verifier_source import require_guard

CONTRACT: Final = "Halo2Accumulator"

_INDENT = " " * 20
_FIRST_STEP: Final = "success := ec_mul_acc(success, mload(ZETA_MPTR))\n"
_SHARED_POINTS: Final = """let zeta_power := 1
                    for
                        {{ let i := 0 }}
                        lt(i, {exponent})
                        {{ i := add(i, 1) }}
                    {{
                        zeta_power := mulmod(zeta_power, mload(ZETA_MPTR), R)
                    }}
                    success := ec_mul_acc(success, zeta_power)
"""
_GENERATOR: Final = """                    mstore(0x80, mload(G1_X_MPTR))
                    mstore(0xa0, mload(G1_Y_MPTR))
                    success := ec_mul_tmp(success, sub(R, mload(R_EVAL_MPTR)))
                    success := ec_add_acc(success, mload(0x80), mload(0xa0))
"""
_PAIRING = re.compile(
    r"            // Perform pairing\n.*?return\(0x00, 0x20\)\n        \}\n    \}\n\}\s*\Z", re.DOTALL
)
_RESULT: Final = """            if iszero(success) {{
                revert(0x00, 0x00)
            }}

            mstore(0x00, mload(PAIRING_LHS_X_MPTR))
            mstore(0x20, mload(PAIRING_LHS_Y_MPTR))
            mstore(0x40, mload(PAIRING_RHS_X_MPTR))
            mstore(0x60, mload(PAIRING_RHS_Y_MPTR))
            mstore(0x80, sub(R, mload(R_EVAL_MPTR))) // factor of G1
            let factor := 1
            for
                {{ let i := 0 }}
                lt(i, {steps_after})
                {{ i := add(i, 1) }}
            {{
                factor := mulmod(factor, mload(ZETA_MPTR), R)
            }}
            mstore(0xa0, factor) // factor of the verifying key's first point
            mstore(0xc0, mload(ZETA_MPTR)) // ratio of each factor to the one before
            return(0x00, 0xe0)
        }}
    }}

    // -s * G2, then the points of the verifying key.
    function verifyingKey() external pure returns (uint256[] memory) {{
        assembly {{
            mstore(0x00, 0x20)
            mstore(0x20, {count:#x})
{words}
            return(0x00, {size:#x})
        }}
    }}
}}
"""
_WORD: Final = "            mstore({at:#06x}, {value:#066x})"
_NAMED_WORD = re.compile(r"(0x[0-9a-f]{64})\) // (has_accumulator|g[12]_\w+|neg_s_g2_\w+)$", re.MULTILINE)
_NEGATED_TAU: Final = ("neg_s_g2_x_1", "neg_s_g2_x_2", "neg_s_g2_y_1", "neg_s_g2_y_2")
_GENERATORS: Final = {
    "g1_x": 1,
    "g1_y": 2,
    "g2_x_1": 0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    "g2_x_2": 0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
    "g2_y_1": 0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    "g2_y_2": 0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
}
_NAMES: Final = (
    ("contract Halo2Verifier {", f"contract {CONTRACT} {{"),
    ("    function verifyProof(\n", "    function accumulate(\n"),
    (") external view returns (bool) {", ") external view returns (uint256[7] memory) {"),
)


def make_accumulator(verifier: str) -> str:
    """The accumulator of a guarded verifier. It keeps the guard, and is not callable as a verifier.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates with our guard, or the circuit
            aggregates other proofs.
    """
    require_guard(verifier)
    named = _read_named_words(verifier)
    steps = find_key_steps(verifier)
    _require_unscaled(verifier, steps)
    tail = _share_points(verifier[steps.end :], len(steps.points))
    tail = replace_once(tail, _GENERATOR, "")
    source = verifier[: steps.start] + tail
    if len(_PAIRING.findall(source)) != 1:
        raise VerifierSourceError("the pairing does not stand at the end")
    result = _result([named[name] for name in _NEGATED_TAU], steps)
    source = _PAIRING.sub(lambda _: result, source)
    for old, new in _NAMES:
        source = replace_once(source, old, new)
    return source


def _read_named_words(verifier: str) -> dict[str, int]:
    """The SRS words of the verifying key, once it is clear that the rest is what every such key has."""
    found = [(name, int(value, 16)) for value, name in _NAMED_WORD.findall(verifier)]
    named = dict(found)
    expected = {"has_accumulator", *_GENERATORS, *_NEGATED_TAU}
    if len(found) != len(named) or set(named) != expected:
        raise VerifierSourceError(f"the verifying key names {sorted(name for name, _ in found)}")
    if named["has_accumulator"]:
        raise VerifierSourceError("the circuit aggregates other proofs")
    for name, value in _GENERATORS.items():
        if named[name] != value:
            raise VerifierSourceError(f"{name} is not that of BN254's generator")
    return named


def _require_unscaled(verifier: str, steps: KeySteps) -> None:
    """Nothing may multiply the sum again after Horner's rule: the key's points would get wrong factors."""
    end = verifier.index("            // Random linear combine")
    multiplications = verifier.count("ec_mul_acc(", steps.end, end)
    if multiplications != verifier.count(_FIRST_STEP, steps.end, end):
        raise VerifierSourceError("the sum of the points is multiplied again")


def _share_points(tail: str, points: int) -> str:
    """Multiplies the sum over the missing points at once, with the step that follows if there is one."""
    if not tail.startswith(_FIRST_STEP):
        return _SHARED_POINTS.format(exponent=points) + _INDENT + tail
    return _SHARED_POINTS.format(exponent=points + 1) + tail[len(_FIRST_STEP) :]


def _result(negated_tau: list[int], steps: KeySteps) -> str:
    """The points in the order of growing factors: the last that is added has the lowest power of zeta."""
    points = [point for _, point in reversed(steps.points)]
    words = [*negated_tau, *(coordinate for point in points for coordinate in point)]
    stores = [_WORD.format(at=0x40 + 0x20 * index, value=value) for index, value in enumerate(words)]
    size = 0x40 + 0x20 * len(words)
    return _RESULT.format(steps_after=steps.steps_after, count=len(words), words="\n".join(stores), size=size)
