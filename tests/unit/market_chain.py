"""A chain with twelve weeks of payers, provers, models and tokens: what metrics are tried on."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from eth_utils.crypto import keccak
from exported import refunded_log
from indexer_chain import (
    KEY,
    ZERO,
    RecordedChain,
    group_log,
    group_skipped_log,
    inference_log,
    receipt_skipped_log,
    word,
)
from registry_events import registry_event

from veritally.tiers import Tier

MONDAY_S = 1_756_684_800
DAY_S = 86_400
WEEKS = 12
PAYERS = 40
OTHER_TOKEN = "0x" + "0d" * 20
PROVERS = ["0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "b3" * 20]
MODELS = [b"\x11" * 32, b"\x33" * 32]


def address(text: str) -> str:
    """Some address."""
    return "0x" + keccak(text=text)[12:].hex()


def market_chain(seed: int = 1) -> RecordedChain:
    """One block a day. The strong share grows; a fifth of the payers use the other token.

    One prover pays itself, another has a single payer; an enclave's key is doubted, and a model's circuits.
    """
    chain, draw = RecordedChain(), random.Random(seed)
    for number, block in enumerate(chain.blocks):
        block["timestamp"] = hex(MONDAY_S - DAY_S + number)
    owner = {
        "modelId": MODELS[0],
        "owner": address("payer 7"),
        "weightsHash": bytes(32),
        "uri": "ipfs://model",
    }
    _mine(chain, MONDAY_S - DAY_S + 9, registry_event("ModelRegistry", "ModelRegistered", **owner))
    for day in range(7 * WEEKS):
        time_s = MONDAY_S + day * DAY_S + 3_600
        _mine(chain, time_s, *_day(draw, chain.counters[-1]["seq"], day))
        if day == 7 * WEEKS - 10:
            doubt = {"key": KEY, "by": address("owner"), "compromisedAt": time_s - 14 * DAY_S}
            _mine(chain, time_s + 60, registry_event("EnclaveRegistry", "EnclaveCompromised", **doubt))
    shown = {"route": _route(Tier.ZKML), "modelId": MODELS[1], "by": address("somebody")}
    shown |= {"firstCircuit": 0, "secondCircuit": 1}
    shown |= {name: bytes(32) for name in ("requestHash", "firstResponseHash", "secondResponseHash")}
    contradiction = registry_event("VerifierRouter", "ContradictionShown", **shown)
    _mine(chain, MONDAY_S + 7 * WEEKS * DAY_S, contradiction)
    chain.final = len(chain.blocks) - 1
    return chain


def _mine(chain: RecordedChain, time_s: int, *logs: dict[str, Any]) -> None:
    chain.mine(*logs)
    chain.blocks[-1]["timestamp"] = hex(time_s)


def _day(draw: random.Random, seq: int, day: int) -> list[dict[str, Any]]:
    logs = []
    for (tier, prover, model), inferences in sorted(_bought(draw, day).items()):
        labels = 1 if tier == Tier.TEE and prover == 1 else 0
        for payer, keywords in inferences:
            log = inference_log(seq, tier, flags=labels | 1 << 8, **keywords)
            logs.append(_of(log, payer, prover, model))
            seq += 1
        group = group_log(tier, len(inferences), 0, labels, KEY if tier == Tier.TEE else bytes(32))
        group["topics"][2:] = [word(MODELS[model]), word(PROVERS[prover])]
        group["data"] = word(_route(tier)) + group["data"][66:]
        logs.append(group)
    if day % 5 == 0:
        logs += [receipt_skipped_log(b""), group_skipped_log(0, bytes(4)), refunded_log(10**30 + day)]
    return logs


def _bought(draw: random.Random, day: int) -> dict[tuple[int, int, int], list[tuple[str, dict[str, Any]]]]:
    """Payers and inferences by tier, prover and model."""
    groups: dict[tuple[int, int, int], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for payer in range(PAYERS):
        for _ in range(int(draw.paretovariate(1.3)) % 40 if draw.random() < 0.5 else 0):
            strong = draw.random() < 0.15 + 0.5 * day / (7 * WEEKS) * (payer % 3 > 0)
            tier = draw.choice([Tier.TEE, Tier.ZKML]) if strong else Tier.SIGNED
            place = tier, payer % 2, draw.randrange(2)
            groups[place].append((address(f"payer {payer}"), _inference(draw, payer, tier, day)))
    groups[Tier.SIGNED, 0, 0].append((PROVERS[0], _inference(draw, 1, Tier.SIGNED, day)))
    groups[Tier.SIGNED, 1, 1].append((ZERO, _inference(draw, 1, Tier.SIGNED, day) | {"amount": 0}))
    for _ in range(3):
        groups[Tier.SIGNED, 2, 1].append((address("captive"), _inference(draw, 1, Tier.SIGNED, day)))
    return groups


def _inference(draw: random.Random, payer: int, tier: int, day: int) -> dict[str, Any]:
    price = {Tier.SIGNED: 1_000, Tier.TEE: 1_500, Tier.ZKML: 4_000}[Tier(tier)] + draw.randrange(100)
    found: dict[str, Any] = {
        "amount": price,
        "floor": tier if draw.random() < 0.7 else Tier.SIGNED,
        "served_at": MONDAY_S + day * DAY_S + 3_600 - draw.randrange(-3, 500),
    }
    if payer % 5 == 0:
        found |= {"asset": OTHER_TOKEN, "amount": price * 10**24}
    return found


def _route(tier: int) -> bytes:
    """Each tier has a route of its own."""
    return bytes((1, 2, 3, tier))


def _of(log: dict[str, Any], payer: str, prover: int, model: int) -> dict[str, Any]:
    """The same inference of others: the data begins with model and prover."""
    log["topics"][2] = word(payer)
    words = MODELS[model].hex() + word(PROVERS[prover])[2:]
    return log | {"data": "0x" + words + log["data"][2 + len(words) :]}
