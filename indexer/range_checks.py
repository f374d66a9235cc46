"""Checks that the logs of a range fit the range, the headers and one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from indexer.chain import hexadecimal
from indexer.errors import InconsistentLogsError
from indexer.events import octets_of
from indexer.wire import LOG_INDEX_BITS, Block, LogTable


def require_fit(logs: LogTable, from_block: int, to_block: int, ours: set[bytes]) -> None:
    """Checks that logs are of our contracts and of the range, and that none comes twice or is taken back.

    Raises:
        InconsistentLogsError: they are not.
    """
    problem = _problem_of(logs, from_block, to_block, ours)
    if problem is not None:
        raise InconsistentLogsError(from_block, to_block, problem)


def require_one_chain(blocks: Sequence[Block], logs: LogTable) -> None:
    """Checks that each block is the child of the one before, and that its logs are of it.

    `blocks` are ascending, and those of all logs are among them.

    Raises:
        InconsistentLogsError: they are not.
    """
    problem = None
    for before, block in pairwise(blocks):
        if block.number == before.number + 1 and block.parent_hash != before.hash:
            problem = f"block {block.number} is no child of block {before.number}"
    numbers = np.array([block.number for block in blocks])
    hashes = np.frombuffer(b"".join(block.hash for block in blocks), np.uint8).reshape(-1, 32)
    for group in logs.groups:
        found = group.places >> LOG_INDEX_BITS
        wrong = (group.block_hashes != hashes[np.searchsorted(numbers, found)]).any(axis=1)
        if wrong.any():
            problem = f"two hashes for block {found[wrong][0]}"
    if problem is not None:
        raise InconsistentLogsError(blocks[0].number, blocks[-1].number, problem)


def _problem_of(logs: LogTable, from_block: int, to_block: int, ours: set[bytes]) -> str | None:
    for group in logs.groups:
        strangers = set(octets_of(group.addresses)) - ours
        if strangers:
            return f"a log of another contract, {hexadecimal(min(strangers))}"
    for place in logs.removed:
        return f"{_named(place)} is marked as removed"
    places = logs.places
    outside = places[(places >> LOG_INDEX_BITS < from_block) | (places >> LOG_INDEX_BITS > to_block)]
    if len(outside):
        return f"a log of block {outside[0] >> LOG_INDEX_BITS}"
    repeated = places[1:][places[1:] == places[:-1]]
    return f"{_named(int(repeated[0]))} twice" if len(repeated) else None


def _named(place: int) -> str:
    block, log_index = divmod(place, 1 << LOG_INDEX_BITS)
    return f"log {log_index} of block {block}"
