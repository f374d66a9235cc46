"""Model packages as one `.tar` file: the same bytes for the same package, unpacked with care."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from prover.zkml.errors import BuiltPackageError

SUFFIX: Final = ".tar"
MAX_FILES: Final = 400
MAX_FILE_BYTES: Final = 256 * 2**20
MAX_TOTAL_BYTES: Final = 2**30
_FILE_MODE: Final = 0o644


def write_archive(folder: Path, target: Path) -> None:
    """Writes the files of a folder, under its name. The same files give the same bytes.

    Raises:
        OSError: `target` cannot be written.
    """
    unfinished = target.with_name(f".unfinished-{target.name}")
    with tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(item for item in folder.rglob("*") if item.is_file()):
            entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            entry.size, entry.mode = path.stat().st_size, _FILE_MODE
            with path.open("rb") as content:
                archive.addfile(entry, content)
    unfinished.replace(target)


@contextmanager
def package_folder(path: Path) -> Iterator[Path]:
    """The folder of a package: `path` itself, or what a `.tar` holds, in a folder that is removed afterwards.

    Raises:
        BuiltPackageError: the archive is none, or holds what a package does not.
    """
    if path.suffix != SUFFIX:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="veritally-package-") as folder:
        yield unpack(path, Path(folder))


def unpack(path: Path, into: Path) -> Path:
    """Unpacks an archive, and returns the one folder that it holds.

    Only plain files are written, each below that folder and none twice; their size is limited.

    Raises:
        BuiltPackageError: the archive is none, or holds what a package does not.
    """
    written = 0
    seen: set[PurePosixPath] = set()
    try:
        with tarfile.open(path, "r:") as archive:
            for entry in archive:
                name = _require_plain(path, entry)
                written += entry.size
                if name in seen or len(seen) == MAX_FILES or written > MAX_TOTAL_BYTES:
                    raise BuiltPackageError(path, f"{entry.name!r} is one file or byte too many")
                seen.add(name)
                _write(archive, entry, into / name)
    except (tarfile.TarError, OSError) as error:
        raise BuiltPackageError(path, f"it cannot be unpacked ({error})") from None
    roots = {name.parts[0] for name in seen}
    if len(roots) != 1:
        raise BuiltPackageError(path, f"it holds {len(roots)} folders, expected one")
    return into / roots.pop()


def _require_plain(path: Path, entry: tarfile.TarInfo) -> PurePosixPath:
    """The name of a file that may be written."""
    name = PurePosixPath(entry.name)
    if not entry.isreg():
        raise BuiltPackageError(path, f"{entry.name!r} is no plain file")
    if name.is_absolute() or ".." in name.parts or len(name.parts) < 2 or "\\" in entry.name:
        raise BuiltPackageError(path, f"{entry.name!r} does not lie in the package's folder")
    if entry.size > MAX_FILE_BYTES:
        raise BuiltPackageError(path, f"{entry.name!r} has {entry.size} bytes, more than {MAX_FILE_BYTES}")
    return name


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    content = archive.extractfile(entry)
    if content is None:
        raise tarfile.ReadError(f"{entry.name} has no content")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("xb") as file:
        while block := content.read(2**20):
            file.write(block)
