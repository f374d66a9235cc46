"""Columns of the exported files, made from columns of the database's tables."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from indexer.amounts import join
from indexer.export.names import Names
from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS
from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS

TIMESTAMP = pa.timestamp("ms", "UTC")
AMOUNT = pa.decimal128(38, 0)
"""Exact up to 10^38 - 1; an inference's amount has 96 bits, so a sum has room for 10^9 of the largest."""

_TIERS = {int(tier): tier.label for tier in SETTLED_TIERS}
_SCHEMES = {int(scheme): scheme.name.lower() for scheme in PaymentScheme}
_BLOCK_MASK = (1 << BLOCK_BITS) - 1
_AMOUNT_OCTETS = 16
_LIMBS = ("amount_e20", "amount_e10", "amount_e0")


@dataclass(frozen=True)
class Page:
    """Some rows of one table, in the order of the chain."""

    chain_id: int
    settlement: str
    values: Mapping[str, Sequence[Any]]
    """By column of the database's table."""
    names: Names

    def __len__(self) -> int:
        return len(self.values["id"])

    def numbers(self, name: str) -> Any:
        """A column of integers."""
        return np.array(self.values[name], np.int64)


@dataclass(frozen=True)
class ExportColumn:
    """One column: its type, the columns that it is made from, and how."""

    name: str
    type: pa.DataType
    sources: tuple[str, ...]
    make: Callable[[Page], pa.Array]
    nullable: bool = False


def chain_id() -> ExportColumn:
    """The chain."""
    return ExportColumn("chain_id", pa.int64(), (), lambda page: pa.array([page.chain_id] * len(page)))


def settlement() -> ExportColumn:
    """Address of the Settlement contract: it tells deployments on one chain apart."""
    return ExportColumn(
        "settlement", pa.string(), (), lambda page: pa.array([page.settlement] * len(page), pa.string())
    )


def block_number(shift: int = LOG_INDEX_BITS) -> ExportColumn:
    """The block, from the key of a row; `shift` is 0 where the key is a block's."""
    return ExportColumn(
        "block_number", pa.int64(), ("id",), lambda page: pa.array(page.numbers("id") >> shift & _BLOCK_MASK)
    )


def block_time() -> ExportColumn:
    """When the block was made, looked up."""

    def make(page: Page) -> pa.Array:
        blocks = page.numbers("id") >> LOG_INDEX_BITS & _BLOCK_MASK
        times_s = page.names.times_s(int(blocks[0]), int(blocks[-1]))
        return times([times_s[number] for number in blocks.tolist()])

    return ExportColumn("block_time", TIMESTAMP, ("id",), make)


def own_block_time() -> ExportColumn:
    """When a block was made, from its own row."""
    source = "timestamp_s"
    return ExportColumn("block_time", TIMESTAMP, (source,), lambda page: times(page.values[source]))


def log_index() -> ExportColumn:
    """Place of the event's log in its block."""
    mask = (1 << LOG_INDEX_BITS) - 1
    return ExportColumn(
        "log_index", pa.int32(), ("id",), lambda page: pa.array((page.numbers("id") & mask).astype(np.int32))
    )


def plain(name: str, type_: pa.DataType, nullable: bool = False) -> ExportColumn:
    """Numbers and text as they are."""
    return ExportColumn(name, type_, (name,), lambda page: pa.array(page.values[name], type_), nullable)


def unsigned(name: str) -> ExportColumn:
    """64 bits that the database holds with a sign."""
    return ExportColumn(
        name, pa.uint64(), (name,), lambda page: pa.array(page.numbers(name).astype(np.uint64))
    )


def flag(name: str) -> ExportColumn:
    """True or false."""
    return ExportColumn(name, pa.bool_(), (name,), lambda page: pa.array(page.numbers(name) != 0))


def octets(name: str, nullable: bool = False) -> ExportColumn:
    """Bytes as 0x hex."""
    return ExportColumn(name, pa.string(), (name,), lambda page: hexadecimal(page.values[name]), nullable)


def address(name: str, nullable: bool = False) -> ExportColumn:
    """An address as 0x hex; NULL for nobody."""
    return _looked_up(name, f"{name}_id", lambda page: page.names.addresses, nullable)


def model_id() -> ExportColumn:
    """A model id as 0x hex."""
    return _looked_up("model_id", "model_id", lambda page: page.names.models, nullable=False)


def asset_decimals() -> ExportColumn:
    """`decimals()` of the asset; NULL when it did not state them."""

    def make(page: Page) -> pa.Array:
        decimals = page.names.decimals()
        return pa.array([decimals[number] for number in page.values["asset_id"]], pa.int16())

    return ExportColumn("asset_decimals", pa.int16(), ("asset_id",), make, nullable=True)


def tier(name: str) -> ExportColumn:
    """A tier's name."""
    return _labelled(name, _TIERS)


def scheme() -> ExportColumn:
    """The name of a payment scheme."""
    return _labelled("scheme", _SCHEMES)


def amount() -> ExportColumn:
    """An amount of up to 96 bits, in base units."""

    def make(page: Page) -> pa.Array:
        content = b"".join(number.to_bytes(_AMOUNT_OCTETS, "little") for number in _amounts(page))
        return pa.Array.from_buffers(AMOUNT, len(page), [None, pa.py_buffer(content)])

    return ExportColumn("amount_base_units", AMOUNT, _LIMBS, make)


def amount_text() -> ExportColumn:
    """An amount of any size, in base units, as digits."""
    return ExportColumn(
        "amount_base_units", pa.string(), _LIMBS, lambda page: pa.array(map(str, _amounts(page)), pa.string())
    )


def _amounts(page: Page) -> Iterable[int]:
    return map(join, *(page.values[name] for name in _LIMBS))


def _labelled(name: str, labels: Mapping[int, str]) -> ExportColumn:
    return ExportColumn(
        name,
        pa.string(),
        (name,),
        lambda page: pa.array(map(labels.__getitem__, page.values[name]), pa.string()),
    )


def _looked_up(
    name: str,
    source: str,
    names_of: Callable[[Page], Callable[[Iterable[int]], dict[int, str]]],
    nullable: bool,
) -> ExportColumn:
    """Numbers of a dictionary, each different one looked up once."""

    def make(page: Page) -> pa.Array:
        numbers, places = np.unique(page.numbers(source), return_inverse=True)
        listed: list[int] = numbers.tolist()
        known = names_of(page)(number for number in listed if number)
        texts = pa.array([known[number] if number else None for number in listed], pa.string())
        return texts.take(pa.array(places))

    return ExportColumn(name, pa.string(), (source,), make, nullable)


def times(times_s: Sequence[int]) -> pa.Array:
    """Unix times in seconds as timestamps."""
    return pa.array(times_s, pa.timestamp("s", "UTC")).cast(TIMESTAMP)


def hexadecimal(values: Sequence[bytes | None]) -> pa.Array:
    """Bytes as 0x hex."""
    length = len(values[0] or b"")
    if not length or any(value is None or len(value) != length for value in values):
        return pa.array([None if value is None else f"0x{value.hex()}" for value in values], pa.string())
    width = 2 + 2 * length
    text = np.empty((len(values), width), np.uint8)
    text[:, :2] = np.frombuffer(b"0x", np.uint8)
    digits = binascii.hexlify(b"".join(value for value in values if value))
    text[:, 2:] = np.frombuffer(digits, np.uint8).reshape(len(values), -1)
    ends = np.arange(len(values) + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(text))
