"""Compares what is stored with what an endpoint says, range by range, and finds the blocks that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from sqlmodel import SQLModel

from indexer.chain import Heads
from indexer.decode import EventDecoder, Rows
from indexer.digest import STREAMS, Digest, block_rows, records_of
from indexer.errors import ChainReorganisedError, SequenceGapError
from indexer.events import octets_of
from indexer.group_checks import require_groups
from indexer.ranges import BlockRange
from indexer.sources import Source
from indexer.stored import StoredRows
from indexer.tables import EVENT_TABLES, BlockRow, InferenceRow
from indexer.wire import LOG_INDEX_BITS, Octets

Records: TypeAlias = Octets | list[bytes]


@dataclass(frozen=True)
class Span:
    """Neighbouring blocks whose events are stored otherwise than an endpoint shows them."""

    first_block: int
    last_block: int
    stored_events: int
    chain_events: int


@dataclass
class Comparison:
    """What came out, as far as it has come."""

    stored: Digest = field(default_factory=Digest)
    chain: Digest = field(default_factory=Digest)
    spans: list[Span] = field(default_factory=list)


def compare(
    source: Source,
    decoder: EventDecoder,
    stored: StoredRows,
    first_block: int,
    heads: Heads,
    next_seq: int | None = None,
) -> Comparison:
    """Compares all blocks from `first_block` up to `heads.latest`.

    `next_seq` is the number of the first inference; without it, `first_block` is the deployment's first one,
    and rows that are stored before it count as differing.

    Raises:
        CheckFailedError: the endpoint's answers cannot be right: a gap, a missing group, a broken chain.
    """
    low = 0 if next_seq is None else first_block
    result, next_seq, last_hash = Comparison(), next_seq or 0, None
    for found in source.reader.read(first_block, heads):
        if last_hash not in (None, found.first.parent_hash):
            raise ChainReorganisedError(found.first.number - 1, last_hash or b"", found.first.parent_hash)
        theirs = {rows.table: rows for rows in decoder.decode(found.logs)}
        next_seq = _require_sequence(next_seq, found, theirs.get(InferenceRow))
        require_groups(found.first.number, found.last.number, theirs.values())
        theirs[BlockRow] = _blocks(found)
        _compare_range(result, stored, theirs, low, found.last.number)
        last_hash, low = found.last.hash, found.last.number + 1
    return result


def _compare_range(
    result: Comparison, stored: StoredRows, theirs: Mapping[type[SQLModel], Rows], low: int, high: int
) -> None:
    ours = {table: stored.events(table, low, high) for table in EVENT_TABLES}
    ours[BlockRow] = stored.blocks(low, high)
    by_block: dict[int, list[int]] = {}
    differing: set[int] = set()
    for table in STREAMS:
        mine, other = ours[table], theirs.get(table)
        records, expected = records_of(mine), [] if other is None else records_of(other)
        result.stored.add(table, records)
        result.chain.add(table, expected)
        if _same(records, expected) and _derived(mine) == _derived(other):
            continue
        differing |= _differing(mine, records, other, expected)
    if differing:
        for side, tables in enumerate((ours, theirs)):
            for rows in (rows for table, rows in tables.items() if table is not BlockRow):
                numbers, counts = np.unique(rows.places >> LOG_INDEX_BITS, return_counts=True)
                for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                    by_block.setdefault(number, [0, 0])[side] += count
        result.spans += _spans(differing, by_block)


def _require_sequence(next_seq: int, found: BlockRange, inferences: Rows | None) -> int:
    first, last = found.first.number, found.last.number
    if inferences is not None:
        seqs = inferences.columns["seq"]
        expected = np.arange(next_seq, next_seq + len(seqs))
        wrong = np.flatnonzero(seqs != expected)
        if len(wrong):
            raise SequenceGapError(first, last, int(expected[wrong[0]]), int(seqs[wrong[0]]))
        next_seq += len(seqs)
    if found.next_seq not in (None, next_seq):
        raise SequenceGapError(first, last, found.next_seq or 0, next_seq)
    return next_seq


def _blocks(found: BlockRange) -> Rows:
    """The blocks of a range that have events."""
    numbers, counts = np.unique(found.logs.places >> LOG_INDEX_BITS, return_counts=True)
    by_number = {block.number: block for block in found.blocks}
    blocks = [by_number[number] for number in numbers.tolist()]
    hashes = np.frombuffer(b"".join(block.hash for block in blocks), np.uint8).reshape(-1, 32)
    return block_rows(numbers, hashes, np.array([b.timestamp_s for b in blocks], np.int64), counts)


def _same(ours: Records, theirs: Records) -> bool:
    if isinstance(ours, list) or isinstance(theirs, list):
        return len(ours) == len(theirs) and list(map(bytes, ours)) == list(map(bytes, theirs))
    return ours.shape == theirs.shape and bool((ours == theirs).all())


def _derived(rows: Rows | None) -> list[str | None]:
    """Columns that follow from the others by the contracts' ABIs."""
    return [] if rows is None else list(rows.columns.get("reason_name", ()))


def _differing(ours: Rows, records: Records, theirs: Rows | None, expected: Records) -> set[int]:
    """Numbers of the blocks whose records are not the same on both sides."""
    mine = dict(_per_block(ours, records))
    other = {} if theirs is None else dict(_per_block(theirs, expected))
    return {number for number in mine.keys() | other.keys() if mine.get(number) != other.get(number)}


def _per_block(rows: Rows, records: Records) -> Iterator[tuple[int, list[tuple[bytes, str | None]]]]:
    if not len(rows):
        return
    octets = records if isinstance(records, list) else octets_of(records)
    names = _derived(rows) or [None] * len(rows)
    numbers, starts = np.unique(rows.places >> LOG_INDEX_BITS, return_index=True)
    ends = [*starts.tolist()[1:], len(rows)]
    for number, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True):
        yield number, list(zip(octets[start:end], names[start:end], strict=True))


def _spans(differing: set[int], by_block: Mapping[int, list[int]]) -> Iterator[Span]:
    """Joins differing blocks that have no equal block with events between them."""
    first = last = None
    stored = chain = 0
    for number in sorted(differing | by_block.keys()):
        if number not in differing:
            if first is not None and last is not None:
                yield Span(first, last, stored, chain)
            first, last, stored, chain = None, None, 0, 0
            continue
        first, last = number if first is None else first, number
        events = by_block.get(number, [0, 0])
        stored, chain = stored + events[0], chain + events[1]
    if first is not None and last is not None:
        yield Span(first, last, stored, chain)
