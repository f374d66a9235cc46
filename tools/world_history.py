"""What happens in a synthetic world besides settlements.

Routes, models and enclaves change, groups are skipped, channels refunded, and money goes back to payers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from replay_chain import deployment
from world_enclaves import enclaves
from world_events import Placed, event, reason, transfer
from world_people import (
    ASSET_OF_PROVER,
    ASSETS,
    CONTRADICTED_MODEL,
    FRONT_PROVER,
    HONEST_PROVERS,
    MODELS,
    NOBODY,
    RING_PROVER,
    Model,
    People,
)
from world_rows import (
    QUIET_BLOCKS,
    RING_AMOUNT_MICROS,
    Groups,
    Inferences,
    first_block,
    time_s,
)
from world_scenario import Scenario

from veritally.labels import Labels
from veritally.pay_address import pay_address_of
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier

OPENGRADIENT_ROUTE = bytes(keccak(text="veritally.opengradient.v1")[:4])
SECOND_TEE_ROUTE = bytes(keccak(text="veritally.tee.v2")[:4])
RETURNED_PERCENT = 90
"""Of what a member of the ring pays in a week, it gets so much back."""

_OWNER = keccak(text="owner of the router")[12:]
_GUARDIAN = keccak(text="guardian of the router")[12:]
_SKIPPED_GROUPS = 12
_REFUNDS = 40


def route_of_group(scenario: Scenario, groups: Groups, index: int) -> bytes:
    """Through which verifier a group went."""
    if groups.labels[index] & Labels.UNBOUND:
        return OPENGRADIENT_ROUTE
    if groups.tier[index] == Tier.TEE and groups.week[index] >= scenario.route_week:
        return SECOND_TEE_ROUTE
    return ROUTE_OF[Tier(int(groups.tier[index]))]


def history(
    scenario: Scenario, people: People, rows: Inferences, groups: Groups, chance: np.random.Generator
) -> list[Placed]:
    """All of it, in the order of the chain."""
    events = [
        *_routes(scenario),
        *_models(scenario),
        *enclaves(scenario, people, groups),
        *_skipped_groups(scenario, people, chance),
        *_refunds(people, rows, chance),
        *_returns(people, rows),
        *_withdrawals(people, rows),
    ]
    return sorted(events, key=lambda placed: placed[0])


def _routes(scenario: Scenario) -> Iterator[Placed]:
    yield 1, event("VerifierRouter", "OwnershipTransferred", previousOwner=bytes(20), newOwner=_OWNER)
    yield 1, event("VerifierRouter", "GuardianChanged", previous=bytes(20), current=_GUARDIAN)
    week = scenario.route_week
    for route, tier, at in (
        *((ROUTE_OF[tier], tier, 2) for tier in (Tier.SIGNED, Tier.TEE, Tier.ZKML)),
        (OPENGRADIENT_ROUTE, Tier.TEE, 2),
        (SECOND_TEE_ROUTE, Tier.TEE, first_block(week - 1) + 2),
    ):
        added = {"tier": int(tier), "deterministic": tier == Tier.ZKML, "activeFrom": time_s(at)}
        added |= {"groupGas": 400_000, "receiptGas": 8_000, "codeHash": keccak(route)}
        verifier = _verifier(route)
        yield at, event("VerifierRouter", "RouteAdded", route=route, verifier=verifier, **added)
        yield at, event("VerifierRouter", "RouteActivated", route=route, verifier=verifier, by=_OWNER)
    stopped = ROUTE_OF[Tier.TEE]
    stop = event("VerifierRouter", "RouteStopped", route=stopped, verifier=_verifier(stopped), by=_GUARDIAN)
    yield first_block(week) + 1, stop


def _verifier(route: bytes) -> bytes:
    return keccak(b"verifier" + route)[12:]


def _models(scenario: Scenario) -> Iterator[Placed]:
    for model in MODELS:
        named = {"owner": model.owner, "weightsHash": model.weights_hash, "uri": model.uri}
        yield 3, event("ModelRegistry", "ModelRegistered", modelId=model.id, **named)
        accepted = {"measurement": model.measurement, "owner": model.owner, "acceptedFrom": time_s(3)}
        yield 3, event("ModelRegistry", "MeasurementAccepted", modelId=model.id, **accepted)
        if model.has_circuit:
            added = {"verifier": _circuit(model)[0], "index": 0, "circuit": _circuit(model)}
            yield 4, event("ModelRegistry", "CircuitAdded", modelId=model.id, **added)
    shown = MODELS[CONTRADICTED_MODEL]
    router = bytes.fromhex(deployment().router[2:])
    hashes = {f"{name}Hash": keccak(text=name) for name in ("request", "firstResponse", "secondResponse")}
    circuits = {"firstCircuit": 0, "secondCircuit": 0, "by": _GUARDIAN}
    block, route = first_block(scenario.contradiction_week) + 1, ROUTE_OF[Tier.ZKML]
    yield (
        block,
        event("VerifierRouter", "ContradictionShown", route=route, modelId=shown.id, **circuits, **hashes),
    )
    yield block, event("ModelRegistry", "CircuitStopped", modelId=shown.id, index=0, by=router)


def _circuit(model: Model) -> tuple[object, ...]:
    verifier, key_hash = keccak(b"circuit" + model.id)[12:], keccak(b"verifying key" + model.id)
    version = b"23.0.5".ljust(16, b"\0")
    return (verifier, 1, 4, 3, 400_000, False, False, 7, 7, False, version, key_hash)


def _skipped_groups(scenario: Scenario, people: People, chance: np.random.Generator) -> Iterator[Placed]:
    """Groups that were on their way when their verifier was stopped."""
    route, start = ROUTE_OF[Tier.TEE], first_block(scenario.route_week)
    why = reason("VerifierRouter", "RouteIsStopped", route)
    for block in (start + chance.integers(2, QUIET_BLOCKS, _SKIPPED_GROUPS)).tolist():
        prover = int(chance.integers(HONEST_PROVERS))
        model = MODELS[int(people.served[prover][0])]
        who = {"modelId": model.id, "prover": people.provers[prover], "route": route}
        yield block, event("Settlement", "GroupSkipped", **who, groupIndex=0, reason=why)


def _refunds(people: People, rows: Inferences, chance: np.random.Generator) -> Iterator[Placed]:
    """What channels held at their end."""
    ordinary = np.flatnonzero((rows.payer != NOBODY) & (rows.payer <= people.ordinary) & (rows.week > 0))
    for row in chance.choice(ordinary, _REFUNDS, replace=False).tolist():
        block = first_block(int(rows.week[row])) + int(chance.integers(20, QUIET_BLOCKS))
        who = {"payer": people.payers[rows.payer[row]], "prover": people.provers[rows.prover[row]]}
        amount = int(chance.integers(1, 20)) * 100_000
        yield block, event("Settlement", "ChannelRefunded", **who, token=ASSETS[0].address, amount=amount)


def _returns(people: People, rows: Inferences) -> Iterator[Placed]:
    """At the start of the next week the ring's prover pays back most of what it got."""
    of_ring = rows.prover == RING_PROVER
    pairs, counts = np.unique(
        np.stack([rows.week[of_ring], rows.payer[of_ring]], axis=1), axis=0, return_counts=True
    )
    for (week, payer), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        amount = count * RING_AMOUNT_MICROS * RETURNED_PERCENT // 100
        way = (people.provers[RING_PROVER], people.payers[payer])
        yield first_block(week + 1) + 10, transfer(ASSETS[0].address, *way, amount)


def _withdrawals(people: People, rows: Inferences) -> Iterator[Placed]:
    """At the start of the next week one of its payers gets what a prover has earned."""
    prover = to_checksum_address(people.provers[FRONT_PROVER])
    pay_address = bytes.fromhex(pay_address_of(deployment(), prover, Tier.SIGNED)[2:])
    token = ASSETS[ASSET_OF_PROVER[FRONT_PROVER]].address
    earned = rows.prover == FRONT_PROVER
    for week in np.unique(rows.week[earned])[:-1].tolist():
        amount = int(rows.amount[earned & (rows.week == week)].sum())
        if amount:
            yield (
                first_block(week + 1) + 11,
                transfer(token, pay_address, people.payers[people.front], amount),
            )
