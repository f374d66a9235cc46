"""A digest over the events of a deployment. docs/verify.md defines it, so that others can compute it.

Every event becomes the same bytes, whether it comes from a node or from the database: addresses and model ids
are spelled out, integers are big-endian. Each kind of event has a stream of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import SQLModel

from indexer.amounts import LIMB
from indexer.decode import Rows
from indexer.tables import (
    EVENT_TABLES,
    BlockRow,
    ChannelRefundedRow,
    GroupSettledRow,
    GroupSkippedRow,
    InferenceRow,
    ReceiptSkippedRow,
    RegistryEventRow,
)
from indexer.wire import LOG_INDEX_BITS, Octets, Places

STREAMS: tuple[type[SQLModel], ...] = (*EVENT_TABLES, BlockRow)
"""Tables with a stream, in the digest's order."""

_TITLE = b"veritally events 1\n"
_VARIES = 0
_PLACE = (("block", 8), ("log_index", 4), ("transaction_hash", 32))
_FIELDS: Mapping[type[SQLModel], tuple[tuple[str, int], ...]] = {
    InferenceRow: (
        *_PLACE,
        ("seq", 8),
        ("receipt_hash", 32),
        ("payer", 20),
        ("prover", 20),
        ("model_id", 32),
        ("asset", 20),
        ("tier", 1),
        ("floor", 1),
        ("scheme", 1),
        ("labels", 1),
        ("amount", 16),
        ("served_at_s", 8),
        ("request_hash", 32),
        ("response_hash", 32),
    ),
    GroupSettledRow: (
        *_PLACE,
        ("root", 32),
        ("prover", 20),
        ("model_id", 32),
        ("route", 4),
        ("key", 32),
        ("tier", 1),
        ("labels", 1),
        ("settled", 4),
        ("skipped", 4),
    ),
    GroupSkippedRow: (
        *_PLACE,
        ("prover", 20),
        ("model_id", 32),
        ("route", 4),
        ("group_index", 4),
        ("reason", _VARIES),
    ),
    ReceiptSkippedRow: (
        *_PLACE,
        ("receipt_hash", 32),
        ("payer", 20),
        ("prover", 20),
        ("reason", _VARIES),
    ),
    ChannelRefundedRow: (*_PLACE, ("payer", 20), ("prover", 20), ("asset", 20), ("amount", 16)),
    RegistryEventRow: (
        *_PLACE,
        ("contract", _VARIES),
        ("event", _VARIES),
        ("subject", _VARIES),
        ("arguments", _VARIES),
    ),
    BlockRow: (("block", 8), ("hash", 32), ("timestamp_s", 8), ("events", 4)),
}
"""Fields of a record with their bytes; those of any length have four bytes with the length before them."""
_IMPOSSIBLE = 0xFF
"""Fills what no event can hold."""
_HALF_LIMB = np.uint64(10**5)
_LIMB_DIGITS = 4


class Digest:
    """Takes the events of a deployment, in the order of the chain, in parts of any size."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(STREAMS, 0)
        self._streams = {table: hashlib.sha256() for table in STREAMS}

    def add(self, table: type[SQLModel], records: Octets | list[bytes]) -> None:
        """Adds records that `records_of` made."""
        self.counts[table] += len(records)
        self._streams[table].update(b"".join(records) if isinstance(records, list) else records.data)

    def copy(self) -> Digest:
        """One that goes on from here by itself."""
        other = Digest()
        other.counts = dict(self.counts)
        other._streams = {table: stream.copy() for table, stream in self._streams.items()}
        return other

    @property
    def events(self) -> int:
        """Number of events so far."""
        return sum(self.counts[table] for table in EVENT_TABLES)

    def value(self, chain_id: int, settlement: bytes, last_block: int) -> bytes:
        """The digest of all events up to a block."""
        parts = [_TITLE, chain_id.to_bytes(8), settlement, last_block.to_bytes(8)]
        for table in STREAMS:
            parts += [self.counts[table].to_bytes(8), self._streams[table].digest()]
        return hashlib.sha256(b"".join(parts)).digest()


def records_of(rows: Rows) -> Octets | list[bytes]:
    """The bytes of each row: a matrix, or a list when lengths vary.

    Columns hold addresses and model ids in full. Values that no event can hold become impossible bytes.
    """
    fields = _FIELDS[rows.table]
    fixed = [_field(rows, name, width) for name, width in fields if width != _VARIES]
    head = np.concatenate(fixed, axis=1) if len(rows) else np.empty((0, 0), np.uint8)
    varying = [rows.columns[name] for name, width in fields if width == _VARIES]
    if not varying:
        return np.ascontiguousarray(head)
    tails = zip(*(_prefixed(column) for column in varying), strict=True)
    return [h.tobytes() + b"".join(t) for h, t in zip(head, tails, strict=True)]


def block_rows(numbers: Places, hashes: Octets, times_s: Places, events: Places) -> Rows:
    """Blocks with events, as rows."""
    columns = {"hash": hashes, "timestamp_s": times_s, "events": events}
    return Rows(BlockRow, numbers << LOG_INDEX_BITS, columns)


def octet_matrix(values: list[Any], width: int) -> Octets:
    """Bytes of one length, one row each; what is no such bytes becomes impossible ones."""
    if any(type(value) is not bytes for value in values) or set(map(len, values)) - {width}:
        fill = bytes([_IMPOSSIBLE]) * width
        values = [v if type(v) is bytes and len(v) == width else fill for v in values]
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def _field(rows: Rows, name: str, width: int) -> Octets:
    columns = rows.columns
    if name == "block":
        return _integers(rows.places >> LOG_INDEX_BITS, width)
    if name == "log_index":
        return _integers(rows.places & (1 << LOG_INDEX_BITS) - 1, width)
    if name == "labels":
        development, unbound = (np.asarray(columns[n]).astype(np.int64) for n in ("development", "unbound"))
        return _integers(development + 2 * unbound, width)
    if name == "amount":
        return _amounts([np.asarray(columns[f"amount_{limb}"]) for limb in ("e20", "e10", "e0")])
    column = columns[name]
    if name == "key":
        return octet_matrix([bytes(width) if key is None else key for key in column], width)
    if isinstance(column, list):
        return octet_matrix(column, width)
    return column if column.ndim > 1 else _integers(column, width)


def _integers(numbers: NDArray[Any], width: int) -> Octets:
    octets = np.ascontiguousarray(numbers.astype(">u8")).view(np.uint8).reshape(-1, 8)
    if octets[:, : 8 - width].any():
        octets[octets[:, : 8 - width].any(axis=1)] = _IMPOSSIBLE
    return octets[:, 8 - width :]


def _amounts(limbs: list[NDArray[Any]]) -> Octets:
    """16 bytes each, by long multiplication in digits of 32 bits."""
    e20, e10, e0 = (limb.astype(np.uint64) for limb in limbs)
    digits = [e20 & np.uint64(0xFFFFFFFF), e20 >> np.uint64(32), *[np.zeros_like(e20)] * (_LIMB_DIGITS - 2)]
    for limb in (e10, e0):
        digits = _multiplied(_multiplied(digits, np.zeros_like(limb)), limb)
    words = np.stack(digits[::-1], axis=1).astype(">u4")
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 16)
    octets[(e10 >= LIMB) | (e0 >= LIMB)] = _IMPOSSIBLE
    return octets


def _multiplied(digits: list[NDArray[np.uint64]], added: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    """The number times 10^5, plus a number below 2^63."""
    carry, found = added, []
    for digit in digits:
        carry = carry + digit * _HALF_LIMB
        found.append(carry & np.uint64(0xFFFFFFFF))
        carry = carry >> np.uint64(32)
    return found


def _prefixed(values: list[Any]) -> list[bytes]:
    octets = [value.encode() if isinstance(value, str) else value for value in values]
    return [
        len(value).to_bytes(4) + value if isinstance(value, bytes) else bytes([_IMPOSSIBLE]) * 4
        for value in octets
    ]
