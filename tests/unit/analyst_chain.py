"""A chain, and rows beside it, that put something into every view for analysts."""

from __future__ import annotations

from typing import Any

from exported import chain_of_all_events
from indexer_chain import KEY, MODEL, PAYER, PROVER, RecordedChain
from registry_events import registry_event

MONDAY_S = 1_763_942_400
DAY_S = 86_400
ROUTE = b"\x01\x02\x03\x04"


def chain_for_analysts() -> RecordedChain:
    """Every event there is, over two weeks and a bit; the last two blocks are not final."""
    chain = chain_of_all_events()
    registered = {
        "key": KEY,
        "prover": PROVER,
        "modelId": MODEL,
        "kind": 2,
        "publicKey": b"\x04" * 65,
        "platform": 1,
        "root": bytes(32),
        "measurement": b"\x77" * 32,
        "validFrom": MONDAY_S,
        "validUntil": MONDAY_S + DAY_S,
        "development": False,
    }
    renewed = {"renewedAt": MONDAY_S + DAY_S, "validUntil": MONDAY_S + 2 * DAY_S}
    added = {"deterministic": True, "activeFrom": MONDAY_S, "groupGas": 1, "receiptGas": 2}
    circuit = {"requestHash": bytes(32), "firstResponseHash": bytes(32), "secondResponseHash": bytes(32)}
    chain.mine(
        registry_event(
            "ModelRegistry",
            "ModelRegistered",
            modelId=MODEL,
            owner=PAYER,
            weightsHash=b"\x66" * 32,
            uri="<script>\0'",
        ),
        registry_event("EnclaveRegistry", "EnclaveRegistered", **registered),
        registry_event(
            "VerifierRouter", "RouteAdded", route=ROUTE, verifier=PROVER, tier=3, codeHash=bytes(32), **added
        ),
    )
    chain.mine(
        registry_event("EnclaveRegistry", "EnclaveRenewed", key=KEY, prover=PROVER, modelId=MODEL, **renewed),
        registry_event("VerifierRouter", "RouteActivated", route=ROUTE, verifier=PROVER, by=PAYER),
        registry_event("ModelRegistry", "CircuitStopped", modelId=MODEL, index=0, by=PAYER),
    )
    for time_s in (MONDAY_S + 9, MONDAY_S + 8):
        compromised = registry_event(
            "EnclaveRegistry", "EnclaveCompromised", key=KEY, by=PAYER, compromisedAt=time_s
        )
        revoked = registry_event("EnclaveRegistry", "EnclaveRevoked", key=KEY, by=PAYER, revokedAt=time_s + 1)
        chain.mine(compromised, revoked)
    chain.mine(
        registry_event("ModelRegistry", "ModelDeprecated", modelId=MODEL, owner=PAYER, successor=bytes(32)),
        registry_event(
            "VerifierRouter",
            "ContradictionShown",
            route=ROUTE,
            modelId=MODEL,
            by=PAYER,
            firstCircuit=0,
            secondCircuit=1,
            **circuit,
        ),
    )
    for number, block in enumerate(chain.blocks):
        block["timestamp"] = hex(MONDAY_S + number * DAY_S + number)
    chain.final = len(chain.blocks) - 3
    return chain


def fill_by_hand(connection: Any) -> None:
    """What no event of ours makes: an incident, and what a foreign contract claims."""
    connection.execute(
        "INSERT INTO incident VALUES (1, 0, 3, 4, 'rows', 'a secret', 'host', 1764000000, '1')"
    )
    connection.execute(
        "INSERT INTO recorded_source VALUES (1, 10740, 'opengradient', 'c', 'p', 0, 9, NULL, NULL, 8, 0)"
    )
    claim = "NULL, '0', 'r', '115792089237316195423570985008687907853269984665640564039457584007913129639935'"
    values = f"1, 7, 2, 10740, 1764000000, 't', 'batch', {claim}, {', '.join(['NULL'] * 8)}"
    connection.execute(f"INSERT INTO recorded_settlement VALUES ({values})")
    connection.commit()
