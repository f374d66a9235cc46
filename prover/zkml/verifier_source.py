"""The Solidity verifier that ezkl generates: the guard that is added to it, and what it tells of itself."""

from __future__ import annotations

import re
from typing import Final

from prover.errors import VerifierSourceError
from prover.zkml.instance_sum import replace_once, require_once

GUARD: Final = (
    "if iszero(and(eq(proof.offset, 0x64), "
    "eq(instances.offset, add(proof.offset, add(0x20, proof.length))))) { revert(0, 0) }"
)
"""Accepts only the canonical layout of the two arguments."""

_SIGNATURE: Final = """    function verifyProof(
        bytes calldata proof,
        uint256[] calldata instances
    ) public returns (bool) {
        assembly {
"""
_GUARDED_SIGNATURE: Final = _SIGNATURE.replace("public returns", "external view returns")
_MARKER: Final = "            // Initialize success as true\n"
_GUARDED_MARKER: Final = f"            // Canonical layout only\n            {GUARD}\n\n{_MARKER}"

_VERIFYING_KEY_POINT = re.compile(
    r"0x(?!0{64})[0-9a-f]+\) // (?:fixed|permutation)_comms\[\d+\]\.x$", re.MULTILINE
)
"""Without empty points, whose steps are left out."""
_PROOF_LENGTH = re.compile(r"eq\((0x[0-9a-f]+), proof\.length\)")
_EVALUATIONS_LENGTH = re.compile(r"// Read evaluations\s+for\s+\{[^}]*add\(proof_cptr, (0x[0-9a-f]+)\)")

_POINT_BYTES = 0x40
_MANY_RUNS: Final = 10_000
"""From here on solc writes the field's modulus where it is used, instead of copying it from the code."""
_BASE_GAS, _POINT_GAS, _INSTANCE_GAS = 126_100, 7_250, 229
_BASE_GAS_FEW_RUNS, _POINT_GAS_FEW_RUNS = 131_000, 7_400


def add_guard(generated: str) -> str:
    """The generated source with the guard, and with `verifyProof` as a view.

    Raises:
        VerifierSourceError: the text is not exactly what the pinned ezkl generates.
    """
    if GUARD in generated:
        raise VerifierSourceError("it has the guard already")
    source = replace_once(generated, _SIGNATURE, _GUARDED_SIGNATURE)
    source = replace_once(source, _MARKER, _GUARDED_MARKER)
    require_guard(source)
    return source


def require_guard(source: str) -> None:
    """Refuses a source without the guard in its place.

    Raises:
        VerifierSourceError: the guard is missing, misplaced or doubled.
    """
    for part in (_GUARDED_SIGNATURE, _GUARDED_MARKER, GUARD, _MARKER, "function verifyProof"):
        require_once(source, part)
    if source.index(GUARD) < source.index(_GUARDED_SIGNATURE):
        raise VerifierSourceError("the guard is not in verifyProof")


def count_points(source: str) -> int:
    """Number of curve points (of the verifying key and of the proof) that one verification multiplies.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    evaluation_bytes = _single_hex(_EVALUATIONS_LENGTH, source, "length of the evaluations")
    return (
        len(_VERIFYING_KEY_POINT.findall(source))
        + (read_proof_bytes(source) - evaluation_bytes) // _POINT_BYTES
    )


def read_proof_bytes(source: str) -> int:
    """Length of every proof that the verifier accepts, in bytes.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    return _single_hex(_PROOF_LENGTH, source, "length of the proof")


def predict_gas(points: int, instances: int, optimizer_runs: int) -> int:
    """Gas that a call of `verifyProof` uses, without calldata and transaction costs; within 3 %.

    For a verifier that is made cheaper in every way, and for the Osaka hard fork.

    Args:
        points: From `count_points`.
        instances: Number of public instances.
        optimizer_runs: solc's setting for the verifier.
    """
    if optimizer_runs < _MANY_RUNS:
        return _BASE_GAS_FEW_RUNS + _POINT_GAS_FEW_RUNS * points + _INSTANCE_GAS * instances
    return _BASE_GAS + _POINT_GAS * points + _INSTANCE_GAS * instances


def read_srs_words(source: str) -> tuple[int, ...]:
    """The verifier's constant for the secret of its SRS: x_1, x_2, y_1, y_2 of a point of G2.

    Raises:
        VerifierSourceError: the text is not what the pinned ezkl generates.
    """
    return tuple(
        _single_hex(re.compile(rf"(0x[0-9a-f]{{64}})\) // neg_s_g2_{part}$", re.MULTILINE), source, part)
        for part in ("x_1", "x_2", "y_1", "y_2")
    )


def _single_hex(pattern: re.Pattern[str], source: str, what: str) -> int:
    found = pattern.findall(source)
    if len(found) != 1:
        raise VerifierSourceError(f"expected the {what} once, found it {len(found)} times")
    return int(found[0], 16)
