"""One Parquet file: written whole or not at all, and checked afterwards."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from indexer.export.digest import ContentDigest
from indexer.export.manifest import FileEntry
from indexer.export.schema import ROWS_PER_GROUP

PARTIAL = ".partial"
"""Ends the name of a file that is being written."""

_COMPRESSION_LEVEL = 1
_DELTA = "DELTA_BINARY_PACKED"
_ASCENDING = ("block_number", "log_index", "seq")
_MOSTLY_DIFFERENT = {
    *("receipt_hash", "root", "request_hash", "response_hash", "hash", "arguments"),
    *("claim", "input_hash", "output_hash"),
}


class FileTable(Protocol):
    """What a file holds the rows of."""

    @property
    def name(self) -> str:
        """Of the table."""

    @property
    def schema(self) -> pa.Schema:
        """The columns' Arrow types."""


def write_file(path: Path, name: str, table: FileTable, groups: Iterator[pa.Table]) -> FileEntry:
    """Writes a file under its partial name; `publish` gives it its own. `name` is its path in the export."""
    digest, rows, partial = ContentDigest(table.schema), 0, path.with_name(path.name + PARTIAL)
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        with _writer(file, table.schema) as writer:
            for group in groups:
                writer.write_table(group, row_group_size=ROWS_PER_GROUP)
                digest.add(group)
                rows += len(group)
        file.flush()
        os.fsync(file.fileno())
    return FileEntry(table.name, name, rows, partial.stat().st_size, _sha256(partial), digest.hexadecimal())


def publish(path: Path) -> None:
    """Gives a written file its name, for good."""
    path.with_name(path.name + PARTIAL).rename(path)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def problem_of(path: Path, entry: FileEntry, table: FileTable) -> str | None:
    """What is wrong with a file; None when it is the one that was written."""
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != entry.octets:
        return f"has {path.stat().st_size} bytes, not {entry.octets}"
    if _sha256(path) != entry.sha256:
        return "has another SHA-256"
    with suppress(pa.ArrowInvalid), pq.ParquetFile(path) as file:
        if file.schema_arrow.equals(table.schema) and file.metadata.num_rows == entry.rows:
            digest = ContentDigest(table.schema)
            for number in range(file.num_row_groups):
                digest.add(file.read_row_group(number, use_threads=False))
            if digest.hexadecimal() == entry.content_sha256:
                return None
    return "has another content than the manifest says"


def _writer(file: object, schema: pa.Schema) -> pq.ParquetWriter:
    """Nothing in a file depends on when or where it is written."""
    ascending = {name: _DELTA for name in _ASCENDING if name in schema.names}
    repeated = [name for name in schema.names if name not in _MOSTLY_DIFFERENT | ascending.keys()]
    return pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        use_dictionary=repeated,
        column_encoding=ascending,
        write_statistics=[name for name in schema.names if name not in _MOSTLY_DIFFERENT],
        store_schema=False,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
