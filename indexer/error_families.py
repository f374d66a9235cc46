"""What all errors of the indexer are made of: three families, each with its exit code."""

from __future__ import annotations

from typing import ClassVar

REBUILD = "delete the database (or name another one) and run `veritally-indexer sync --once` to start anew"
"""What to do when the stored rows can no longer be trusted."""


def blocks_named(first_block: int, last_block: int) -> str:
    """A range of blocks in words."""
    return f"block {first_block}" if first_block == last_block else f"blocks {first_block} to {last_block}"


class IndexerError(Exception):
    """Base of everything that the indexer raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(IndexerError):
    """The caller asked for something that cannot work."""

    exit_code = 2


class NotReadyError(IndexerError):
    """Something that the indexer needs does not answer, or not yet."""

    exit_code = 3


class CheckFailedError(IndexerError):
    """The data contradicts itself, the chain, or the contract."""

    blocks: tuple[int, int] | None = None
    """First and last block that it is about, when it is about blocks."""
