from __future__ import annotations

from pathlib import Path

import pytest

from prover.zkml.errors import SrsFileError
from prover.zkml.srs import open_srs

BYTES_OF_2_TO_THE_8 = 4 + 256 + 128 * 256


def srs(folder: Path, logrows: int, size: int) -> Path:
    path = folder / "some.srs"
    path.write_bytes(logrows.to_bytes(4, "little") + bytes(size - 4))
    return path


def test_srs_of_the_right_size_or_larger_is_opened(tmp_path: Path) -> None:
    path = srs(tmp_path, 8, BYTES_OF_2_TO_THE_8)
    assert open_srs(path, 8) == open_srs(path, 7)
    assert open_srs(path, 8).path == path


def test_srs_with_too_few_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SrsFileError, match=r"it is for 2\^8 rows, the circuit has 2\^9"):
        open_srs(srs(tmp_path, 8, BYTES_OF_2_TO_THE_8), 9)


@pytest.mark.parametrize(
    ("logrows", "size"),
    [(8, BYTES_OF_2_TO_THE_8 - 1), (8, BYTES_OF_2_TO_THE_8 + 1), (9, BYTES_OF_2_TO_THE_8), (65, 400), (0, 4)],
)
def test_file_of_another_size_is_no_srs(tmp_path: Path, logrows: int, size: int) -> None:
    with pytest.raises(SrsFileError, match=f"{size} bytes are no SRS"):
        open_srs(srs(tmp_path, logrows, size), 1)


def test_missing_srs_is_told(tmp_path: Path) -> None:
    with pytest.raises(SrsFileError, match="cannot be read"):
        open_srs(tmp_path / "none.srs", 8)
