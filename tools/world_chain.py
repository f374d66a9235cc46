"""A synthetic world as the chain that a node shows: blocks are made when somebody asks for them.

What takes memory is 150 bytes per inference; the JSON of a log is ten times that and never kept.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray
from replay_chain import SELECTORS, SETTLEMENT, TOPICS, Place, header_json, log_json, word
from world_enclaves import key_of_group
from world_events import Event, Placed, event, reason
from world_history import history, route_of_group
from world_people import ASSET_OF_PROVER, ASSETS, MODELS, NOBODY, People, make_people
from world_rows import Groups, Inferences, draw, last_block, time_s
from world_scenario import Scenario

from veritally.labels import Labels
from veritally.merkle import merkle_root
from veritally.payments import PaymentScheme
from veritally.tiers import Tier

_HASH = 32
_MOST_REORG_BLOCKS = 40
_SCHEMES = (PaymentScheme.UPTO, PaymentScheme.BATCH_SETTLEMENT, PaymentScheme.EXACT)
Item = int | Event
"""A group by its number, or another event. Each is in a transaction of its own."""


@dataclass(frozen=True)
class World:
    """Everything that a scenario leads to."""

    scenario: Scenario
    people: People
    rows: Inferences
    groups: Groups
    events: list[Placed]
    hashes: bytes
    """Per inference the hashes of receipt, request and response."""


def make_world(scenario: Scenario) -> World:
    """The world of a scenario."""
    chance = np.random.default_rng(scenario.seed)
    people = make_people(scenario, chance)
    rows, groups = draw(scenario, people, chance)
    events = history(scenario, people, rows, groups, chance)
    return World(scenario, people, rows, groups, events, chance.bytes(3 * _HASH * len(rows)))


@dataclass(frozen=True)
class Branch:
    """Which blocks a node shows."""

    head: int
    name: bytes = b""
    forks_at: int = 0
    """The first block that differs from that of the same number in other branches."""
    without: int | None = None
    """A group that is not in this branch."""


def branches(world: World) -> tuple[Branch, Branch]:
    """What the node shows until half of the history is over, and what it shows then.

    Between them lies a reorganisation: the first branch lacks a group that the second has.
    """
    blocks = world.groups.block
    near = np.flatnonzero((np.diff(blocks) > 0) & (np.diff(blocks) <= _MOST_REORG_BLOCKS))
    if not len(near):
        raise ValueError(f"seed {world.scenario.seed}: no two groups are close enough; take another seed")
    lost = int(near[np.argmin(np.abs(near - len(blocks) // 2))])
    fork = int(blocks[lost])
    seen = Branch(int(blocks[lost + 1]) + 1, b"lost", fork, lost)
    return seen, Branch(last_block(world.scenario))


class WorldChain:
    """One branch of a world, as `replay_rpc.Node` serves it."""

    def __init__(self, world: World, branch: Branch) -> None:
        self._world = world
        self._branch = branch
        groups = world.groups
        numbers = np.flatnonzero(groups.block <= branch.head)
        numbers = numbers[numbers != branch.without]
        placed: list[tuple[int, Item]] = [(b, e) for b, e in world.events if b <= branch.head]
        placed += zip(groups.block[numbers].tolist(), numbers.tolist(), strict=True)
        placed.sort(key=lambda one: one[0])
        self._blocks = [block for block, _ in placed]
        self._items = [item for _, item in placed]
        self._seqs = dict(zip(numbers.tolist(), _before(groups.settled[numbers]), strict=True))
        self._counters = _counters(world, numbers)

    @property
    def head(self) -> int:
        """Number of the latest block."""
        return self._branch.head

    def header(self, number: int) -> bytes:
        """A block without its transactions' content."""
        first, end = bisect_left(self._blocks, number), bisect_right(self._blocks, number)
        parent = self._place(number - 1).hash if number else bytes(32)
        return header_json(self._place(number), parent, end - first)

    def logs_between(self, first: int, last: int, addresses: Sequence[str]) -> bytes:
        """The logs of contracts in a range."""
        wanted = {address.removeprefix("0x") for address in addresses}
        start, end = bisect_left(self._blocks, first), bisect_right(self._blocks, last)
        logs: list[str] = []
        block, place, transaction, index = -1, self._place(0), 0, 0
        for number, item in zip(self._blocks[start:end], self._items[start:end], strict=True):
            if number != block:
                block, place, transaction, index = number, self._place(number), 0, 0
            if wanted and _address(item) not in wanted:
                index += self._count(item)
            else:
                for one in self._events(item):
                    logs.append(log_json(place, one.address, transaction, index, one.topics, one.data))
                    index += 1
            transaction += 1
        return ",".join(logs).encode()

    def view(self, address: bytes, data: bytes, block: int) -> int:
        """What a view of Settlement, or a token's `decimals()`, answers."""
        if address.hex() != SETTLEMENT:
            return {asset.address: asset.decimals for asset in ASSETS}[address]
        name = {selector: name for name, selector in SELECTORS.items()}[data[:4]]
        key: tuple[object, ...] = ("seq",)
        if name == "tally":
            key = ("tally", data[35])
        elif name == "amountTally":
            key = ("amount", data[16:36], data[67])
        blocks, totals = self._counters.get(key, ((), ()))
        found = bisect_right(blocks, block)
        return totals[found - 1] if found else 0

    def _place(self, number: int) -> Place:
        name = self._branch.name if number >= self._branch.forks_at else b""
        seed = b"world %d" % self._world.scenario.seed
        return Place(number, hashlib.sha256(seed + name + number.to_bytes(8)).digest(), time_s(number))

    def _count(self, item: Item) -> int:
        """Number of its logs."""
        groups = self._world.groups
        return 1 if isinstance(item, Event) else int(groups.settled[item] + groups.skipped[item]) + 1

    def _events(self, item: Item) -> Iterator[Event]:
        if isinstance(item, Event):
            yield item
        else:
            yield from group_events(self._world, item, self._seqs[item])


Key = tuple[object, ...]


def _address(item: Item) -> str:
    return item.address if isinstance(item, Event) else SETTLEMENT


def _before(numbers: NDArray[np.int64]) -> list[int]:
    """The sum of all numbers before each."""
    return (np.cumsum(numbers) - numbers).tolist()  # type: ignore[no-any-return]


def _counters(world: World, numbers: NDArray[np.int64]) -> Mapping[Key, tuple[list[int], list[int]]]:
    """The contract's counters: the blocks in which each changes, and what it is after each."""
    groups, rows = world.groups, world.rows
    added: dict[Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    highs, lows = (np.add.reduceat(part, groups.first) for part in np.divmod(rows.amount, 10**9))
    for group in numbers.tolist():
        asset, tier = ASSETS[ASSET_OF_PROVER[groups.prover[group]]], int(groups.tier[group])
        amount, settled = int(highs[group]) * 10**9 + int(lows[group]), int(groups.settled[group])
        for key, more in (
            (("seq",), settled),
            (("tally", tier), settled),
            (("amount", asset.address, tier), amount),
        ):
            added[key][0].append(int(groups.block[group]))
            added[key][1].append(more)
    return {key: (blocks, list(accumulate(more))) for key, (blocks, more) in added.items()}


def group_events(world: World, group: int, seq: int) -> Iterator[Event]:
    """What Settlement emits for one group: skipped receipts, settled ones, and the group."""
    groups, rows, people = world.groups, world.rows, world.people
    model, prover = MODELS[groups.model[group]].id, people.provers[groups.prover[group]]
    tier, labels = int(groups.tier[group]), int(groups.labels[group])
    asset = ASSETS[ASSET_OF_PROVER[groups.prover[group]]].address
    first, count = int(groups.first[group]), int(groups.settled[group])
    skipped = int(groups.skipped[group])
    if skipped:
        yield _skipped_receipt(world, group, prover)
    shared, topic = model.hex() + word(prover) + word(asset), f"{tier:064x}"
    values = zip(
        rows.payer[first : first + count].tolist(),
        rows.amount[first : first + count].tolist(),
        rows.served_at_s[first : first + count].tolist(),
        rows.floor[first : first + count].tolist(),
        strict=True,
    )
    leaves = []
    for index, (payer, amount, served_at_s, floor) in enumerate(values):
        start = 3 * _HASH * (first + index)
        leaf, content = world.hashes[start : start + _HASH], world.hashes[start + _HASH : start + 3 * _HASH]
        scheme = PaymentScheme.NONE if payer == NOBODY else _SCHEMES[payer % len(_SCHEMES)]
        terms = (seq + index) << 192 | amount << 96 | served_at_s << 32 | floor << 24 | scheme << 8 | labels
        topics = (TOPICS["InferenceSettled"], leaf.hex(), word(people.payers[payer]), topic)
        yield Event(SETTLEMENT, topics, f"{shared}{content.hex()}{terms:064x}")
        leaves.append(leaf)
    key = key_of_group(world.scenario, people, groups, group)
    route = route_of_group(world.scenario, groups, group)
    topics = (TOPICS["GroupSettled"], merkle_root(leaves).hex(), model.hex(), word(prover))
    words = (tier, count, skipped, labels)
    yield Event(
        SETTLEMENT, topics, route.ljust(32, b"\0").hex() + "".join(f"{n:064x}" for n in words) + key.hex()
    )


def _skipped_receipt(world: World, group: int, prover: bytes) -> Event:
    """A receipt that asked for more than the group has, or that was settled before."""
    tier = int(world.groups.tier[group])
    if tier < Tier.ZKML and not world.groups.labels[group] & Labels.UNBOUND:
        why = reason("Settlement", "BelowFloor", tier, tier + 1)
    else:
        why = reason("Settlement", "AlreadySettled", prover, group)
    payer = world.people.payers[1 + group % world.people.ordinary]
    receipt_hash = keccak(text=f"skipped {world.scenario.seed} {group}")
    return event(
        "Settlement", "ReceiptSkipped", receiptHash=receipt_hash, payer=payer, prover=prover, reason=why
    )
