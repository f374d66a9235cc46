from __future__ import annotations

from pathlib import Path

import pytest

from prover.errors import VerifierCompileError, VerifierSourceError
from prover.zkml.solidity import compile_verifier, find_solc
from prover.zkml.verifier_source import GUARD, add_guard, count_points, predict_gas, require_guard

MARKER = "            // Initialize success as true\n"
GENERATED = f"""contract Halo2Verifier {{
    function verifyProof(
        bytes calldata proof,
        uint256[] calldata instances
    ) public returns (bool) {{
        assembly {{
            let q := 1
{MARKER}            let success := true
            success := and(success, eq(0x0100, proof.length))
            // Read evaluations
            for
                {{ let proof_cptr_end := add(proof_cptr, 0x40) }}
                lt(proof_cptr, proof_cptr_end)
                {{}}
            {{}}
            mstore(0x0840, 0x01) // fixed_comms[0].x
            mstore(0x0860, 0x02) // fixed_comms[0].y
            mstore(0x0a40, 0x03) // permutation_comms[0].x
            mstore(0x0a60, 0x04) // permutation_comms[0].y
        }}
    }}
}}
"""


def test_guard_stands_before_the_marker_and_nothing_else_changes() -> None:
    guarded = add_guard(GENERATED)
    assert guarded.index(GUARD) < guarded.index(MARKER)
    removed = guarded.replace(f"            // Canonical layout only\n            {GUARD}\n\n", "")
    assert removed.replace("external view returns", "public returns") == GENERATED
    require_guard(guarded)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (MARKER, ""),
        (MARKER, MARKER + MARKER),
        (MARKER, "            // initialize success as true\n"),
        ("bytes calldata proof", "bytes memory proof"),
        ("uint256[] calldata instances\n", "uint256[] calldata instances,\n        uint256 more\n"),
        ("public returns (bool)", "external returns (bool)"),
        ("contract Halo2Verifier {\n", "contract Halo2Verifier {\n    function verifyProof() public {}\n"),
    ],
)
def test_changed_text_is_refused(old: str, new: str) -> None:
    assert GENERATED.count(old) == 1
    with pytest.raises(VerifierSourceError, match="expected once"):
        add_guard(GENERATED.replace(old, new))


def test_guarded_text_is_not_guarded_again() -> None:
    with pytest.raises(VerifierSourceError, match="already"):
        add_guard(add_guard(GENERATED))


def test_guard_elsewhere_does_not_count() -> None:
    guarded = add_guard(GENERATED)
    block = guarded[guarded.index("            // Canonical") : guarded.index(MARKER) + len(MARKER)]
    moved = block + guarded.replace(block, "")
    with pytest.raises(VerifierSourceError, match="not in verifyProof"):
        require_guard(moved)


@pytest.mark.parametrize("source", [GENERATED, add_guard(GENERATED).replace(GUARD, f"// {GUARD}")])
def test_source_without_guard_is_not_compiled(source: str) -> None:
    with pytest.raises(VerifierSourceError):
        compile_verifier(source)


def test_points_are_those_of_key_and_proof() -> None:
    assert count_points(GENERATED) == 2 + (0x100 - 0x40) // 0x40


def test_points_of_unknown_text_are_refused() -> None:
    with pytest.raises(VerifierSourceError, match="length of the proof"):
        count_points(GENERATED.replace("eq(0x0100, proof.length)", "1"))


def test_gas_formula() -> None:
    assert predict_gas(points=29, instances=20, optimizer_runs=1_000_000) == 126_100 + 29 * 7_250 + 20 * 229
    assert predict_gas(points=44, instances=20, optimizer_runs=200) == 131_000 + 44 * 7_400 + 20 * 229


def test_missing_solc_is_said_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path))
    with pytest.raises(VerifierCompileError, match=r"solc 0\.8\.30 is not installed; run `python -m solcx"):
        find_solc()


def test_source_that_does_not_compile_is_said() -> None:
    with pytest.raises(VerifierCompileError, match="proof_cptr"):
        compile_verifier(add_guard(GENERATED))
