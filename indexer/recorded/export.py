"""Exports foreign history into files of its own, and checks them: `recorded`, `unverified`, in every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from indexer.database import Database
from indexer.export.errors import DamagedExportError, RecordedMismatchError
from indexer.export.files import problem_of, publish, sync_folder, write_file
from indexer.export.manifest import NAME, save_manifest
from indexer.export.run import FILE_NAME, locked, own_errors, starts
from indexer.recorded.export_manifest import (
    FOLDER,
    RecordedManifest,
    StreamEntry,
    load_manifest,
)
from indexer.recorded.export_streams import Stream, read_streams
from indexer.recorded.export_tables import TABLES


@dataclass(frozen=True)
class RecordedResult:
    """What one run added."""

    streams: int
    """All that the database holds, with rows or without."""
    files: int
    """New ones."""
    rows: int
    octets: int


def export_recorded(database: Database, folder: Path, blocks_per_file: int) -> RecordedResult:
    """Adds the foreign history that the export in `folder` lacks, at most `blocks_per_file` blocks a file.

    What is there is never written again.

    Raises:
        ExportBusyError: another process exports into the folder.
        ExportFolderError: the folder cannot be written.
        UnknownExportError: the folder holds something else.
        RecordedMismatchError: rows came to blocks that are exported already.
    """
    with own_errors(folder), locked(folder):
        run = _Run(folder)
        with database.transaction() as session:
            streams = read_streams(session)
            problem: RecordedMismatchError | None = None
            for stream in streams:
                try:
                    run.add(session, stream, blocks_per_file)
                except RecordedMismatchError as error:  # the others go on
                    problem = problem or error
        if problem is not None:
            raise problem
        return run.result(len(streams))


def check_recorded(folder: Path) -> RecordedManifest:
    """Reads every file of foreign history again and compares it with the manifest.

    Raises:
        DamagedExportError: files are missing or changed, or the digests do not chain.
    """
    manifest = load_manifest(folder)
    problems = [problem for entry in manifest.streams for problem in _problems(folder, entry)]
    if problems:
        raise DamagedExportError(folder, problems)
    return manifest


def _problems(folder: Path, entry: StreamEntry) -> Iterator[str]:
    before = ""
    for some in entry.ranges:
        problem = problem_of(folder / some.file.path, some.file, TABLES[some.file.table])
        if problem:
            yield f"{some.file.path} {problem}"
        if entry.chained(before, some.from_block, some.to_block, some.file) != some.export_digest:
            blocks = f"{some.from_block} to {some.to_block}"
            yield f"the manifest's export_digest of {entry.key}, blocks {blocks}, does not fit"
        before = some.export_digest


class _Run:
    """The export of foreign history while it grows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = load_manifest(folder)
        self._files = self._rows = self._octets = 0
        self._remove_leftovers()
        if not (folder / FOLDER / NAME).exists():  # readers look for it, also where there is nothing
            (folder / FOLDER).mkdir(exist_ok=True)
            self._save()

    def add(self, session: Session, stream: Stream, blocks_per_file: int) -> None:
        """Writes what has been imported since the last time."""
        entry = self._manifest.stream(stream.key)
        start = entry.next_block
        if start is None:
            start = stream.first_block(session)
        elif stream.last_block >= start - 1 and entry.rows != (rows := stream.rows_before(session, start)):
            raise RecordedMismatchError(str(stream.key), start - 1, rows, entry.rows)
        for from_block in starts(start, stream.last_block, blocks_per_file):
            end = from_block - from_block % blocks_per_file + blocks_per_file - 1
            self._add_range(session, stream, from_block, min(end, stream.last_block))

    def result(self, streams: int) -> RecordedResult:
        return RecordedResult(streams, self._files, self._rows, self._octets)

    def _add_range(self, session: Session, stream: Stream, from_block: int, to_block: int) -> None:
        """Writes a file, and then the manifest that names it."""
        name = f"{stream.key.folder}/{from_block:012d}-{to_block:012d}.parquet"
        path, table = self._folder / name, TABLES[stream.key.table]
        file = write_file(path, name, table, stream.groups(session, from_block, to_block))
        publish(path)
        for folder in path.parents:
            if folder.is_relative_to(self._folder):
                sync_folder(folder)
        entry = self._manifest.stream(stream.key).with_range(from_block, to_block, file)
        self._manifest = self._manifest.having(entry)
        self._save()
        self._files, self._rows = self._files + 1, self._rows + file.rows
        self._octets += file.octets

    def _save(self) -> None:
        save_manifest(self._folder / FOLDER, self._manifest)
        sync_folder(self._folder / FOLDER)

    def _remove_leftovers(self) -> None:
        """Deletes files of a run that was killed before its manifest named them."""
        named = {some.file.path for entry in self._manifest.streams for some in entry.ranges}
        for file in (self._folder / FOLDER).glob("*/*/*/*"):
            if FILE_NAME.fullmatch(file.name) and str(file.relative_to(self._folder)) not in named:
                file.unlink()
