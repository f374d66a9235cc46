"""Made-up inferences, written through the indexer's bulk path: what analytics are tested on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from deployments import make_deployment
from eth_utils.crypto import keccak

from indexer.analytics.weeks import start_s
from indexer.cursor import Cursor, open_cursor
from indexer.database import Database
from indexer.decode import Rows
from indexer.dictionary import Dictionary
from indexer.store import Batch, write_range
from indexer.tables import GroupSettledRow, InferenceRow, RegistryEventRow
from indexer.wire import LOG_INDEX_BITS, Block
from veritally.deployment import Deployment

FIRST_WEEK = 2916
CHAIN_ID = 31337
ADDRESSES = {
    "Settlement": "0x" + "5e" * 20,
    "VerifierRouter": "0x" + "7e" * 20,
    "ModelRegistry": "0x" + "8e" * 20,
    "EnclaveRegistry": "0x" + "9e" * 20,
}
NOBODY = ""
_PER_BLOCK = 200


@dataclass(frozen=True)
class Settled:
    """One inference."""

    week: int
    """Counted from the first one."""
    payer: str
    tier: int
    amount: int = 1000
    prover: str = "prover"
    model: str = "model"
    asset: str = "usdc"
    floor: int = 1
    development: bool = False
    unbound: bool = False
    offset_s: int = 0
    """Since the week's first second."""


def deployment_of(settlement: str = ADDRESSES["Settlement"]) -> Deployment:
    return make_deployment(CHAIN_ID, **{**ADDRESSES, "Settlement": settlement})


def address(name: str) -> bytes:
    return keccak(text=name)[12:] if name else bytes(20)


class World:
    """A database that one deployment is written to, range after range."""

    def __init__(self, url: str, settlement: str = ADDRESSES["Settlement"]) -> None:
        self.database = Database(url)
        self.database.prepare()
        with self.database.writing() as session:
            self.cursor = open_cursor(session, CHAIN_ID, bytes.fromhex(settlement[2:]), 1)
        self._dictionary = Dictionary()
        self._assets: set[str] = set()

    def settle(self, rows: Iterable[Settled], now_s: int, final: bool = True) -> None:
        """Writes inferences in the order of their times, and an empty block at `now_s`, final or not."""
        ordered = sorted(rows, key=lambda row: (row.week, row.offset_s))
        places: list[int] = []
        blocks: list[Block] = []
        number = self.cursor.next_block - 1
        for row in ordered:
            time_s = start_s(FIRST_WEEK + row.week) + row.offset_s
            if not blocks or blocks[-1].timestamp_s != time_s or len(places) % _PER_BLOCK == 0:
                number += 1
                blocks.append(_block(number, time_s))
                index = 0
            places.append(number << LOG_INDEX_BITS | index)
            index += 2
        blocks.append(_block(number + 1, now_s))
        final_block = blocks[-1].number if final else (self.cursor.final_block or 0)
        self._write(ordered, places, blocks, final_block)

    def _write(self, rows: list[Settled], places: list[int], blocks: list[Block], final_block: int) -> None:
        after = self.cursor.advanced(blocks[-1], self.cursor.next_seq + len(rows), final_block)
        decimals = {address(row.asset): 6 for row in rows if row.asset not in self._assets}
        content = _content(rows, np.array(places, np.int64), self.cursor) if rows else []
        batch = Batch(self.cursor, after, tuple(blocks), content, decimals)
        with self.database.writing() as session:
            learnt = write_range(session, self._dictionary, batch)
        self._dictionary.learn(learnt)
        self._assets |= {row.asset for row in rows}
        self.cursor = after

    def call_compromised(self, subject: bytes, now_s: int) -> None:
        """Writes an event of a registry."""
        block = _block(self.cursor.next_block, now_s)
        after = self.cursor.advanced(block, self.cursor.next_seq, block.number)
        columns = {
            "transaction_hash": np.zeros((1, 32), np.uint8),
            "contract": ["EnclaveRegistry"],
            "event": ["EnclaveCompromised"],
            "subject": [subject],
            "arguments": ['{"compromisedAt": 0}'],
        }
        event = Rows(RegistryEventRow, np.array([block.number << LOG_INDEX_BITS], np.int64), columns)
        with self.database.writing() as session:
            write_range(session, self._dictionary, Batch(self.cursor, after, (block,), [event], {}))
        self.cursor = after


def _content(rows: list[Settled], places: np.ndarray, cursor: Cursor) -> list[Rows]:
    count = len(rows)
    shared = {
        "prover": _octets([address(row.prover) for row in rows]),
        "model_id": _octets([keccak(text=row.model) for row in rows]),
        "transaction_hash": np.zeros((count, 32), np.uint8),
        "tier": np.array([row.tier for row in rows]),
        "development": np.array([row.development for row in rows]),
        "unbound": np.array([row.unbound for row in rows]),
    }
    amounts = [row.amount for row in rows]
    own = {
        "seq": np.arange(cursor.next_seq, cursor.next_seq + count),
        "payer": _octets([address(row.payer) for row in rows]),
        "asset": _octets([address(row.asset) for row in rows]),
        "floor": np.array([row.floor for row in rows]),
        "scheme": np.array([1 if row.payer else 0 for row in rows]),
        "amount_e20": np.array([amount // 10**20 for amount in amounts]),
        "amount_e10": np.array([amount // 10**10 % 10**10 for amount in amounts]),
        "amount_e0": np.array([amount % 10**10 for amount in amounts]),
        "served_at_s": np.array([start_s(FIRST_WEEK + row.week) for row in rows]),
        **{
            name: np.zeros((count, 32), np.uint8)
            for name in ("receipt_hash", "request_hash", "response_hash")
        },
    }
    group = {
        "root": np.zeros((count, 32), np.uint8),
        "route": np.zeros((count, 4), np.uint8),
        "key": [None] * count,
        "settled": np.ones(count, np.int64),
        "skipped": np.zeros(count, np.int64),
    }
    return [Rows(InferenceRow, places, shared | own), Rows(GroupSettledRow, places + 1, shared | group)]


def _octets(values: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)


def _block(number: int, time_s: int) -> Block:
    return Block(number, number.to_bytes(32), (number - 1).to_bytes(32), time_s)
