"""Errors of exports. Each message names the values and says what to do.

IndexerError
├── UsageError                  exit code 2
│   └── UnknownExportError
├── NotReadyError               exit code 3
│   ├── ExportFolderError
│   ├── ExportBusyError
│   └── NothingExportedError
└── CheckFailedError            exit code 1
    ├── ExportMismatchError
    ├── RecordedMismatchError
    └── DamagedExportError
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indexer.errors import CheckFailedError, NotReadyError, UsageError


class UnknownExportError(UsageError):
    """A folder holds something else than an export of this version."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(f"{folder} is no export of this version: {problem}; name another folder")


class ExportFolderError(NotReadyError):
    """The folder of an export cannot be read or written."""

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(f"export folder {folder}: {problem}; check that it can be written and has room")


class ExportBusyError(NotReadyError):
    """Another process exports into the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another process exports into {folder}; wait until it has ended")


class NothingExportedError(NotReadyError):
    """A folder holds no export."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no export; run `veritally-indexer export --to {folder}` first")


class ExportMismatchError(CheckFailedError):
    """What was read for an export is not what the database's roll-ups, or earlier exports, say."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the database and its export do not fit: {problem}; the range was not exported: run "
            "`veritally-indexer verify`, and when the database is right, export into another folder"
        )


class RecordedMismatchError(CheckFailedError):
    """Foreign history came to blocks that are exported already."""

    def __init__(self, stream: str, block: int, rows: int, exported: int) -> None:
        super().__init__(
            f"the database and its export do not fit: {stream} has {rows} rows up to block {block}, and the "
            f"export {exported}; rows that were imported for blocks that had been exported, for another "
            "deployment on the chain for example, need another folder: export into that"
        )


class DamagedExportError(CheckFailedError):
    """Files of an export are not what was written."""

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        super().__init__(
            f"export {folder} is damaged: {'; '.join(problems)}; copy these files from another export of "
            "the same blocks, or export into another folder"
        )
        self.problems = tuple(problems)
