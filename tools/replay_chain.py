"""A chain that exists only as JSON: blocks full of settled inferences, made from a seed.

Logs are those of our contract, bit for bit as a node writes them. What the contract's views answer is known
for every block, so that an indexer can be held to it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from indexer.abi import signature_of
from veritally.abi import load_artifact
from veritally.contract_table import CONSTRUCTORS
from veritally.deployment import DeployedContract, Deployment
from veritally.tiers import SETTLED_TIERS

CHAIN_ID = 31337
FINALITY_BLOCKS = 64
"""How far the finalised block is behind the head."""
BLOCK_TIME_S = 12
FIRST_BLOCK_TIME_S = 1_764_000_000

_PAYERS, _PROVERS, _MODELS = 5_000, 50, 64
_TIERS = (1,) * 70 + (2,) * 25 + (3,) * 5
SETTLEMENT = bytes(keccak(text="settlement")[12:]).hex()
"""Its address, without prefix."""
_USDC = keccak(text="usdc")[12:]
_EMPTY_EVERY = 10
_GROUPS_PER_BLOCK = 2
_BLOOMS = {False: "0x" + "00" * 256, True: "0x" + "ff" * 256}
"""Of blocks without and with logs."""


@dataclass(frozen=True)
class ReplayChain:
    """All answers of a node."""

    logs: list[bytes] = field(default_factory=list)
    """Per block, its logs as JSON, with commas between."""
    headers: list[bytes] = field(default_factory=list)
    counters: list[Counter[Any]] = field(default_factory=list)
    """Per block, the number of inferences (`seq`, and by tier), and sums of amounts by `(asset, tier)`."""
    events: list[int] = field(default_factory=list)
    """Per block, the number of its logs."""

    @property
    def head(self) -> int:
        """Number of the latest block."""
        return len(self.headers) - 1

    def header(self, number: int) -> bytes:
        """A block without its transactions' content."""
        return self.headers[number]

    def logs_between(self, first: int, last: int, _addresses: Sequence[str]) -> bytes:
        """All logs of a range, with commas between; all of them are of one contract."""
        return b",".join(filter(None, self.logs[first : last + 1]))

    def view(self, _address: bytes, data: bytes, block: int) -> int:
        """What a view of Settlement, or a token's `decimals()`, answers."""
        counters = self.counters[block]
        if data[:4] == SELECTORS["nextSeq"]:
            return int(counters["seq"])
        if data[:4] == SELECTORS["tally"]:
            return int(counters[data[35]])
        if data[:4] == SELECTORS["amountTally"]:
            return int(counters[data[16:36], data[67]])
        return 6


def make_chain(blocks: int, seed: int = 1) -> ReplayChain:
    """A chain with two groups of 20 to 47 inferences in nine of ten blocks."""
    chance, chain = random.Random(seed), ReplayChain()
    people = {
        name: [keccak(text=f"{name} {number}") for number in range(count)]
        for name, count in (("payer", _PAYERS), ("prover", _PROVERS), ("model", _MODELS))
    }
    parent = bytes(32)
    for number in range(blocks + 1):
        block_hash = chance.randbytes(32)
        counters = Counter(chain.counters[-1]) if number else Counter()
        groups = 0 if number % _EMPTY_EVERY == 0 else _GROUPS_PER_BLOCK
        place = Place(number, block_hash, FIRST_BLOCK_TIME_S + number * BLOCK_TIME_S)
        logs: list[str] = []
        for index in range(groups):
            _settle(chance, people, counters, place, index, logs)
        chain.logs.append(",".join(logs).encode())
        chain.headers.append(header_json(place, parent, groups))
        chain.counters.append(counters)
        chain.events.append(len(logs))
        parent = block_hash
    return chain


def deployment() -> Deployment:
    """Where the contracts of the chain are."""
    contracts = {name: _deployed(keccak(text=name)[12:]) for name in CONSTRUCTORS}
    contracts["Settlement"] = _deployed(bytes.fromhex(SETTLEMENT))
    owner = contracts["Settlement"].address
    return Deployment(CHAIN_ID, owner, owner, 0, 0, owner, contracts, routes={})


def _deployed(address: bytes) -> DeployedContract:
    nothing = "0x" + "00" * 32
    return DeployedContract(to_checksum_address(address), 1, nothing, "0x", nothing, nothing, "active")


@dataclass(frozen=True)
class Place:
    """A block."""

    number: int
    hash: bytes
    time_s: int
    """Unix time."""


def _settle(
    chance: random.Random,
    people: dict[str, list[bytes]],
    counters: Counter[Any],
    place: Place,
    index: int,
    logs: list[str],
) -> None:
    """Adds the logs of one group, and counts its inferences."""
    tier = chance.choice(_TIERS)
    model = people["model"][min(chance.randrange(_MODELS), chance.randrange(_MODELS))]
    prover = chance.choice(people["prover"])[12:]
    shared = model.hex() + word(prover) + word(_USDC)
    count = chance.randint(20, 47)
    for _ in range(count):
        amount = 1_000 * 10**tier + chance.randrange(1_000)
        terms = counters["seq"] << 192 | amount << 96 | place.time_s << 32 | 1 << 24 | 3 << 8
        payer = chance.choice(people["payer"])[12:]
        topics = [TOPICS["InferenceSettled"], chance.randbytes(32).hex(), word(payer), f"{tier:064x}"]
        data = shared + chance.randbytes(64).hex() + f"{terms:064x}"
        logs.append(log_json(place, SETTLEMENT, index, len(logs), topics, data))
        counters["seq"] += 1
        counters[tier] += 1
        counters[_USDC, tier] += amount
    topics = [TOPICS["GroupSettled"], chance.randbytes(32).hex(), model.hex(), word(prover)]
    words = [b"\x01\x02\x03\x04".ljust(32, b"\0").hex(), *(f"{n:064x}" for n in (tier, count, 0, 0, 0))]
    logs.append(log_json(place, SETTLEMENT, index, len(logs), topics, "".join(words)))


def log_json(
    place: Place, address: str, transaction: int, index: int, topics: Sequence[str], data: str
) -> str:
    """A log as JSON; hex without its prefix."""
    listed = '","0x'.join(topics)
    transaction_hash = (place.hash[:31] + bytes([transaction])).hex()
    return (
        f'{{"address":"0x{address}","topics":["0x{listed}"],"data":"0x{data}",'
        f'"blockHash":"0x{place.hash.hex()}","blockNumber":"{place.number:#x}",'
        f'"blockTimestamp":"{place.time_s:#x}","transactionHash":"0x{transaction_hash}",'
        f'"transactionIndex":"{transaction:#x}","logIndex":"{index:#x}","removed":false}}'
    )


def header_json(place: Place, parent: bytes, transactions: int) -> bytes:
    """A block as JSON, with the hashes of its transactions."""
    hashes = [f"0x{(place.hash[:31] + bytes([index])).hex()}" for index in range(transactions)]
    root = f"0x{keccak(place.hash).hex()}"
    content = {
        "number": hex(place.number),
        "hash": f"0x{place.hash.hex()}",
        "parentHash": f"0x{parent.hex()}",
        "timestamp": hex(place.time_s),
        "logsBloom": _BLOOMS[transactions > 0],
        "stateRoot": root,
        "transactionsRoot": root,
        "receiptsRoot": root,
        "miner": "0x" + "00" * 20,
        "gasLimit": "0x1c9c380",
        "gasUsed": "0x5208",
        "extraData": "0x",
        "transactions": hashes,
        "uncles": [],
    }
    return json.dumps(content, separators=(",", ":")).encode()


def word(octets: bytes) -> str:
    """32 bytes as hex, with zeroes before."""
    return octets.rjust(32, b"\0").hex()


def _by_name(kind: str) -> dict[str, bytes]:
    entries = [entry for entry in load_artifact("Settlement").abi if entry["type"] == kind]
    return {entry["name"]: keccak(text=signature_of(entry)) for entry in entries}


TOPICS = {name: topic.hex() for name, topic in _by_name("event").items()}
"""Of Settlement's events, as hex without prefix."""
SELECTORS = {name: digest[:4] for name, digest in _by_name("function").items()}
"""Of Settlement's functions."""
assert max(SETTLED_TIERS) == max(_TIERS)
