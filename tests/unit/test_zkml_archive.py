from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from prover.zkml import archive as archive_module
from prover.zkml.archive import package_folder, unpack, write_archive
from prover.zkml.errors import BuiltPackageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "iris-0123"
    (path / "circuits" / "1").mkdir(parents=True)
    (path / "network.onnx").write_bytes(b"network")
    (path / "circuits" / "1" / "vk.key").write_bytes(b"key")
    return path


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = len(content), kind, "/etc/passwd"
    return made, content


def write(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for made, content in entries:
            archive.addfile(made, io.BytesIO(content))
    return path


def test_archive_holds_the_folder(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "iris-0123.tar"
    write_archive(folder, target)
    with package_folder(target) as unpacked:
        assert unpacked.name == folder.name
        files = {path.relative_to(unpacked): path.read_bytes() for path in unpacked.rglob("*.*")}
    assert files == {Path("network.onnx"): b"network", Path("circuits/1/vk.key"): b"key"}
    assert not unpacked.exists()


def test_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    write_archive(folder, first)
    os.utime(folder / "network.onnx", (1, 1))
    (folder / "network.onnx").chmod(0o600)
    write_archive(folder, second)
    assert first.read_bytes() == second.read_bytes()
    (folder / "network.onnx").write_bytes(b"another")
    write_archive(folder, second)
    assert first.read_bytes() != second.read_bytes()


def test_folder_is_taken_as_it_is(folder: Path) -> None:
    with package_folder(folder) as same:
        assert same == folder
    assert folder.exists()


@pytest.mark.parametrize(
    ("name", "kind", "problem"),
    [
        ("../outside/file", tarfile.REGTYPE, "does not lie in the package's folder"),
        ("iris/../../file", tarfile.REGTYPE, "does not lie in the package's folder"),
        ("/outside/file", tarfile.REGTYPE, "does not lie in the package's folder"),
        ("file", tarfile.REGTYPE, "does not lie in the package's folder"),
        ("iris\\file/x", tarfile.REGTYPE, "does not lie in the package's folder"),
        ("iris/file", tarfile.SYMTYPE, "is no plain file"),
        ("iris/file", tarfile.LNKTYPE, "is no plain file"),
        ("iris/file", tarfile.DIRTYPE, "is no plain file"),
        ("iris/file", tarfile.FIFOTYPE, "is no plain file"),
        ("iris/file", tarfile.CHRTYPE, "is no plain file"),
    ],
)
def test_what_no_package_holds_is_refused(tmp_path: Path, name: str, kind: bytes, problem: str) -> None:
    path = write(tmp_path / "bad.tar", entry("iris/good", b"1"), entry(name, kind=kind))
    with pytest.raises(BuiltPackageError, match=problem):
        unpack(path, tmp_path / "into")
    outside = [item for item in tmp_path.rglob("*") if item.is_file() and item != path]
    assert outside == [tmp_path / "into" / "iris" / "good"]


def test_large_files_are_refused_unwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.tar", entry("iris/a", b"12345"), entry("iris/b", b"12345"))
    monkeypatch.setattr(archive_module, "MAX_FILE_BYTES", 5)
    monkeypatch.setattr(archive_module, "MAX_TOTAL_BYTES", 10)
    unpack(path, tmp_path / "fits")
    monkeypatch.setattr(archive_module, "MAX_TOTAL_BYTES", 9)
    with pytest.raises(BuiltPackageError, match="'iris/b' is one file or byte too many"):
        unpack(path, tmp_path / "total")
    assert not (tmp_path / "total" / "iris" / "b").exists()
    monkeypatch.setattr(archive_module, "MAX_FILE_BYTES", 4)
    with pytest.raises(BuiltPackageError, match="'iris/a' has 5 bytes, more than 4"):
        unpack(path, tmp_path / "single")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.tar", entry("iris/a"), entry("iris/b"))
    monkeypatch.setattr(archive_module, "MAX_FILES", 2)
    unpack(path, tmp_path / "fits")
    monkeypatch.setattr(archive_module, "MAX_FILES", 1)
    with pytest.raises(BuiltPackageError, match="'iris/b' is one file"):
        unpack(path, tmp_path / "into")


def test_file_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar", entry("iris/a", b"1"), entry("iris/./a", b"2"))
    with pytest.raises(BuiltPackageError, match="one file or byte too many"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize("names", [(), ("iris/a", "other/a")])
def test_one_folder_is_expected(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = write(tmp_path / "a.tar", *map(entry, names))
    with pytest.raises(BuiltPackageError, match=f"it holds {len(names)} folders, expected one"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize("cut", [0, 700])
def test_broken_archive_is_refused(folder: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.tar"
    write_archive(folder, path)
    path.write_bytes(path.read_bytes()[:cut] if cut else b"no archive")
    with pytest.raises(BuiltPackageError, match="cannot be unpacked"):
        unpack(path, tmp_path / "into")


def test_missing_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuiltPackageError, match="cannot be unpacked"), package_folder(tmp_path / "a.tar"):
        pass
