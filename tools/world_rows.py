"""The inferences of a synthetic world and the groups that they settle in, as columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from world_people import (
    ASSET_OF_PROVER,
    ASSETS,
    CAPTIVE_PROVER,
    CONTRADICTED_MODEL,
    DEVELOPMENT_PROVER,
    FRONT_PROVER,
    MODELS,
    NOBODY,
    OWNER_MODEL,
    OWNER_PROVER,
    PROVERS,
    RING_MODEL,
    RING_PROVER,
    RING_SIZE,
    SELF_PROVER,
    SLOTS,
    UNBOUND_PROVER,
    People,
)
from world_scenario import Scenario

from indexer.analytics.weeks import WEEK_S, start_s, week_of_monday
from veritally.labels import Labels
from veritally.tiers import Tier

Numbers = NDArray[np.int64]

BLOCK_TIME_S = 12
BLOCKS_PER_WEEK = WEEK_S // BLOCK_TIME_S
BLOCKS_PER_HOUR = 3_600 // BLOCK_TIME_S
START_S = start_s(week_of_monday(date(2026, 5, 4)))
"""Unix time of block 1."""
REST_BLOCKS = 2 * 86_400 // BLOCK_TIME_S
"""Of the week that is not full."""
QUIET_BLOCKS = BLOCKS_PER_HOUR
"""At the start of each week, in which registries change and nothing settles."""

RING_AMOUNT_MICROS = 5_000
_WHALE, _RING, _CAPTIVE, _SELF, _OWNER, _FRONT = 0.05, 0.02, 0.02, 0.01, 0.005, 0.005
"""Parts of all inferences."""
_FREE = 0.03
"""Part of the signed inferences of ordinary payers."""
_TIER_FACTOR = np.array([0.0, 1.0, 1.6, 5.0])
_SLOT_CHANCES = (0.6, 0.3, 0.1)
_MOST_RECEIPTS = 40
_LATENCY_S = {Tier.SIGNED: (180.0, 0.6), Tier.TEE: (300.0, 0.7), Tier.ZKML: (2_400.0, 0.9)}
"""Median, and spread of the logarithm."""
_FLOOR_BELOW = 0.25
"""Part of the inferences that were settled at a stronger tier than was asked for."""
_SKIPPING_GROUPS = 0.02


@dataclass(frozen=True)
class Inferences:
    """One value for each settled inference, in the order of the chain."""

    week: Numbers
    """From the start of the world."""
    payer: Numbers
    prover: Numbers
    model: Numbers
    tier: Numbers
    floor: Numbers
    amount: Numbers
    """Base units."""
    served_at_s: Numbers
    group: Numbers

    def __len__(self) -> int:
        return len(self.payer)


@dataclass(frozen=True)
class Groups:
    """One value for each group, in the order of the chain."""

    block: Numbers
    first: Numbers
    """Position of the first inference."""
    settled: Numbers
    skipped: Numbers
    week: Numbers
    prover: Numbers
    model: Numbers
    tier: Numbers
    labels: Numbers

    def __len__(self) -> int:
        return len(self.block)


def time_s(block: Any) -> Any:
    """Unix time of a block, or of an array of them."""
    return START_S + (block - 1) * BLOCK_TIME_S


def first_block(week: int) -> int:
    """Of a week, counted from the start of the world."""
    return 1 + week * BLOCKS_PER_WEEK


def last_block(scenario: Scenario) -> int:
    """The head of the finished world."""
    return first_block(scenario.weeks) + REST_BLOCKS


def draw(scenario: Scenario, people: People, chance: np.random.Generator) -> tuple[Inferences, Groups]:
    """All inferences, and the groups that they are in."""
    parts = [_ring(scenario, people), *_roles(scenario, people, chance)]
    missing = scenario.inferences - sum(len(part["week"]) for part in parts)
    parts.append(_ordinary(scenario, people, missing, chance))
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows["tier"] = _possible_tier(scenario, rows)
    free = (chance.random(len(rows["week"])) < _FREE) & (rows["tier"] == Tier.SIGNED)
    rows["payer"] = np.where(free & (rows["payer"] <= people.ordinary), NOBODY, rows["payer"])
    rows["amount"] = _amounts(rows, chance)
    below = chance.random(len(free)) < _FLOOR_BELOW
    lower = 1 + np.floor(chance.random(len(free)) * (rows["tier"] - 1)).astype(np.int64)
    rows["floor"] = np.where(below & (rows["tier"] > Tier.SIGNED), lower, rows["tier"])
    return _grouped(scenario, rows, chance)


def _ordinary(
    scenario: Scenario, people: People, count: int, chance: np.random.Generator
) -> dict[str, Numbers]:
    rates = people.rates.ravel()
    cells = chance.multinomial(count, rates / rates.sum())
    payer, week = np.divmod(np.repeat(np.arange(len(cells)), cells), scenario.weeks + 1)
    slot = chance.choice(SLOTS, count, p=_SLOT_CHANCES)
    prover, model = people.slots[payer, slot].T
    strong = chance.random(count) < people.strong[payer, week]
    zkml = strong & (chance.random(count) < people.zkml[payer])
    tier = Tier.SIGNED + strong.astype(np.int64) + zkml
    return {"week": week, "payer": payer + 1, "prover": prover, "model": model, "tier": tier}


def _ring(scenario: Scenario, people: People) -> dict[str, Numbers]:
    """The same number of inferences for each member and each week."""
    weeks = np.arange(scenario.ring_week, scenario.weeks)
    each = math.ceil(scenario.inferences * _RING / RING_SIZE / len(weeks))
    members = np.array(people.ring)
    week, payer = np.repeat(weeks, RING_SIZE * each), np.tile(np.repeat(members, each), len(weeks))
    return _same(week, payer, RING_PROVER, RING_MODEL, Tier.TEE)


def _roles(scenario: Scenario, people: People, chance: np.random.Generator) -> list[dict[str, Numbers]]:
    """The whale, the captives, and those who pay themselves."""

    def weeks(part: float, first: int = 0) -> Numbers:
        return chance.integers(first, scenario.weeks, round(part * scenario.inferences))

    captives, of = weeks(_CAPTIVE), people.served[:, 0].tolist()
    who = np.array(people.captives)[np.arange(len(captives)) % len(people.captives)]
    return [
        _same(weeks(_WHALE, scenario.whale_week), people.whale, 0, RING_MODEL, Tier.ZKML),
        _same(captives, who, CAPTIVE_PROVER, of[CAPTIVE_PROVER], Tier.SIGNED),
        _same(weeks(_SELF), people.oneself, SELF_PROVER, of[SELF_PROVER], Tier.TEE),
        _same(weeks(_OWNER), people.owner, OWNER_PROVER, OWNER_MODEL, Tier.ZKML),
        _same(weeks(_FRONT), people.front, FRONT_PROVER, of[FRONT_PROVER], Tier.TEE),
    ]


def _same(week: Numbers, payer: Numbers | int, prover: int, model: int, tier: Tier) -> dict[str, Numbers]:
    values = {"payer": payer, "prover": prover, "model": model, "tier": int(tier)}
    return {"week": week} | {name: np.full(len(week), value, np.int64) for name, value in values.items()}


def _possible_tier(scenario: Scenario, rows: dict[str, Numbers]) -> Numbers:
    """zkML needs a circuit that nobody has stopped."""
    has_circuit = np.array([model.has_circuit for model in MODELS])[rows["model"]]
    stopped = (rows["model"] == CONTRADICTED_MODEL) & (rows["week"] >= scenario.contradiction_week)
    return np.where(has_circuit & ~stopped, rows["tier"], np.minimum(rows["tier"], Tier.TEE))


def _amounts(rows: dict[str, Numbers], chance: np.random.Generator) -> Numbers:
    """Prices differ by model, tier and prover, and a little from inference to inference."""
    prices = np.array([model.price_micros for model in MODELS], float)
    factors = chance.uniform(0.8, 1.25, PROVERS)
    spread = chance.lognormal(0.0, 0.2, len(rows["payer"]))
    micros = prices[rows["model"]] * _TIER_FACTOR[rows["tier"]] * factors[rows["prover"]] * spread
    micros = np.where(rows["prover"] == RING_PROVER, RING_AMOUNT_MICROS, np.maximum(1, np.rint(micros)))
    units = np.array([10 ** (asset.decimals - 6) for asset in ASSETS])[ASSET_OF_PROVER][rows["prover"]]
    return np.where(rows["payer"] == NOBODY, 0, micros.astype(np.int64) * units)


def _grouped(
    scenario: Scenario, rows: dict[str, Numbers], chance: np.random.Generator
) -> tuple[Inferences, Groups]:
    """Neighbours of one week, prover, model and tier settle together, at a time of their own."""
    order = chance.permutation(len(rows["payer"]))
    key = (rows["week"] * PROVERS + rows["prover"]) * len(MODELS) + rows["model"]
    key = key * (Tier.ZKML + 1) + rows["tier"]
    order = order[np.argsort(key[order], kind="stable")]
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    position = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    firsts = np.flatnonzero(position % _MOST_RECEIPTS == 0)
    blocks = _blocks(scenario, {name: column[order][firsts] for name, column in rows.items()}, chance)
    group = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(key)))
    in_time = np.argsort(blocks, kind="stable")
    rank = np.argsort(in_time)[group]
    chosen = order[np.lexsort((rows["payer"][order], rank))]
    rows = {name: column[chosen] for name, column in rows.items()} | {"group": np.sort(rank)}
    groups = _groups(rows, blocks[in_time], chance)
    rows["served_at_s"] = time_s(groups.block)[rows["group"]] - _latencies(rows["tier"], chance)
    return Inferences(**rows), groups


def _blocks(scenario: Scenario, heads: dict[str, Numbers], chance: np.random.Generator) -> Numbers:
    """Any block of the week but the quiet ones; those of the ring's first week lie within an hour."""
    week = heads["week"]
    ends = np.where(week == scenario.weeks, REST_BLOCKS - QUIET_BLOCKS, BLOCKS_PER_WEEK)
    first = (heads["prover"] == RING_PROVER) & (week == scenario.ring_week)
    ends = np.where(first, QUIET_BLOCKS + BLOCKS_PER_HOUR - 1, ends)
    return 1 + week * BLOCKS_PER_WEEK + chance.integers(QUIET_BLOCKS, ends)


def _groups(rows: dict[str, Numbers], blocks: Numbers, chance: np.random.Generator) -> Groups:
    first = np.flatnonzero(np.diff(rows["group"], prepend=-1))
    own = {name: rows[name][first] for name in ("week", "prover", "model", "tier")}
    labels = np.zeros(len(first), np.int64)
    labels[(own["tier"] == Tier.TEE) & (own["prover"] == DEVELOPMENT_PROVER)] = Labels.DEVELOPMENT
    labels[(own["tier"] == Tier.TEE) & (own["prover"] == UNBOUND_PROVER)] = Labels.UNBOUND
    return Groups(
        block=blocks,
        first=first,
        settled=np.diff(first, append=len(rows["payer"])),
        skipped=(chance.random(len(first)) < _SKIPPING_GROUPS).astype(np.int64),
        labels=labels,
        **own,
    )


def _latencies(tiers: Numbers, chance: np.random.Generator) -> Numbers:
    median, spread = np.array([(0.0, 0.0), *(_LATENCY_S[tier] for tier in _LATENCY_S)]).T
    drawn = median[tiers] * np.exp(spread[tiers] * chance.standard_normal(len(tiers)))
    latencies_s: Numbers = np.maximum(1, np.rint(drawn)).astype(np.int64)
    return latencies_s
