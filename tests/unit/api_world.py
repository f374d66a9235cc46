"""A recorded chain of a month with several payers, provers, models and tokens, and what is known of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from fastapi.testclient import TestClient
from indexer_chain import KEY, REGISTRIES, UINT96_MAX, USDC, ZERO, RecordedChain, serve, terms, word
from whole_chain import topic_of

from indexer.api.app import make_app
from indexer.api.source import Source
from indexer.database import Database
from indexer.decode import INDEXED_CONTRACTS
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from veritally.abi import load_artifact
from veritally.merkle import merkle_root
from veritally.tiers import Tier

STEP_S = 21_600
"""Between two blocks, on average."""
START_S = 1_764_028_800
"""2025-11-25 00:00 UTC, a Tuesday."""
OTHER_TOKEN = to_checksum_address("0x" + "0d" * 20)
TOKEN = to_checksum_address(USDC)
PAYERS = [to_checksum_address(bytes([0xC0 + n]) * 20) for n in range(6)]
PROVERS = [to_checksum_address(bytes([0xB0 + n]) * 20) for n in range(3)]
MODELS = ["0x" + bytes([0x10 + n] * 32).hex() for n in range(4)]
ROUTE = b"\x00\x00\x00\x02"
_SETTLED = "InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"
_GROUP = "GroupSettled(bytes32,bytes32,address,bytes4,uint8,uint32,uint32,uint8,bytes32)"


@dataclass(frozen=True)
class Made:
    """An inference of the chain."""

    block: int
    log_index: int
    seq: int
    tier: int
    flags: int
    payer: str | None
    prover: str
    model: str
    asset: str
    amount: int
    receipt_hash: bytes
    root: bytes

    @property
    def time_s(self) -> int:
        return time_of(self.block)

    @property
    def development(self) -> bool:
        return bool(self.flags & 1)

    @property
    def unbound(self) -> bool:
        return bool(self.flags & 2)

    @property
    def is_strong(self) -> bool:
        return self.tier > 1 and not self.flags


@dataclass
class ApiWorld:
    """The chain, all its inferences, and what reads them."""

    chain: RecordedChain
    made: list[Made] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def mine_groups(self, *sizes: int) -> None:
        """Adds a block with groups of these sizes."""
        number, seq, logs = len(self.chain.blocks), self.chain.counters[-1]["seq"], []
        for size in sizes:
            tier, flags = self.chance.choice([(1, 0), (1, 0), (1, 2), (2, 0), (2, 1), (3, 0)])
            prover, model = self.chance.choice(PROVERS), self.chance.choice(MODELS)
            asset = self.chance.choice([TOKEN, TOKEN, OTHER_TOKEN])
            hashes = [keccak(text=f"receipt {seq + n}") for n in range(size)]
            root = merkle_root(hashes)
            for receipt_hash in hashes:
                amount = self.chance.choice([0, 1, 2_500, 10**12, UINT96_MAX])
                payer = self.chance.choice(PAYERS) if amount else None
                of = Made(
                    number,
                    len(logs),
                    seq,
                    tier,
                    flags,
                    payer,
                    prover,
                    model,
                    asset,
                    amount,
                    receipt_hash,
                    root,
                )
                self.made.append(of)
                logs.append(_inference_log(of))
                seq += 1
            logs.append(_group_log(self.made[-1], size))
        self.chain.mine(*logs)
        self._set_times()

    def mine(self, *logs: dict[str, Any]) -> None:
        """Adds a block with other logs."""
        self.chain.mine(*logs)
        self._set_times()

    def final(self) -> list[Made]:
        """Those that no reorganisation reaches."""
        return [one for one in self.made if one.block <= self.chain.final]

    def _set_times(self) -> None:
        for number, block in enumerate(self.chain.blocks):
            block["timestamp"] = hex(time_of(number))


def time_of(block: int) -> int:
    """Three blocks a minute apart, then eighteen hours nothing: what is final ends within an hour."""
    return START_S + block // 3 * 3 * STEP_S + block % 3 * 60


def make_world() -> ApiWorld:
    """150 blocks, 37 days; the last 12 blocks are not final."""
    world = ApiWorld(RecordedChain())
    world.mine(
        registry_event(
            "VerifierRouter", "RouteAdded", ROUTE, PAYERS[0], 2, True, 1_764_000_100, 90_000, 700, KEY
        ),
        registry_event("VerifierRouter", "RouteActivated", ROUTE, PAYERS[0], PAYERS[1]),
        registry_event(
            "ModelRegistry", "ModelRegistered", bytes.fromhex(MODELS[0][2:]), PROVERS[0], KEY, "=1+1"
        ),
        registry_event(
            "EnclaveRegistry",
            "EnclaveRegistered",
            *(KEY, PROVERS[1], bytes.fromhex(MODELS[1][2:]), 1, b"\x04\x05", 3, KEY, KEY),
            *(1_764_028_900, 1_764_600_000, True),
        ),
    )
    for number in range(144):
        world.mine_groups(
            *([] if number % 5 == 3 else [world.chance.randint(1, 5), world.chance.randint(1, 3)])
        )
    world.chain.final = len(world.chain.blocks) - 13
    world.mine(
        registry_event(
            "EnclaveRegistry",
            "EnclaveRenewed",
            *(KEY, PROVERS[1], bytes.fromhex(MODELS[1][2:]), 1_764_500_000, 1_765_000_000),
        ),
        registry_event("EnclaveRegistry", "EnclaveCompromised", KEY, PROVERS[1], 1_764_550_000),
        registry_event("VerifierRouter", "RouteStopped", ROUTE, PAYERS[0], PAYERS[1]),
    )
    return world


def index(world: ApiWorld, url: str) -> None:
    """Has the chain indexed."""
    with serve(world.chain) as node:
        indexer = Indexer(JsonRpc(node), Database(url), world.chain.deployment, 1000)
        indexer.open()
        indexer.sync_once()


@contextmanager
def client_of(url: str) -> Iterator[TestClient]:
    """Asks the real application over a real database."""
    source = Source(url)
    source.warm()
    with TestClient(make_app(source)) as client:
        client.source = source  # type: ignore[attr-defined]
        yield client


def registry_event(contract: str, event: str, *values: Any) -> dict[str, Any]:
    """A log of a registry without its place; values in the order of the event's inputs."""
    (entry,) = [
        entry for name in INDEXED_CONTRACTS for entry in load_artifact(name).abi if entry.get("name") == event
    ]
    topics, types, rest = [topic_of(event)], [], []
    for field_, value in zip(entry["inputs"], values, strict=True):
        if field_["indexed"]:
            topics.append(word(value))
        else:
            types.append(field_["type"])
            rest.append(value)
    return {"topics": topics, "data": "0x" + encode(types, rest).hex(), "address": REGISTRIES[contract]}


def _inference_log(made: Made) -> dict[str, Any]:
    topics = [
        "0x" + keccak(text=_SETTLED).hex(),
        word(made.receipt_hash),
        word(made.payer or ZERO),
        word(made.tier),
    ]
    scheme = 1 if made.payer else 0
    packed = terms(made.seq, made.amount, time_of(made.block) - 5, Tier.SIGNED, made.flags | scheme << 8)
    types = ["bytes32", "address", "address", "bytes32", "bytes32", "uint256"]
    request = keccak(text=f"request {made.seq}"), keccak(text=f"response {made.seq}")
    values = [bytes.fromhex(made.model[2:]), made.prover, made.asset, *request, packed]
    return {"topics": topics, "data": "0x" + encode(types, values).hex()}


def _group_log(made: Made, size: int) -> dict[str, Any]:
    model = bytes.fromhex(made.model[2:])
    topics = ["0x" + keccak(text=_GROUP).hex(), word(made.root), word(model), word(made.prover)]
    types = ["bytes4", "uint8", "uint32", "uint32", "uint8", "bytes32"]
    key = KEY if made.tier == Tier.TEE else bytes(32)
    values = [ROUTE, made.tier, size, 0, made.flags, key]
    return {"topics": topics, "data": "0x" + encode(types, values).hex()}
