"""A made-up history for the pages: a few hundred payers of very different size over some weeks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from indexer.analytics.weeks import start_s, week_of
from indexer.cursor import Cursor, open_cursor
from indexer.database import Database
from indexer.decode import Rows
from indexer.dictionary import Dictionary
from indexer.store import Batch, write_range
from indexer.tables import GroupSettledRow, InferenceRow, RegistryEventRow
from indexer.wire import LOG_INDEX_BITS, Block
from veritally.tiers import Tier

CHAIN_ID = 84_532
SETTLEMENT = to_checksum_address(keccak(text="settlement")[12:])
LAST_WEEK = week_of(1_762_732_800)
"""The week from 10 November 2025 on."""
HOSTILE = "<script>alert(1)</script>"
URIS = (
    "iris classifier",
    HOSTILE,
    "ipfs://bafy-digits",
    "https://models.example/sentiment-english-large-v2",
    "transformer block",
    "",
)
_HOUR_S = 3_600
_HOURS = 168
_PROVERS = 6
_ASSET = keccak(text="usdc")[12:]
_LATENCY_S = (4, 30, 420)
_PRICE = (1_000, 1_600, 9_000)
_KEY = keccak(text="enclave key")
_SELF = -2
"""Stands for a payer that is the prover itself."""


@dataclass(frozen=True)
class World:
    """How much there is."""

    weeks: int = 14
    payers: int = 320
    shift: float = 0.0
    """By how much payers change to a stronger tier over all weeks."""
    development: bool = True
    compromised: bool = True
    tiers: tuple[int, ...] = (1, 2, 3)
    decimals: int | None = 6
    """Of the token; None when it does not state them."""
    amount_e20: int = 0
    """What each paid inference costs besides, in 10^20 base units."""


def fill(database: Database, world: World, seed: int = 7) -> None:
    """Writes it through the indexer's own path; the last block is final and begins the week behind."""
    database.prepare()
    with database.writing() as session:
        cursor = open_cursor(session, CHAIN_ID, bytes.fromhex(SETTLEMENT[2:]), 1)
    with database.writing() as session:
        write_range(session, Dictionary(), _batch(cursor, world, np.random.default_rng(seed)))


def model_id(number: int) -> str:
    """0x hex of a model."""
    return f"0x{keccak(text=f'model {number}').hex()}"


def party(kind: str, number: int) -> str:
    """Address of a payer or a prover."""
    return to_checksum_address(keccak(text=f"{kind} {number}")[12:])


def _batch(cursor: Cursor, world: World, chance: np.random.Generator) -> Batch:
    first = LAST_WEEK + 1 - world.weeks
    drawn = _draw(world, chance)
    order = np.argsort(drawn["hour"], kind="stable")
    drawn = {name: column[order] for name, column in drawn.items()}
    count = len(order)
    blocks = 2 + drawn["hour"]
    starts = np.searchsorted(blocks, blocks)
    places = blocks << LOG_INDEX_BITS | 2 * (np.arange(count) - starts)
    times_s = start_s(first) + drawn["hour"] * _HOUR_S
    shared = {
        "prover": _column("prover", drawn["prover"], 20),
        "model_id": _column("model", drawn["model"], 32),
        "transaction_hash": _random(chance, count),
        "tier": drawn["tier"],
        "development": drawn["development"],
        "unbound": np.zeros(count, bool),
    }
    own = _own(world, drawn, times_s, chance)
    inferences = Rows(InferenceRow, places, shared | own)
    groups = Rows(GroupSettledRow, places + 1, shared | _of_groups(drawn, own["receipt_hash"]))
    end = world.weeks * _HOURS + 2
    found = sorted({1, end, *blocks.tolist()})
    last = end << LOG_INDEX_BITS
    headers = tuple(
        Block(n, n.to_bytes(32), (n - 1).to_bytes(32), start_s(first) + (n - 2) * _HOUR_S) for n in found
    )
    after = cursor.advanced(headers[-1], count, headers[-1].number)
    registered = _events(last, start_s(first + max(0, world.weeks - 2)), world.compromised)
    rows = [inferences, groups, registered] if count else [registered]
    return Batch(cursor, after, headers, rows, {_ASSET: world.decimals} if count else {})


def _draw(world: World, chance: np.random.Generator) -> dict[str, NDArray[Any]]:
    """One entry for each inference: who, when, what."""
    weekly = np.minimum(chance.pareto(1.1, world.payers) + 0.4, 160)
    strong = chance.beta(0.5, 1.4, world.payers)
    since = chance.integers(0, max(1, world.weeks - 1), world.payers) * (chance.random(world.payers) < 0.4)
    parts = []
    for week in range(world.weeks):
        calls = chance.poisson(weekly * (since <= week))
        payer = np.repeat(np.arange(world.payers), calls)
        lean = np.clip(strong + world.shift * week / max(1, world.weeks - 1), 0, 1)[payer]
        wants = chance.random(len(payer)) < lean
        tier = np.where(wants, np.where(chance.random(len(payer)) < 0.3, 3, 2), 1)
        parts.append((payer, tier, week * _HOURS + chance.integers(0, _HOURS, len(payer))))
    payer, tier, hour = (np.concatenate(column) for column in zip(*parts, strict=True))
    count = len(payer)
    tier = np.where(np.isin(tier, world.tiers), tier, 1)
    lower = chance.random(count) < 0.15
    return {
        "payer": np.select([chance.random(count) < 0.02, chance.random(count) < 0.03], [-1, _SELF], payer),
        "tier": tier,
        "hour": hour,
        "floor": np.where(lower & (tier > 1), tier - 1, tier),
        "prover": chance.integers(0, _PROVERS, (2, count)).min(axis=0),
        "model": chance.integers(0, len(URIS), (2, count)).min(axis=0),
        "development": (tier > 1) & (chance.random(count) < 0.04) & world.development,
    }


def _own(
    world: World, drawn: dict[str, NDArray[Any]], times_s: NDArray[Any], chance: np.random.Generator
) -> dict[str, Any]:
    count = len(times_s)
    zeroes = np.zeros(count, np.int64)
    price = np.array(_PRICE)[drawn["tier"] - 1] * (1 + drawn["model"] % 3)
    late = np.array(_LATENCY_S)[drawn["tier"] - 1] * chance.lognormal(0, 0.5, count)
    paid = drawn["payer"] != -1
    payers = _column("payer", np.maximum(drawn["payer"], 0), 20)
    payers = np.where((drawn["payer"] == _SELF)[:, None], _column("prover", drawn["prover"], 20), payers)
    return {
        "seq": np.arange(count),
        "payer": np.where(paid[:, None], payers, np.uint8(0)),
        "asset": np.tile(np.frombuffer(_ASSET, np.uint8), (count, 1)),
        "floor": drawn["floor"],
        "scheme": np.where(paid, 3, 0),
        "amount_e20": np.where(paid, world.amount_e20, 0),
        "amount_e10": zeroes,
        "amount_e0": np.where(paid, price, 0),
        "served_at_s": times_s - late.astype(np.int64),
        "receipt_hash": _random(chance, count),
        "request_hash": _random(chance, count),
        "response_hash": _random(chance, count),
    }


def _of_groups(drawn: dict[str, NDArray[Any]], receipts: NDArray[np.uint8]) -> dict[str, Any]:
    """Each inference is a group of its own, so its root is its receipt hash."""
    count = len(drawn["tier"])
    backed = (drawn["tier"] == Tier.TEE) & (drawn["prover"] == 1)
    return {
        "root": receipts,
        "route": np.tile(np.array([1, 2, 3, 4], np.uint8), (count, 1)),
        "key": [_KEY if has_key else None for has_key in backed.tolist()],
        "settled": np.ones(count, np.int64),
        "skipped": np.zeros(count, np.int64),
    }


def _events(last: int, since_s: int, compromised: bool) -> Rows:
    """In block 1 each model is registered; in the last block an enclave key is called compromised."""
    found: list[tuple[int, str, str, bytes, dict[str, Any]]] = [
        (
            (1 << LOG_INDEX_BITS) + n,
            "ModelRegistry",
            "ModelRegistered",
            bytes.fromhex(model_id(n)[2:]),
            {"modelId": model_id(n), "owner": party("owner", n), "weightsHash": model_id(n), "uri": uri},
        )
        for n, uri in enumerate(URIS)
    ]
    if compromised:
        arguments = {"key": f"0x{_KEY.hex()}", "compromisedAt": since_s}
        found.append((last, "EnclaveRegistry", "EnclaveCompromised", _KEY, arguments))
    places, contracts, events, subjects, stated = zip(*found, strict=True)
    columns = {
        "transaction_hash": np.zeros((len(found), 32), np.uint8),
        "contract": list(contracts),
        "event": list(events),
        "subject": list(subjects),
        "arguments": [json.dumps(arguments) for arguments in stated],
    }
    return Rows(RegistryEventRow, np.array(places, np.int64), columns)


def _column(kind: str, numbers: NDArray[Any], length: int) -> NDArray[np.uint8]:
    last = int(numbers.max()) + 1 if len(numbers) else 0
    values = b"".join(keccak(text=f"{kind} {number}")[-length:] for number in range(last))
    return np.frombuffer(values, np.uint8).reshape(last, length)[numbers]


def _random(chance: np.random.Generator, count: int) -> NDArray[np.uint8]:
    return np.frombuffer(chance.bytes(32 * count), np.uint8).reshape(count, 32)
