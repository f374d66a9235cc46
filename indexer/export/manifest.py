"""What an export holds: `manifest.json`, exchanged as a whole once its files are on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from indexer.export.errors import UnknownExportError
from indexer.export.schema import SCHEMA_VERSION

NAME = "manifest.json"


@dataclass(frozen=True)
class FileEntry:
    """One file."""

    table: str
    path: str
    """From the folder of the export."""
    rows: int
    octets: int
    sha256: str
    """Of the file."""
    content_sha256: str
    """Of its rows, whatever wrote them."""


@dataclass(frozen=True)
class RangeEntry:
    """The files of a range of blocks, one per table."""

    from_block: int
    to_block: int
    next_seq: int
    """Sequence number after the range."""
    export_digest: str
    """Of the range's content and of all ranges before it. The digest that `verify` prints is another one."""
    files: tuple[FileEntry, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class CellEntry:
    """Sum over the inferences of one tier, asset and labels."""

    tier: str
    asset: str
    development: bool
    unbound: bool
    inferences: int
    amount_base_units: str


@dataclass(frozen=True)
class DeploymentEntry:
    """One deployment, from its first event to the last exported block."""

    chain_id: int
    settlement: str
    ranges: tuple[RangeEntry, ...] = ()
    tallies: tuple[CellEntry, ...] = ()
    block_time_s: int | None = None
    """Unix time of the last exported block; None where it is not known."""
    pay_address_factory: str | None = None
    """With the next one, what pay addresses are derived from; None where the database does not know it."""
    pay_address_implementation: str | None = None

    @property
    def next_block(self) -> int | None:
        """The block after the last range; None before the first range."""
        return self.ranges[-1].to_block + 1 if self.ranges else None

    @property
    def next_seq(self) -> int:
        """The sequence number after the last range."""
        return self.ranges[-1].next_seq if self.ranges else 0

    @property
    def export_digest(self) -> str:
        """Of everything that was exported."""
        return self.ranges[-1].export_digest if self.ranges else ""

    def with_range(
        self,
        blocks: tuple[int, int],
        next_seq: int,
        files: Sequence[FileEntry],
        tallies: Sequence[CellEntry],
        block_time_s: int | None = None,
    ) -> DeploymentEntry:
        """The entry with another range behind the others; `block_time_s` is that of its last block."""
        digest = self.chained(self.export_digest, blocks, next_seq, files)
        added = RangeEntry(*blocks, next_seq, digest, tuple(files))
        ranges = (*self.ranges, added)
        return replace(self, ranges=ranges, tallies=tuple(tallies), block_time_s=block_time_s)

    def chained(self, before: str, blocks: tuple[int, int], next_seq: int, files: Sequence[FileEntry]) -> str:
        """SHA-256 over a range and the digest before it, as JSON without spaces."""
        contents = [[file.table, file.rows, file.content_sha256] for file in files]
        link = [SCHEMA_VERSION, before, self.chain_id, self.settlement, *blocks, next_seq, contents]
        return hashlib.sha256(json.dumps(link, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """All deployments of an export."""

    schema_version: int = SCHEMA_VERSION
    deployments: tuple[DeploymentEntry, ...] = ()

    def deployment(self, chain_id: int, settlement: str) -> DeploymentEntry:
        """The entry of a deployment; an empty one when it has none."""
        for entry in self.deployments:
            if (entry.chain_id, entry.settlement) == (chain_id, settlement):
                return entry
        return DeploymentEntry(chain_id, settlement)

    def having(self, changed: DeploymentEntry) -> Manifest:
        """The manifest with this entry in place of the deployment's older one."""
        key = changed.chain_id, changed.settlement
        others = [entry for entry in self.deployments if (entry.chain_id, entry.settlement) != key]
        ordered = sorted([*others, changed], key=lambda entry: (entry.chain_id, entry.settlement))
        return replace(self, deployments=tuple(ordered))


def load_manifest(folder: Path) -> Manifest:
    """The manifest of an export; an empty one where there is none.

    Raises:
        UnknownExportError: it is none of this version.
    """
    file = folder / NAME
    if not file.exists():
        return Manifest()
    content = file.read_bytes()
    try:
        version = json.loads(content)["schema_version"]
        if version != SCHEMA_VERSION:
            raise UnknownExportError(folder, f"schema version {version}, not {SCHEMA_VERSION}")
        return msgspec.json.decode(content, type=Manifest)
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownExportError(folder, f"{NAME} cannot be read ({error})") from None


def save_manifest(folder: Path, manifest: object) -> None:
    """Exchanges the manifest: readers see the old one or the new one."""
    partial = folder / f"{NAME}.partial"
    with partial.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(folder / NAME)
