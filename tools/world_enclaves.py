"""The enclaves of a synthetic world: their keys, and what their registry says of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from eth_utils.crypto import keccak
from world_events import Event, Placed, event
from world_people import DEVELOPMENT_PROVER, MODELS, UNBOUND_PROVER, People
from world_rows import BLOCKS_PER_WEEK, Groups, first_block, time_s
from world_scenario import Scenario

from veritally.tiers import Tier

COMPROMISED_PROVER = 0
COMPROMISED_BLOCKS = BLOCKS_PER_WEEK * 5 // 2
"""How long before it is told the enclave is not to be trusted any more."""

_LIFE_S = 7 * 86_400


def compromised_model(people: People) -> int:
    """The model whose enclave is called compromised: the most popular one of its prover."""
    return int(people.served[COMPROMISED_PROVER].min())


def compromise_block(scenario: Scenario) -> int:
    """In which it is told."""
    return first_block(scenario.compromise_week) + 1


def compromised_at_s(scenario: Scenario) -> int:
    """Unix time from which on the enclave is not to be trusted."""
    return int(time_s(compromise_block(scenario) - COMPROMISED_BLOCKS))


def key_of(people: People, prover: int, model: int, generation: int) -> bytes:
    """Hash of an enclave's public key; the compromised one has a successor."""
    return bytes(keccak(_public_key(people, prover, model, generation)))


def key_of_group(scenario: Scenario, people: People, groups: Groups, index: int) -> bytes:
    """What the event of a group names; zeroes when no enclave signed."""
    prover, model = int(groups.prover[index]), int(groups.model[index])
    if groups.tier[index] != Tier.TEE:
        return bytes(32)
    is_later = groups.week[index] >= scenario.compromise_week
    is_replaced = (prover, model) == (COMPROMISED_PROVER, compromised_model(people))
    return key_of(people, prover, model, int(is_later and is_replaced))


def enclaves(scenario: Scenario, people: People, groups: Groups) -> Iterator[Placed]:
    """Each is registered before anybody uses it, and renewed every week."""
    signed = (groups.tier == Tier.TEE) & (groups.prover != UNBOUND_PROVER)
    pairs = np.unique(np.stack([groups.prover[signed], groups.model[signed]], axis=1), axis=0).tolist()
    bad = (COMPROMISED_PROVER, compromised_model(people))
    told = compromise_block(scenario)
    for prover, model in pairs:
        yield 5, _registered(people, prover, model, 0, 5)
        for week in range(1, scenario.weeks + 1):
            if (prover, model) != bad or week < scenario.compromise_week:
                block = first_block(week) + 1
                yield block, _renewed(people, prover, model, block)
    who = {"key": key_of(people, *bad, 0), "by": MODELS[bad[1]].owner}
    yield told, event("EnclaveRegistry", "EnclaveRevoked", **who, revokedAt=time_s(told))
    since = compromised_at_s(scenario)
    yield told, event("EnclaveRegistry", "EnclaveCompromised", **who, compromisedAt=since)
    yield told, _registered(people, *bad, 1, told)


def _registered(people: People, prover: int, model: int, generation: int, block: int) -> Event:
    return event(
        "EnclaveRegistry",
        "EnclaveRegistered",
        key=key_of(people, prover, model, generation),
        prover=people.provers[prover],
        modelId=MODELS[model].id,
        kind=2,
        publicKey=_public_key(people, prover, model, generation),
        platform=3 if prover == DEVELOPMENT_PROVER else 1,
        root=keccak(text="root of enclaves"),
        measurement=MODELS[model].measurement,
        validFrom=time_s(block),
        validUntil=time_s(block) + _LIFE_S,
        development=prover == DEVELOPMENT_PROVER,
    )


def _public_key(people: People, prover: int, model: int, generation: int) -> bytes:
    seed = people.provers[prover] + MODELS[model].id + bytes([generation])
    return bytes(keccak(b"x" + seed) + keccak(b"y" + seed))


def _renewed(people: People, prover: int, model: int, block: int) -> Event:
    who = {"key": key_of(people, prover, model, 0), "prover": people.provers[prover]}
    times = {"renewedAt": time_s(block), "validUntil": time_s(block) + _LIFE_S}
    return event("EnclaveRegistry", "EnclaveRenewed", **who, modelId=MODELS[model].id, **times)
