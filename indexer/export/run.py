"""Exports what has become final since the last time, range by range, and checks exports."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
from sqlmodel import Session

from indexer.cursor import Cursor, find_cursor
from indexer.database import Database
from indexer.export.content import Content
from indexer.export.errors import DamagedExportError, ExportBusyError, ExportFolderError, NothingExportedError
from indexer.export.files import problem_of, publish, sync_folder, write_file
from indexer.export.manifest import FileEntry, Manifest, load_manifest, save_manifest
from indexer.export.names import read_rows
from indexer.export.schema import INFERENCE, TABLES, ExportTable
from indexer.export.sums import Sums
from indexer.pay_addresses import origin_of
from indexer.tables import BlockRow
from indexer.tallies import TallyReport, read_report
from veritally.deployment import Deployment

FILE_NAME = re.compile(r"\d{12}-\d{12}\.parquet(\.partial)?")
"""Of the files that an export makes, whole or not."""


@dataclass(frozen=True)
class ExportResult:
    """What one run added."""

    to_block: int
    """Last block of the export."""
    files: int
    """New ones."""
    rows: int
    octets: int


def export(
    database: Database, folder: Path, blocks_per_file: int, deployment: Deployment | None = None
) -> ExportResult:
    """Adds the final blocks that the export in `folder` lacks, in files of at most `blocks_per_file` blocks.

    Files end at multiples of that number and at the final block. What is there is never written again.

    Raises:
        NothingIndexedError: nothing is final yet.
        ExportBusyError: another process exports into the folder.
        ExportFolderError: the folder cannot be written.
        UnknownExportError: the folder holds something else.
        ExportMismatchError: the database does not hold what its roll-ups, or earlier exports, say.
    """
    report = read_report(database, deployment, final=True)
    with own_errors(folder), locked(folder):
        run = _Run(database, folder, report)
        start = run.first_block()
        for from_block in starts(start, report.block_number, blocks_per_file):
            end = from_block - from_block % blocks_per_file + blocks_per_file - 1
            run.add_range(from_block, min(end, report.block_number))
        run.require_tallies()
        return run.result()


def check(folder: Path) -> Manifest:
    """Reads every file of an export again and compares it with the manifest.

    Raises:
        NothingExportedError: there is no export.
        DamagedExportError: files are missing or changed, or the digests do not chain.
    """
    manifest, problems = load_manifest(folder), list[str]()
    if not manifest.deployments:
        raise NothingExportedError(folder)
    tables = {table.name: table for table in TABLES}
    for entry in manifest.deployments:
        before = ""
        for some in entry.ranges:
            for file in some.files:
                problem = problem_of(folder / file.path, file, tables[file.table])
                problems += [f"{file.path} {problem}"] if problem else []
            blocks = some.from_block, some.to_block
            if entry.chained(before, blocks, some.next_seq, some.files) != some.export_digest:
                problems.append(
                    f"the manifest's export_digest of blocks {blocks[0]} to {blocks[1]} does not fit"
                )
            before = some.export_digest
    if problems:
        raise DamagedExportError(folder, problems)
    return manifest


class _Run:
    """One deployment's export while it grows."""

    def __init__(self, database: Database, folder: Path, report: TallyReport) -> None:
        self._database, self._folder, self._report = database, folder, report
        self._manifest = load_manifest(folder)
        self._entry = self._manifest.deployment(report.chain_id, f"0x{report.settlement.hex()}")
        self._ranges_before = len(self._entry.ranges)
        self._remove_leftovers()

    def first_block(self) -> int:
        """The first block that the export lacks: without an export, the deployment's first with an event."""
        if self._entry.next_block is not None:
            return self._entry.next_block
        with self._database.transaction() as session:
            cursor = self._cursor(session)
            zero = cursor.block_key(0)
            ((first,),) = read_rows(
                session,
                f"SELECT min(id) FROM {BlockRow.__tablename__}"  # noqa: S608
                f" WHERE events > 0 AND id >= {zero} AND id <= {zero + self._report.block_number}",
            )
        return self._report.block_number if first is None else int(first) - zero

    def add_range(self, from_block: int, to_block: int) -> None:
        """Writes a file of each table, and then the manifest that names them."""
        sums = Sums(self._entry.tallies, self._entry.next_seq)
        with self._database.transaction() as session:
            cursor = self._cursor(session)
            content = Content(session, cursor, from_block, to_block)
            files = [self._write(table, content, sums) for table in TABLES]
            factory, implementation = origin_of(session, cursor.id) or (None, None)
        if to_block == self._report.block_number:
            sums.require(self._report)
        for file in files:
            publish(self._folder / file.path)
        for folder in self._folders(files):
            sync_folder(folder)
        time_s = self._report.block_timestamp_s if to_block == self._report.block_number else None
        blocks = from_block, to_block
        entry = self._entry.with_range(blocks, sums.next_seq, files, sums.cells(), time_s)
        self._entry = replace(entry, pay_address_factory=factory, pay_address_implementation=implementation)
        self._manifest = self._manifest.having(self._entry)
        save_manifest(self._folder, self._manifest)
        sync_folder(self._folder)

    def require_tallies(self) -> None:
        """Checks the whole export against the roll-ups, when it ends at the same block."""
        if self._entry.next_block == self._report.block_number + 1:
            Sums(self._entry.tallies, self._entry.next_seq).require(self._report)

    def result(self) -> ExportResult:
        new = [file for some in self._entry.ranges[self._ranges_before :] for file in some.files]
        rows, octets = sum(file.rows for file in new), sum(file.octets for file in new)
        return ExportResult((self._entry.next_block or 0) - 1, len(new), rows, octets)

    def _write(self, table: ExportTable, content: Content, sums: Sums) -> FileEntry:
        place = self._place(table)
        name = f"{place}/{content.from_block:012d}-{content.to_block:012d}.parquet"
        groups = content.groups(table)
        return write_file(self._folder / name, name, table, _summed(groups, sums, table))

    def _folders(self, files: Sequence[FileEntry]) -> set[Path]:
        """The folders with the files, up to that of the export."""
        above = {folder for file in files for folder in (self._folder / file.path).parents}
        return {folder for folder in above if folder.is_relative_to(self._folder)}

    def _place(self, table: ExportTable) -> str:
        return f"{table.name}/{self._entry.chain_id}/{self._entry.settlement}"

    def _remove_leftovers(self) -> None:
        """Deletes files of a run that was killed before its manifest named them."""
        named = {file.path for some in self._entry.ranges for file in some.files}
        for table in TABLES:
            place = self._folder / self._place(table)
            for file in place.iterdir() if place.is_dir() else ():
                if FILE_NAME.fullmatch(file.name) and str(file.relative_to(self._folder)) not in named:
                    file.unlink()

    def _cursor(self, session: Session) -> Cursor:
        cursor = find_cursor(session, self._report.chain_id, self._report.settlement)
        assert cursor is not None  # the report is of it
        return cursor


def starts(start: int, last: int, step: int) -> Iterator[int]:
    """The first blocks of the ranges from a block to the last one."""
    while start <= last:
        yield start
        start += step - start % step


def _summed(groups: Iterator[pa.Table], sums: Sums, table: ExportTable) -> Iterator[pa.Table]:
    for group in groups:
        if table is INFERENCE:
            sums.add(group)
        yield group


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One export into a folder at a time; the lock ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExportBusyError(folder) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def own_errors(folder: Path) -> Iterator[None]:
    """Says of which folder it is that something cannot be done.

    Raises:
        ExportFolderError: the folder cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        raise ExportFolderError(folder, error.strerror or str(error)) from None
