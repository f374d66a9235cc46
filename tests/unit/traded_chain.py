"""A recorded chain over several weeks: several provers, payers, models and tokens, groups side by side."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from indexer_chain import (
    REGISTRIES,
    ZERO,
    RecordedChain,
    group_skipped_log,
    receipt_skipped_log,
    terms,
    word,
)

from indexer.analytics.weeks import start_s
from veritally.labels import Labels
from veritally.tiers import Tier

FIRST_WEEK = 2_910
WEEKS = 5
PROVERS = tuple(f"0x{n:02x}" + "b1" * 19 for n in range(1, 4))
PAYERS = tuple(f"0x{n:02x}" + "c2" * 19 for n in range(1, 6))
ASSETS = ("0x" + "a0" * 20, "0x" + "a1" * 20)
MODELS = tuple(bytes([n]) * 32 for n in (0x11, 0x12, 0x13))
KEYS = tuple(bytes([n]) * 32 for n in (0x22, 0x23, 0x24))
ROUTES = (b"\x01\x01\x01\x01", b"\x02\x02\x02\x02", b"\x03\x03\x03\x03", b"\x04\x04\x04\x04")
NO_KEY = bytes(32)


@dataclass(frozen=True)
class Sale:
    """One inference."""

    payer: str
    asset: str
    amount: int
    floor: int
    served_at: int


@dataclass(frozen=True)
class Batch:
    """One group, and the time of its block."""

    time_s: int
    prover: str
    model: bytes
    route: bytes
    key: bytes
    tier: int
    labels: int
    sales: tuple[Sale, ...]
    skips: int = 0

    @property
    def counted(self) -> int:
        return Tier.SIGNED if self.labels else self.tier

    @property
    def wk(self) -> int:
        return (self.time_s - start_s(0)) // 604_800


@dataclass
class TradedChain:
    """The chain, and what was put into it."""

    chain: RecordedChain = field(default_factory=RecordedChain)
    batches: list[Batch] = field(default_factory=list)

    def settle(self, *batches: Batch) -> None:
        """Adds a block, with a transaction for each prover and its groups one behind the other."""
        seq, logs = self.chain.counters[-1]["seq"], []
        for batch in batches:
            logs += list(_logs(batch, seq))
            seq += len(batch.sales)
        self.mine(batches[0].time_s, *logs)
        self.batches += batches

    def mine(self, time_s: int, *logs: dict[str, Any]) -> None:
        """Adds a block of that time; it is final."""
        self.chain.mine(*logs)
        self.chain.blocks[-1]["timestamp"] = hex(time_s)
        self.chain.final = len(self.chain.blocks) - 1

    @property
    def sales(self) -> list[tuple[Batch, Sale]]:
        return [(batch, sale) for batch in self.batches for sale in batch.sales]


def _logs(batch: Batch, seq: int) -> Iterator[dict[str, Any]]:
    for n, sale in enumerate(batch.sales):
        yield _inference(batch, sale, seq + n)
        if n < batch.skips:
            yield _skip(batch)
    event = "GroupSettled(bytes32,bytes32,address,bytes4,uint8,uint32,uint32,uint8,bytes32)"
    values = [batch.route, batch.tier, len(batch.sales), batch.skips, batch.labels, batch.key]
    types = ["bytes4", "uint8", "uint32", "uint32", "uint8", "bytes32"]
    topics = [keccak(text=event), keccak(text=f"root {seq}"), batch.model, batch.prover]
    yield log(topics, types, values)


def _inference(batch: Batch, sale: Sale, seq: int) -> dict[str, Any]:
    event = "InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"
    packed = terms(seq, sale.amount, sale.served_at, sale.floor, batch.labels | (256 if sale.amount else 0))
    types = ["bytes32", "address", "address", "bytes32", "bytes32", "uint256"]
    values = [batch.model, batch.prover, sale.asset, bytes(32), bytes(32), packed]
    return log([keccak(text=event), keccak(text=f"receipt {seq}"), sale.payer, batch.tier], types, values)


def _skip(batch: Batch) -> dict[str, Any]:
    found = receipt_skipped_log(keccak(text="NotBacked(uint256)")[:4] + bytes(32))
    return found | {"topics": [*found["topics"][:3], word(batch.prover)]}


def log(topics: Sequence[Any], types: Sequence[str], values: Sequence[Any], at: str = "") -> dict[str, Any]:
    """A log without its place, of Settlement or of a registry."""
    found = {"topics": [word(topic) for topic in topics], "data": "0x" + encode(types, values).hex()}
    return found | ({"address": REGISTRIES[at]} if at else {})


def compromised(key: bytes, since_s: int) -> dict[str, Any]:
    """An EnclaveCompromised log."""
    topic = keccak(text="EnclaveCompromised(bytes32,address,uint40)")
    return log([topic, key, PROVERS[0]], ["uint40"], [since_s], "EnclaveRegistry")


def contradicted(route: bytes, model: bytes) -> dict[str, Any]:
    """A ContradictionShown log."""
    topic = keccak(text="ContradictionShown(bytes4,bytes32,address,uint32,uint32,bytes32,bytes32,bytes32)")
    types = ["uint32", "uint32", "bytes32", "bytes32", "bytes32"]
    return log([topic, route, model, PROVERS[0]], types, [0, 0, *[bytes(32)] * 3], "VerifierRouter")


def registered(model: bytes, owner: str) -> dict[str, Any]:
    """A ModelRegistered log."""
    topic = keccak(text="ModelRegistered(bytes32,address,bytes32,string)")
    return log([topic, model, owner, bytes(32)], ["string"], ["ipfs://model"], "ModelRegistry")


def refunded(payer: str, prover: str, asset: str, amount: int) -> dict[str, Any]:
    """A ChannelRefunded log."""
    topic = keccak(text="ChannelRefunded(address,address,address,uint128)")
    return log([topic, payer, prover, asset], ["uint128"], [amount])


def unknown_group_skip() -> dict[str, Any]:
    """A GroupSkipped log with a reason that none of our contracts declares."""
    return group_skipped_log(0, b"\xde\xad\xbe\xef")


def some_trade(seed: int, blocks_per_week: int = 12) -> TradedChain:
    """Five weeks, and the first block of the sixth. Blocks hold up to three groups."""
    traded, chance = TradedChain(), random.Random(seed)
    for wk in range(FIRST_WEEK, FIRST_WEEK + WEEKS):
        times = sorted(chance.sample(range(start_s(wk), start_s(wk + 1)), blocks_per_week))
        for time_s in [start_s(wk), *times]:
            traded.settle(*(_batch(chance, time_s) for _ in range(chance.randrange(1, 4))))
    traded.mine(start_s(FIRST_WEEK + WEEKS))
    return traded


def _batch(chance: random.Random, time_s: int) -> Batch:
    tier = chance.choice((1, 2, 2, 3))
    sales = tuple(_sale(chance, time_s, tier) for _ in range(chance.randrange(1, 5)))
    return Batch(
        time_s,
        chance.choice(PROVERS),
        chance.choice(MODELS),
        ROUTES[tier - 1 if tier < 3 else chance.choice((2, 3))],
        chance.choice(KEYS) if tier == Tier.TEE else NO_KEY,
        tier,
        chance.choice((0, 0, 0, int(Labels.DEVELOPMENT), int(Labels.UNBOUND))) if tier > 1 else 0,
        sales,
        chance.choice((0, 0, 1)),
    )


def _sale(chance: random.Random, time_s: int, tier: int) -> Sale:
    amount = chance.choice((0, 5, 5, 7, 10**10, 2**96 - 1))
    hostile = (0, time_s + 1, time_s + 10**9, 2**63, 2**64 - 1, time_s - 604_800, time_s - 604_801)
    served = chance.choice((time_s, time_s - chance.randrange(300), chance.choice(hostile)))
    payer = chance.choice(PAYERS) if amount else ZERO
    return Sale(payer, chance.choice(ASSETS), amount, chance.randrange(1, tier + 1), served)
