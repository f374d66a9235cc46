"""What is true of a synthetic world, counted from what it was made of, to hold an indexer's figures to.

Nothing here reads a log, a database or a metric.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address
from numpy.typing import NDArray
from world_chain import World, branches
from world_enclaves import COMPROMISED_PROVER, compromise_block, compromised_at_s, compromised_model, key_of
from world_history import RETURNED_PERCENT
from world_people import (
    ASSET_OF_PROVER,
    ASSETS,
    CAPTIVE_PROVER,
    CONTRADICTED_MODEL,
    FRONT_PROVER,
    HOSTILE_MODEL,
    MODELS,
    NOBODY,
    OWNER_PROVER,
    RING_PROVER,
    SELF_PROVER,
)
from world_rows import BLOCKS_PER_HOUR, QUIET_BLOCKS, RING_AMOUNT_MICROS, START_S, first_block, time_s

from indexer.analytics.weeks import week_of
from veritally.labels import Labels
from veritally.tiers import SETTLED_TIERS, Tier

CAP = 50
"""Most inferences of one payer that count in a capped share."""
WINDOW_WEEKS = 4


def truth_of(world: World) -> dict[str, Any]:
    """All of it. Shares are of paid inferences, with labelled ones at the tier signed."""
    counted, paid = _counted(world), world.rows.payer != NOBODY
    return {
        "scenario": asdict(world.scenario),
        "verdict": world.scenario.trend.verdict,
        "inferences": len(world.rows),
        "groups": len(world.groups),
        "free": int((~paid).sum()),
        "achieved": _tiers(world.rows.tier),
        "counted_paid": _tiers(counted[paid]),
        "labelled": {label.name: _labelled(world, label) for label in (Labels.DEVELOPMENT, Labels.UNBOUND)},
        "amounts": _amounts(world),
        "skipped_receipts": int(world.groups.skipped.sum()),
        "events": _event_counts(world),
        "reorg": _reorg(world),
        "weeks": _weeks(world, counted),
        "windows": {name: _window(world, counted, back) for name, back in (("before", 2), ("now", 1))},
        "payers": _payers(world, counted),
        "roles": _roles(world),
        "tainted": _tainted(world),
    }


def _counted(world: World) -> NDArray[np.int64]:
    is_labelled = world.groups.labels[world.rows.group] != 0
    return np.where(is_labelled, int(Tier.SIGNED), world.rows.tier)


def _tiers(tiers: NDArray[np.int64]) -> dict[str, int]:
    return {tier.label: int((tiers == tier).sum()) for tier in SETTLED_TIERS}


def _labelled(world: World, label: Labels) -> int:
    return int((world.groups.labels[world.rows.group] == label).sum())


def _amounts(world: World) -> list[dict[str, Any]]:
    """By token and achieved tier, exact at any size."""
    rows, found = world.rows, []
    asset = ASSET_OF_PROVER[rows.prover]
    for index, token in enumerate(ASSETS):
        for tier in SETTLED_TIERS:
            chosen = rows.amount[(asset == index) & (rows.tier == tier)]
            total = sum(map(int, chosen))
            named = {"asset": to_checksum_address(token.address), "decimals": token.decimals}
            found.append(named | {"tier": tier.label, "amount_base_units": str(total)})
    return found


def _event_counts(world: World) -> dict[str, int]:
    """Of those that no group emits, by the contract that does; `token` for those of tokens."""
    tokens = {asset.address.hex() for asset in ASSETS}
    addresses = [one.address for _, one in world.events]
    return {
        "token": sum(address in tokens for address in addresses),
        "contracts": sum(address not in tokens for address in addresses),
    }


def _reorg(world: World) -> dict[str, int]:
    seen, _ = branches(world)
    return {
        "seen_head": seen.head,
        "first_replaced_block": seen.forks_at,
        "replaced_blocks": seen.head - seen.forks_at + 1,
    }


def _weeks(world: World, counted: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The full ones; numbered as in the metrics."""
    first, rows = week_of(START_S), world.rows
    found = []
    for week in range(world.scenario.weeks):
        chosen = rows.week == week
        paid = chosen & (rows.payer != NOBODY)
        counts = {"inferences": int(chosen.sum()), "paid": int(paid.sum())}
        found.append({"week": first + week} | counts | _tiers(counted[paid]))
    return found


def _window(world: World, counted: NDArray[np.int64], back: int) -> dict[str, Any]:
    """The strong share of the last four full weeks, or of the four before."""
    rows, end = world.rows, world.scenario.weeks - (back - 1) * WINDOW_WEEKS
    first = end - WINDOW_WEEKS
    chosen = (rows.week >= first) & (rows.week < end) & (rows.payer != NOBODY)
    all_of, strong = _by_payer(world, counted, chosen)
    is_there = all_of > 0
    n, y = all_of[is_there].astype(float), strong[is_there].astype(float)
    capped = np.minimum(n, CAP)
    return {
        "first_week": week_of(START_S) + first,
        "end_week": week_of(START_S) + end,
        "payers": len(n),
        "share": float(y.sum() / n.sum()),
        "payer_equal_share": float((y / n).mean()),
        "capped_share": float((capped * y / n).sum() / capped.sum()),
        "n_eff": float(n.sum() ** 2 / (n**2).sum()),
        "n_eff_capped": float(capped.sum() ** 2 / (capped**2).sum()),
        "largest_payer_share": float(n.max() / n.sum()),
    }


def _by_payer(
    world: World, counted: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    size = len(world.people.payers)
    is_strong = chosen & (counted > Tier.SIGNED)
    return (
        np.bincount(world.rows.payer[chosen], minlength=size),
        np.bincount(world.rows.payer[is_strong], minlength=size),
    )


def _payers(world: World, counted: NDArray[np.int64]) -> dict[str, list[int]]:
    """Of each payer: how many inferences, and how many of a strong tier, over the whole history."""
    all_of, strong = _by_payer(world, counted, world.rows.payer != NOBODY)
    return {
        to_checksum_address(address): [int(all_of[index]), int(strong[index])]
        for index, address in enumerate(world.people.payers)
        if all_of[index]
    }


def _roles(world: World) -> dict[str, Any]:
    scenario, people = world.scenario, world.people
    ring_start = first_block(scenario.ring_week) + QUIET_BLOCKS
    return {
        "whale": _pair(world, people.whale, 0) | {"first_week": week_of(START_S) + scenario.whale_week},
        "ring": {
            "payers": _named(people.payers[index] for index in people.ring),
            "prover": to_checksum_address(people.provers[RING_PROVER]),
            "inferences": int((world.rows.prover == RING_PROVER).sum()),
            "amount_base_units": str(RING_AMOUNT_MICROS),
            "starts_between_s": [int(time_s(ring_start)), int(time_s(ring_start + BLOCKS_PER_HOUR))],
            "returned_percent": RETURNED_PERCENT,
        },
        "self": {
            "same": _pair(world, people.oneself, SELF_PROVER),
            "owner": _pair(world, people.owner, OWNER_PROVER),
            "payout": _pair(world, people.front, FRONT_PROVER),
        },
        "captive": {
            "payers": _named(people.payers[index] for index in people.captives),
            "prover": to_checksum_address(people.provers[CAPTIVE_PROVER]),
            "inferences": int((world.rows.prover == CAPTIVE_PROVER).sum()),
        },
        "hostile_model": {"id": f"0x{MODELS[HOSTILE_MODEL].id.hex()}", "uri": MODELS[HOSTILE_MODEL].uri},
    }


def _pair(world: World, payer: int, prover: int) -> dict[str, Any]:
    chosen = (world.rows.payer == payer) & (world.rows.prover == prover)
    return {
        "payer": to_checksum_address(world.people.payers[payer]),
        "prover": to_checksum_address(world.people.provers[prover]),
        "inferences": int(chosen.sum()),
    }


def _named(addresses: Iterable[bytes]) -> list[str]:
    return [to_checksum_address(address) for address in addresses]


def _tainted(world: World) -> dict[str, Any]:
    """What is doubtful as known at the end, of the whole history."""
    scenario, people, rows = world.scenario, world.people, world.rows
    model, since = compromised_model(people), compromised_at_s(scenario)
    of_key = (rows.prover == COMPROMISED_PROVER) & (rows.model == model) & (rows.tier == Tier.TEE)
    settled_s = time_s(world.groups.block[rows.group])
    doubtful = of_key & (settled_s >= since) & (settled_s < time_s(compromise_block(scenario)))
    shown = MODELS[CONTRADICTED_MODEL]
    return {
        "enclave": {
            "key": f"0x{key_of(people, COMPROMISED_PROVER, model, 0).hex()}",
            "compromised_at_s": since,
            "inferences": int(doubtful.sum()),
        },
        "contradiction": {
            "model": f"0x{shown.id.hex()}",
            "shown_at_s": int(time_s(first_block(scenario.contradiction_week) + 1)),
            "zkml_inferences": int(((rows.model == CONTRADICTED_MODEL) & (rows.tier == Tier.ZKML)).sum()),
        },
    }
