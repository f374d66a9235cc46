"""Writes many made-up inferences through the indexer's bulk path: half a year of them, whatever the number.

They skip the node and the decoder only. Groups of 20 to 47 have one prover, model and tier, as on the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray
from replay_chain import CHAIN_ID, FIRST_BLOCK_TIME_S, deployment

from indexer.cursor import Cursor, open_cursor
from indexer.database import Database
from indexer.decode import Rows
from indexer.dictionary import Dictionary
from indexer.store import Batch, write_range
from indexer.tables import GroupSettledRow, InferenceRow
from indexer.wire import LOG_INDEX_BITS, Block

DAYS = 180

_BLOCK_TIME_S = 12
_BLOCKS = DAYS * 86_400 // _BLOCK_TIME_S
_PAYERS, _PROVERS, _MODELS = 5_000, 50, 64
_TIER_SHARES = (0.70, 0.25, 0.05)
_GROUPS_PER_BATCH = 470
_GROUP = (20, 48)
_ASSET = keccak(text="usdc")[12:]


@dataclass
class _People:
    payers: NDArray[np.uint8]
    provers: NDArray[np.uint8]
    models: NDArray[np.uint8]


def fill(database: Database, rows: int, seed: int = 1) -> int:
    """Writes about as many inferences, and returns how many."""
    database.prepare()
    settlement = bytes.fromhex(deployment().settlement[2:])
    with database.writing() as session:
        cursor = open_cursor(session, CHAIN_ID, settlement, 1)
    dictionary = Dictionary()
    for batch in _batches(cursor, rows, np.random.default_rng(seed)):
        with database.writing() as session:
            learnt = write_range(session, dictionary, batch)
        dictionary.learn(learnt)
        cursor = batch.after
    return cursor.next_seq


def _batches(cursor: Cursor, rows: int, chance: np.random.Generator) -> Iterator[Batch]:
    people = _People(
        _values("payer", _PAYERS, 20), _values("prover", _PROVERS, 20), _values("model", _MODELS, 32)
    )
    mean = (_GROUP[0] + _GROUP[1] - 1) / 2
    groups = round(rows / mean)
    numbers = 1 + np.arange(groups, dtype=np.int64) * (_BLOCKS - 1) // groups
    for start in range(0, groups, _GROUPS_PER_BATCH):
        # groups that share a block stay together
        first, end = np.searchsorted(numbers, numbers[start]), min(start + _GROUPS_PER_BATCH, groups)
        end = np.searchsorted(numbers, numbers[end]) if end < groups else end
        batch = _batch(cursor, numbers[first:end], people, chance)
        yield batch
        cursor = batch.after


def _batch(
    cursor: Cursor, group_blocks: NDArray[np.int64], people: _People, chance: np.random.Generator
) -> Batch:
    sizes = chance.integers(*_GROUP, len(group_blocks))
    of = np.repeat(np.arange(len(sizes)), sizes)
    last_of_group = np.cumsum(sizes + 1) - 1
    starts = np.searchsorted(group_blocks, group_blocks)  # first group of the same block
    offsets = np.concatenate([[0], last_of_group[:-1] + 1])
    log_index = np.arange(len(of)) + of - offsets[starts][of]
    tiers = chance.choice([1, 2, 3], len(sizes), p=_TIER_SHARES)
    shared = {
        "prover": people.provers[chance.integers(0, _PROVERS, len(sizes))],
        "model_id": people.models[chance.integers(0, _MODELS, (2, len(sizes))).min(axis=0)],
        "transaction_hash": _random(chance, len(sizes)),
        "tier": tiers,
    }
    inferences = Rows(
        InferenceRow,
        group_blocks[of] << LOG_INDEX_BITS | log_index,
        {name: column[of] for name, column in shared.items()}
        | _own_columns(cursor, tiers[of], group_blocks[of], people, chance),
    )
    group_index = last_of_group - offsets[starts]
    settled = Rows(
        GroupSettledRow, group_blocks << LOG_INDEX_BITS | group_index, shared | _group_columns(sizes, chance)
    )
    blocks = tuple(
        Block(
            number,
            number.to_bytes(32),
            (number - 1).to_bytes(32),
            FIRST_BLOCK_TIME_S + number * _BLOCK_TIME_S,
        )
        for number in np.unique(group_blocks).tolist()
    )
    after = cursor.advanced(blocks[-1], cursor.next_seq + len(of), blocks[-1].number)
    decimals = {} if cursor.next_seq else {_ASSET: 6}
    return Batch(cursor, after, blocks, [inferences, settled], decimals)


def _block(number: int) -> Block:
    time_s = FIRST_BLOCK_TIME_S + number * _BLOCK_TIME_S
    return Block(number, number.to_bytes(32), (number - 1).to_bytes(32), time_s)


def _own_columns(
    cursor: Cursor, tiers: Any, blocks: Any, people: _People, chance: np.random.Generator
) -> dict[str, Any]:
    """What differs from inference to inference."""
    count = len(tiers)
    zeroes, no = np.zeros(count, np.int64), np.zeros(count, bool)
    return {
        "seq": np.arange(cursor.next_seq, cursor.next_seq + count),
        "payer": people.payers[chance.integers(0, _PAYERS, count)],
        "asset": np.tile(np.frombuffer(_ASSET, np.uint8), (count, 1)),
        "floor": np.ones(count, np.int64),
        "scheme": np.full(count, 3),
        "development": no,
        "unbound": no,
        "amount_e20": zeroes,
        "amount_e10": zeroes,
        "amount_e0": 1_000 * 10**tiers + chance.integers(0, 1_000, count),
        "served_at_s": FIRST_BLOCK_TIME_S + blocks * _BLOCK_TIME_S - chance.integers(0, 60, count),
        "receipt_hash": _random(chance, count),
        "request_hash": _random(chance, count),
        "response_hash": _random(chance, count),
    }


def _group_columns(sizes: Any, chance: np.random.Generator) -> dict[str, Any]:
    count = len(sizes)
    return {
        "root": _random(chance, count),
        "route": np.tile(np.array([1, 2, 3, 4], np.uint8), (count, 1)),
        "key": [None] * count,
        "settled": sizes,
        "skipped": np.zeros(count, np.int64),
        "development": np.zeros(count, bool),
        "unbound": np.zeros(count, bool),
    }


def _random(chance: np.random.Generator, count: int) -> NDArray[np.uint8]:
    return np.frombuffer(chance.bytes(32 * count), np.uint8).reshape(count, 32)


def _values(name: str, count: int, length: int) -> NDArray[np.uint8]:
    hashes = b"".join(keccak(text=f"{name} {number}")[-length:] for number in range(count))
    return np.frombuffer(hashes, np.uint8).reshape(count, length)
