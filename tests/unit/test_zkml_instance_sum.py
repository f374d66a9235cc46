from __future__ import annotations

from pathlib import Path

import pytest

from prover.errors import VerifierSourceError
from prover.zkml import instance_sum
from prover.zkml.ceremony import CEREMONY_WORDS
from prover.zkml.errors import DevelopmentSrsError, SrsFileError
from prover.zkml.instance_sum import sum_instances_at_once
from prover.zkml.srs import is_ceremony, open_srs, require_srs_for
from prover.zkml.verifier_source import read_srs_words

EVALUATIONS = """                let mptr_end := add(mptr, mul(0x20, add(mload(NUM_INSTANCES_MPTR), 6)))
                if iszero(mload(NUM_INSTANCES_MPTR)) {
                    mptr_end := add(mptr_end, 0x20)
                }
"""
FIRST = "                let l_0 := mload(add(X_N_MPTR, 0xc0))\n"
PARTS = (
    instance_sum._FIRST_FUNCTION,
    instance_sum._HASHING,
    EVALUATIONS,
    instance_sum._INVERSION,
    instance_sum._SUMMING,
    FIRST,
)
GENERATED = "// before\n" + "// between\n".join(PARTS) + "// after\n"
SRS = "".join(
    f"mstore(0x07c0, 0x{word:064x}) // neg_s_g2_{part}\n"
    for part, word in zip(("x_1", "x_2", "y_1", "y_2"), CEREMONY_WORDS, strict=True)
)


def test_all_parts_are_replaced_and_the_rest_stays() -> None:
    changed = sum_instances_at_once(GENERATED)
    for part in (instance_sum._HASHING, EVALUATIONS, instance_sum._INVERSION, instance_sum._SUMMING):
        assert part not in changed
    assert "let mptr_end := add(mptr, 0x00e0)\n" in changed  # last row, five blinding rows, first row
    assert changed.count("sum_instances(") == 2
    assert [line for line in changed.splitlines() if line.startswith("//")] == [
        line for line in GENERATED.splitlines() if line.startswith("//")
    ]


@pytest.mark.parametrize("part", PARTS)
def test_missing_part_is_refused(part: str) -> None:
    with pytest.raises(VerifierSourceError, match="expected once, found 0 times"):
        sum_instances_at_once(GENERATED.replace(part, ""))


@pytest.mark.parametrize("part", PARTS)
def test_doubled_part_is_refused(part: str) -> None:
    with pytest.raises(VerifierSourceError, match="expected once, found 2 times"):
        sum_instances_at_once(GENERATED + part)


def test_rows_that_do_not_fit_the_first_evaluation_are_refused() -> None:
    with pytest.raises(VerifierSourceError, match="l_0"):
        sum_instances_at_once(GENERATED.replace("NUM_INSTANCES_MPTR), 6)", "NUM_INSTANCES_MPTR), 7)"))


def test_is_not_done_twice() -> None:
    with pytest.raises(VerifierSourceError, match="already"):
        sum_instances_at_once(sum_instances_at_once(GENERATED))


def test_ceremony_is_recognised_by_all_four_words() -> None:
    assert read_srs_words(SRS) == CEREMONY_WORDS
    assert is_ceremony(SRS)
    for word in CEREMONY_WORDS:
        assert not is_ceremony(SRS.replace(f"{word:064x}", f"{word + 1:064x}"))


def test_text_without_srs_words_is_refused() -> None:
    with pytest.raises(VerifierSourceError, match="y_2"):
        is_ceremony(SRS.replace("neg_s_g2_y_2", "neg_s_g2_y_3"))


def test_development_srs_is_for_development_chains() -> None:
    require_srs_for(31337, development_srs=True, model="iris")
    require_srs_for(1, development_srs=False, model="iris")
    with pytest.raises(DevelopmentSrsError, match=r"model iris .* chain 1 is no development chain"):
        require_srs_for(1, development_srs=True, model="iris")


def srs_file(folder: Path, logrows: int, extra: int = 0) -> Path:
    path = folder / f"k{logrows}.srs"
    path.write_bytes(logrows.to_bytes(4, "little") + bytes(256 + 2 ** (logrows + 7) + extra))
    return path


def test_srs_for_at_least_the_circuit_is_taken(tmp_path: Path) -> None:
    path = srs_file(tmp_path, 3)
    assert open_srs(path, 3) == open_srs(path, 2)
    with pytest.raises(SrsFileError, match=r"for 2\^3 rows, the circuit has 2\^4"):
        open_srs(path, 4)


@pytest.mark.parametrize("extra", [-1, 1])
def test_file_of_another_size_is_no_srs(tmp_path: Path, extra: int) -> None:
    with pytest.raises(SrsFileError, match="bytes are no SRS"):
        open_srs(srs_file(tmp_path, 3, extra), 3)


def test_huge_count_and_missing_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "huge.srs").write_bytes(b"\xff" * 300)
    with pytest.raises(SrsFileError, match="300 bytes are no SRS"):
        open_srs(tmp_path / "huge.srs", 3)
    with pytest.raises(SrsFileError, match="No such file"):
        open_srs(tmp_path / "none.srs", 3)
