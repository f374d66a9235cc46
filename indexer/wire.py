"""Blocks and logs as a node writes them in JSON. Every parser is strict and raises ValueError otherwise."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

import msgspec

LOG_INDEX_BITS = 20
"""Bits of a row id that hold the index of a log in its block."""

_LARGEST_BLOCK = (1 << 63 - LOG_INDEX_BITS) - 1
_LARGEST_TIME_S = (1 << 63) - 1


@dataclass(frozen=True)
class Block:
    """Header of one block."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int


@dataclass(frozen=True)
class Log:
    """One log."""

    address: bytes
    block_number: int
    block_hash: bytes
    log_index: int
    transaction_hash: bytes
    topics: tuple[bytes, ...]
    data: bytes
    removed: bool

    @property
    def row_id(self) -> int:
        """Place of the log in the chain, and primary key of its row."""
        return self.block_number << LOG_INDEX_BITS | self.log_index


class _Header(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str


class _Log(msgspec.Struct, rename="camel"):
    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    removed: bool = False


_HEADER: msgspec.json.Decoder[_Header | None] = msgspec.json.Decoder(_Header | None)
_LOGS = msgspec.json.Decoder(list[_Log])
_TEXT = msgspec.json.Decoder(str)


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


def parse_logs(raw: msgspec.Raw) -> list[Log]:
    """The logs of an `eth_getLogs` answer, in its order."""
    return [_log(log) for log in _LOGS.decode(raw)]


def parse_octets(raw: msgspec.Raw) -> bytes:
    """Bytes of any length."""
    return _octets(_TEXT.decode(raw))


def parse_quantity(raw: msgspec.Raw) -> int:
    """A number."""
    return _quantity(_TEXT.decode(raw))


def _log(log: _Log) -> Log:
    return Log(
        address=_octets(log.address, 20),
        block_number=_at_most(_LARGEST_BLOCK, log.block_number),
        block_hash=_octets(log.block_hash, 32),
        log_index=_at_most((1 << LOG_INDEX_BITS) - 1, log.log_index),
        transaction_hash=_octets(log.transaction_hash, 32),
        topics=tuple(_octets(topic, 32) for topic in log.topics),
        data=_octets(log.data),
        removed=log.removed,
    )


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
