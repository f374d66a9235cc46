"""Files that workers of a cluster are sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from prover.workers.remote import FOLDER_VARIABLE, list_missing, take_part

CONTENT = b"a proving key" * 100
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "files"))
    return tmp_path / "files"


def test_a_file_is_put_together_from_its_parts(folder: Path) -> None:
    assert list_missing([DIGEST]) == [DIGEST]
    take_part(DIGEST, "a", CONTENT[:700], False)
    take_part(DIGEST, "b", CONTENT[:100], False)
    assert list_missing([DIGEST]) == [DIGEST]
    take_part(DIGEST, "a", CONTENT[700:], True)
    assert list_missing([DIGEST]) == []
    assert (folder / DIGEST).read_bytes() == CONTENT


def test_another_content_is_refused_and_not_kept(folder: Path) -> None:
    with pytest.raises(ValueError, match="another one"):
        take_part(DIGEST, "a", CONTENT[1:], True)
    assert list_missing([DIGEST]) == [DIGEST]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../" + "a" * 61, "short", "a" * 63 + "/", ""])
def test_a_name_that_is_no_digest_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        list_missing([name])
    with pytest.raises(ValueError, match="no SHA-256"):
        take_part(name, "a", CONTENT, True)
