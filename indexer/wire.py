"""Blocks and logs as a node writes them in JSON. Every parser is strict and raises ValueError otherwise.

Logs are the bulk of what a node sends. Their hexadecimal text is never looked at one by one: logs of one
shape are joined, turned into bytes at once and cut into the columns of a matrix.
"""

from __future__ import annotations

import binascii
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

LOG_INDEX_BITS = 20
"""Bits of a place that hold the index of a log in its block."""
BLOCK_BITS = 36
"""Bits of a place that hold the number of the block."""

Octets: TypeAlias = NDArray[np.uint8]
"""Bytes of many logs: one row each."""
Places: TypeAlias = NDArray[np.int64]
"""Block number and log index of many logs, each in one integer: `block << 20 | log index`."""

_LARGEST_BLOCK = (1 << BLOCK_BITS) - 1
_LARGEST_LOG_INDEX = (1 << LOG_INDEX_BITS) - 1
_LARGEST_TIME_S = (1 << 63) - 1
_EMPTY_TOPICS = 2
_TOPIC = 69  # '"0x', 64 digits, '"', and a comma or bracket


@dataclass(frozen=True)
class Block:
    """Header of one block."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int


@dataclass(frozen=True)
class LogGroup:
    """Logs with the same number of topics and the same length of data, in the order of the answer."""

    places: Places
    addresses: Octets
    block_hashes: Octets
    transaction_hashes: Octets
    topics: NDArray[np.uint8]
    """Per log, the 32 bytes of each topic."""
    data: Octets

    def __len__(self) -> int:
        return len(self.places)

    def select(self, chosen: NDArray[Any]) -> LogGroup:
        """Some of the logs, by position or mask."""
        return LogGroup(**{name: column[chosen] for name, column in vars(self).items()})


@dataclass(frozen=True)
class LogTable:
    """All logs of one answer."""

    groups: tuple[LogGroup, ...]
    removed: tuple[int, ...]
    """Places of the logs that are marked as removed."""

    @cached_property
    def places(self) -> Places:
        """Of all logs, ascending."""
        return np.sort(np.concatenate([group.places for group in self.groups] or [np.empty(0, np.int64)]))

    def __len__(self) -> int:
        return sum(map(len, self.groups))


class _Header(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str


class _Log(msgspec.Struct, rename="camel", gc=False):
    address: msgspec.Raw
    topics: msgspec.Raw
    data: msgspec.Raw
    block_number: str
    block_hash: msgspec.Raw
    transaction_hash: msgspec.Raw
    log_index: str
    removed: bool = False


_HEADER: msgspec.json.Decoder[_Header | None] = msgspec.json.Decoder(_Header | None)
_LOGS = msgspec.json.Decoder(list[_Log])
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])


def parse_block(raw: msgspec.Raw) -> Block | None:
    """A block header; None when the node has no such block."""
    header = _HEADER.decode(raw)
    if header is None:
        return None
    return Block(
        number=_at_most(_LARGEST_BLOCK, header.number),
        hash=_octets(header.hash, 32),
        parent_hash=_octets(header.parent_hash, 32),
        timestamp_s=_at_most(_LARGEST_TIME_S, header.timestamp),
    )


def parse_logs(raw: msgspec.Raw) -> LogTable:
    """The logs of an `eth_getLogs` answer."""
    logs = _LOGS.decode(raw)
    removed = [log for log in logs if log.removed]
    return LogTable(tuple(_groups(logs)), tuple(_places(removed).tolist()))


def parse_octets(raw: msgspec.Raw) -> bytes:
    """Bytes of any length."""
    return _octets(_TEXT.decode(raw))


def parse_quantity(raw: msgspec.Raw) -> int:
    """A number."""
    return _quantity(_TEXT.decode(raw))


def _groups(logs: Sequence[_Log]) -> list[LogGroup]:
    by_shape: dict[tuple[int, int], list[_Log]] = defaultdict(list)
    try:
        return [_group(logs)] if logs else []  # most often they all have one shape
    except ValueError:
        for log in logs:
            by_shape[len(log.topics), len(log.data)].append(log)
    return [_group(some) for some in by_shape.values()]


def _group(logs: Sequence[_Log]) -> LogGroup:
    first = logs[0]
    topics = _topic_count(first.topics)
    if topics is None:
        return _group(_without_spaces(logs))
    digits = [40, 64, 64, len(first.data) - 4, *[64] * topics]
    parts = [(log.address, log.block_hash, log.transaction_hash, log.data, log.topics) for log in logs]
    text = np.frombuffer(b"".join(chain.from_iterable(parts)), np.uint8).reshape(len(logs), -1)
    octets = _unhexlify(text, _cuts(digits, text.shape[1]))
    ends = np.cumsum([length // 2 for length in digits[:4]]).tolist()
    addresses, blocks, transactions, data, rest = np.split(octets, ends, axis=1)
    words = rest.reshape(len(logs), topics, 32)
    return LogGroup(_places(logs), addresses, blocks, transactions, words, data)


def _topic_count(raw: msgspec.Raw) -> int | None:
    """Number of topics; None when they cannot be written without spaces."""
    if len(raw) == _EMPTY_TOPICS:
        return 0
    return None if len(raw) % _TOPIC != 1 else len(raw) // _TOPIC


def _without_spaces(logs: Sequence[_Log]) -> list[_Log]:
    """The same logs with their topics in the usual form. Any valid list of hashes has it afterwards."""
    texts = [_TEXTS.decode(log.topics) for log in logs]
    if any(len(topic) != _TOPIC - 3 for text in texts for topic in text):
        raise ValueError("a topic is no hash")
    topics = [msgspec.Raw(msgspec.json.encode(text)) for text in texts]
    return [msgspec.structs.replace(log, topics=t) for log, t in zip(logs, topics, strict=True)]


def _cuts(digits: Sequence[int], width: int) -> list[tuple[int, int]]:
    """Where the digits of each value begin and end in a row's text: `"0x...."` four times, then the list."""
    cuts, position = [], 0
    for index, length in enumerate(digits):
        position += 1 if index == 4 else 0  # the list's bracket
        cuts.append((position + 3, position + 3 + length))
        position += length + 4 + (1 if index >= 4 else 0)
    if position + (_EMPTY_TOPICS if len(digits) == 4 else 0) != width:
        raise ValueError("values of an unexpected length")
    return cuts


def _unhexlify(text: Octets, cuts: Sequence[tuple[int, int]]) -> Octets:
    """The bytes of all values. Whatever is no digit must be the same in all rows, and quote or prefix."""
    for start, end in cuts:
        frame = text[:, [start - 3, start - 2, start - 1, end]]
        if (frame != np.frombuffer(b'"0x"', np.uint8)).any():
            raise ValueError("no 0x")
    digits = np.concatenate([text[:, start:end] for start, end in cuts], axis=1)
    octets = np.frombuffer(binascii.unhexlify(digits.data), np.uint8)
    return octets.reshape(len(text), digits.shape[1] // 2)


def _places(logs: Sequence[_Log]) -> Places:
    blocks = _numbers([log.block_number for log in logs], _LARGEST_BLOCK)
    return blocks << LOG_INDEX_BITS | _numbers([log.log_index for log in logs], _LARGEST_LOG_INDEX)


def _numbers(texts: Sequence[str], largest: int) -> NDArray[np.int64]:
    known = {text: _at_most(largest, text) for text in set(texts)}
    return np.array([known[text] for text in texts], np.int64)


def _octets(text: str, length: int | None = None) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("no 0x")
    octets = binascii.unhexlify(text[2:])
    if length is not None and len(octets) != length:
        raise ValueError(f"{len(octets)} bytes, not {length}")
    return octets


def _quantity(text: str) -> int:
    if not text.startswith("0x"):
        raise ValueError("no 0x")
    return int(text, 16)


def _at_most(largest: int, text: str) -> int:
    number = _quantity(text)
    if not 0 <= number <= largest:
        raise ValueError(f"{number} is above {largest}")
    return number
