"""Logs of foreign contracts, one by one: there are few of them, and they are of any shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from indexer.chain import hexadecimal
from indexer.rpc_messages import Request
from indexer.wire import LOG_INDEX_BITS, LogTable

WORD = 32


@dataclass(frozen=True)
class Log:
    """One log."""

    block: int
    log_index: int
    transaction_hash: bytes
    contract: bytes
    topics: tuple[bytes, ...]
    data: bytes

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the chain."""
        return self.block, self.log_index

    def head(self, words: int, dynamic: Sequence[int] = ()) -> list[bytes] | None:
        """The first words of the data; None when the data are not what a compiler makes of such a head.

        `dynamic` are the positions of the words that stand for bytes or text. Those follow one another behind
        the head, filled up to whole words.
        """
        found = [self.data[start : start + WORD] for start in range(0, words * WORD, WORD)]
        end = words * WORD
        for position in dynamic:
            if len(self.data) < end + WORD or int.from_bytes(found[position]) != end:
                return None
            length = int.from_bytes(self.data[end : end + WORD])
            end += WORD + -(-length // WORD) * WORD
        return found if len(self.data) == end else None


@dataclass(frozen=True)
class Wanted:
    """Which logs are asked for: those of some contracts, with one of some values in a topic's place."""

    contracts: tuple[bytes, ...]
    topics: tuple[tuple[bytes, ...], ...] = ()
    """Per place the values that are allowed; an empty one allows all."""

    def request(self, from_block: int, to_block: int) -> Request:
        """Asks for them in a range of blocks, both ends included."""
        where = {
            "address": [hexadecimal(contract) for contract in self.contracts],
            "fromBlock": hex(from_block),
            "toBlock": hex(to_block),
            "topics": [[hexadecimal(value) for value in values] or None for values in self.topics],
        }
        return Request("eth_getLogs", [where])

    def allows(self, log: Log) -> bool:
        """Whether a log is one of them."""
        if log.contract not in self.contracts or len(log.topics) < len(self.topics):
            return False
        return all(
            not values or topic in values for values, topic in zip(self.topics, log.topics, strict=False)
        )


def logs_of(table: LogTable) -> list[Log]:
    """The logs of an answer in the order of the chain."""
    return sorted(_logs(table), key=lambda log: log.place)


def _logs(table: LogTable) -> Iterator[Log]:
    for group in table.groups:
        for row, place in enumerate(group.places.tolist()):
            block, log_index = divmod(place, 1 << LOG_INDEX_BITS)
            topics = tuple(topic.tobytes() for topic in group.topics[row])
            hash_, contract = group.transaction_hashes[row].tobytes(), group.addresses[row].tobytes()
            yield Log(block, log_index, hash_, contract, topics, group.data[row].tobytes())


def topic_of(signature: str) -> bytes:
    """First topic of an event."""
    return keccak(text=signature)


def topic_of_address(address: bytes) -> bytes:
    """An address as a topic."""
    return address.rjust(WORD, b"\0")


def address_in(word: bytes) -> bytes | None:
    """The address that a word holds; None when it holds more."""
    return None if any(word[:12]) else word[12:]


def in_parts(values: Sequence[bytes], most: int = 500) -> list[tuple[bytes, ...]]:
    """Values in parts that nodes accept as one filter."""
    return [tuple(values[start : start + most]) for start in range(0, len(values), most)]
