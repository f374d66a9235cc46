"""What an export holds of foreign history: `recorded/manifest.json`, apart from that of verified events."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from indexer.export.errors import UnknownExportError
from indexer.export.manifest import NAME, FileEntry
from indexer.recorded.summary import STATUS

FOLDER = "recorded"
"""Of an export, with everything that is not verified."""
SCHEMA_VERSION = 1
"""Changes whenever a column, its encoding, or the content digest does."""


@dataclass(frozen=True)
class StreamKey:
    """Whose rows they are. All rows of one stream come in the order of one chain."""

    table: str
    chain_id: int
    source: str
    """`opengradient`, `x402`, or `transfers`."""
    contract: str
    """The relay or the token in 0x hex; empty for transfers: they are those of all deployments on a chain."""
    payee: str
    """Whom payments go to, in 0x hex; empty where the source has none."""

    @property
    def folder(self) -> str:
        """From the folder of the export."""
        parts = (part for part in (self.source, self.contract, self.payee) if part)
        return f"{FOLDER}/{self.table}/{self.chain_id}/{'-'.join(parts)}"

    def __str__(self) -> str:
        of = " to ".join(part for part in (self.contract, self.payee) if part)
        return " ".join(part for part in (self.source, of, f"on chain {self.chain_id}") if part)


@dataclass(frozen=True)
class RecordedRange:
    """The file of a range of blocks."""

    from_block: int
    to_block: int
    export_digest: str
    """Of the range's content and of all ranges before it."""
    file: FileEntry


@dataclass(frozen=True)
class StreamEntry:
    """What is exported of a stream."""

    key: StreamKey
    status: str = STATUS
    ranges: tuple[RecordedRange, ...] = ()

    @property
    def next_block(self) -> int | None:
        """The block after the last range; None before the first range."""
        return self.ranges[-1].to_block + 1 if self.ranges else None

    @property
    def rows(self) -> int:
        """Of all ranges."""
        return sum(some.file.rows for some in self.ranges)

    @property
    def export_digest(self) -> str:
        """Of everything that was exported."""
        return self.ranges[-1].export_digest if self.ranges else ""

    def with_range(self, from_block: int, to_block: int, file: FileEntry) -> StreamEntry:
        """The entry with another range behind the others."""
        digest = self.chained(self.export_digest, from_block, to_block, file)
        return replace(self, ranges=(*self.ranges, RecordedRange(from_block, to_block, digest, file)))

    def chained(self, before: str, from_block: int, to_block: int, file: FileEntry) -> str:
        """SHA-256 over a range and the digest before it, as JSON without spaces."""
        link = [SCHEMA_VERSION, before, *vars(self.key).values(), self.status]
        link += [from_block, to_block, file.rows, file.content_sha256]
        return hashlib.sha256(json.dumps(link, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class RecordedManifest:
    """All streams of an export."""

    schema_version: int = SCHEMA_VERSION
    streams: tuple[StreamEntry, ...] = ()

    def stream(self, key: StreamKey) -> StreamEntry:
        """The entry of a stream; an empty one when it has none."""
        return next((entry for entry in self.streams if entry.key == key), StreamEntry(key))

    def having(self, changed: StreamEntry) -> RecordedManifest:
        """The manifest with this entry in place of the stream's older one."""
        others = [entry for entry in self.streams if entry.key != changed.key]
        ordered = sorted([*others, changed], key=lambda entry: tuple(vars(entry.key).values()))
        return replace(self, streams=tuple(ordered))


def load_manifest(folder: Path) -> RecordedManifest:
    """The manifest in the folder of an export; an empty one where there is none.

    Raises:
        UnknownExportError: it is none of this version.
    """
    file = folder / FOLDER / NAME
    if not file.exists():
        return RecordedManifest()
    content = file.read_bytes()
    try:
        version = json.loads(content)["schema_version"]
        if version != SCHEMA_VERSION:
            raise UnknownExportError(folder / FOLDER, f"schema version {version}, not {SCHEMA_VERSION}")
        return msgspec.json.decode(content, type=RecordedManifest)
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownExportError(folder / FOLDER, f"{NAME} cannot be read ({error})") from None
