"""`/v1/routes`, `/v1/enclaves` and what the registries say of a model: their events, put together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.writing import time_text
from indexer.api import columns as c
from indexer.api.place import Snapshot
from indexer.api.reply import Reply
from indexer.wire import BLOCK_BITS, LOG_INDEX_BITS
from veritally.attestation.binding import KeyKind
from veritally.attestation.claims import Platform

MOST_EVENTS = 20_000
"""Of a registry, the newest ones."""

ROUTE_COLUMNS = (
    Column("route", Kind.TEXT, "selector of the verifier, 4 bytes in 0x hex"),
    c.TIER,
    Column("verifier", Kind.ADDRESS, "contract that checks the evidence"),
    Column("status", Kind.TEXT, "pending, active or stopped"),
    Column("deterministic", Kind.FLAG, "two accepted responses to one request stop the circuits behind them"),
    Column("active_from", Kind.TIME, "when it may be activated"),
    Column("added_at", Kind.TIME, "block time"),
    Column("activated_at", Kind.TIME, "block time"),
    Column("stopped_at", Kind.TIME, "block time"),
    Column("group_gas", Kind.COUNT, "gas that a verification may use for a group"),
    Column("receipt_gas", Kind.COUNT, "gas that is added for each receipt"),
    Column("code_hash", Kind.ID, "keccak256 of the verifier's code"),
)
ENCLAVE_COLUMNS = (
    Column("key", Kind.ID, "name of the key"),
    c.PROVER,
    c.MODEL,
    Column("kind", Kind.TEXT, "secp256k1, p256 or rsa_pss_2048"),
    Column(
        "platform", Kind.TEXT, "who vouches for the enclave: nitro, tdx, or development, which proves nothing"
    ),
    Column("measurement", Kind.ID, "hash of the enclave's code"),
    c.DEVELOPMENT,
    Column("registered_at", Kind.TIME, "block time"),
    Column("valid_from", Kind.TIME, "from when its signatures count"),
    Column("valid_until", Kind.TIME, "until when, renewals counted in"),
    Column("revoked_at", Kind.TIME, "refused from then on"),
    Column("compromised_at", Kind.TIME, "what it signed from then on is to be doubted"),
)
_EVENTS = (
    "SELECT registry_event.id, event, subject, arguments, transaction_hash, timestamp_s FROM registry_event"  # noqa: S608
    " JOIN block ON block.id = registry_event.id >> 20"
    " WHERE registry_event.id >= :first AND registry_event.id < :end AND {}"
    f" ORDER BY registry_event.id DESC LIMIT {MOST_EVENTS}"
)


@dataclass(frozen=True)
class RegistryEvent:
    """A change of routes, models or enclaves."""

    name: str
    subject: str
    """In 0x hex."""
    arguments: Mapping[str, Any]
    block: int
    log_index: int
    time_s: int
    """Of the block."""
    transaction_hash: str

    def described(self) -> dict[str, Any]:
        """For JSON."""
        place = {"block": self.block, "log_index": self.log_index, "block_time": time_text(self.time_s)}
        about = {"event": self.name, "arguments": self.arguments}
        return about | place | {"transaction_hash": self.transaction_hash}


def routes(snapshot: Snapshot) -> Reply:
    """All routes, in the order in which they were added."""
    rows = [_route(events) for events in _by_subject(_of_contract(snapshot, "VerifierRouter")).values()]
    return Reply(snapshot.place, Answer(ROUTE_COLUMNS, tuple(row for row in rows if row is not None)))


def enclaves(snapshot: Snapshot, limit: int) -> Reply:
    """All keys, those that were registered last first."""
    by_key = _by_subject(_of_contract(snapshot, "EnclaveRegistry"))
    rows = [row for events in by_key.values() if (row := _enclave(events)) is not None][::-1]
    answer = Answer(ENCLAVE_COLUMNS, tuple(rows[:limit]))
    return Reply(snapshot.place, answer, {"truncated": len(rows) > limit})


def events_about(snapshot: Snapshot, subject: bytes) -> list[RegistryEvent]:
    """Events of one subject, in the order of the chain."""
    return _events(snapshot, "subject = :subject", {"subject": subject})


def registrations(snapshot: Snapshot) -> dict[str, RegistryEvent]:
    """The event ModelRegistered of each model, by its id."""
    found = _events(snapshot, "event = :event", {"event": "ModelRegistered"})
    return {event.subject: event for event in found}


def _of_contract(snapshot: Snapshot, contract: str) -> list[RegistryEvent]:
    return _events(snapshot, "contract = :contract", {"contract": contract})


def _events(snapshot: Snapshot, condition: str, parameters: Mapping[str, Any]) -> list[RegistryEvent]:
    bounds = {"first": snapshot.first_key, "end": snapshot.end_key}
    rows = snapshot.rows(_EVENTS.format(condition), bounds | dict(parameters))
    return [_event(row) for row in reversed(rows)]


def _event(row: Any) -> RegistryEvent:
    return RegistryEvent(
        row.event,
        f"0x{bytes(row.subject).hex()}",
        json.loads(row.arguments),
        row.id >> LOG_INDEX_BITS & (1 << BLOCK_BITS) - 1,
        row.id & (1 << LOG_INDEX_BITS) - 1,
        row.timestamp_s,
        f"0x{bytes(row.transaction_hash).hex()}",
    )


def _by_subject(events: Iterable[RegistryEvent]) -> dict[str, list[RegistryEvent]]:
    found: dict[str, list[RegistryEvent]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event)
    return found


def _route(events: Sequence[RegistryEvent]) -> tuple[Cell, ...] | None:
    by_name = {event.name: event for event in events}
    added = by_name.get("RouteAdded")
    if added is None:
        return None
    activated, stopped = by_name.get("RouteActivated"), by_name.get("RouteStopped")
    said = added.arguments
    return (
        added.subject,
        _integer(said["tier"]),
        to_checksum_address(said["verifier"]),
        "stopped" if stopped else "active" if activated else "pending",
        bool(said["deterministic"]),
        _integer(said["activeFrom"]),
        added.time_s,
        None if activated is None else activated.time_s,
        None if stopped is None else stopped.time_s,
        _integer(said["groupGas"]),
        _integer(said["receiptGas"]),
        said["codeHash"],
    )


def _enclave(events: Sequence[RegistryEvent]) -> tuple[Cell, ...] | None:
    by_name = {event.name: event for event in events}
    registered = by_name.get("EnclaveRegistered")
    if registered is None:
        return None
    said = registered.arguments
    latest = by_name.get("EnclaveRenewed", registered)
    return (
        registered.subject,
        to_checksum_address(said["prover"]),
        said["modelId"],
        KeyKind(_integer(said["kind"])).name.lower(),
        Platform(_integer(said["platform"])).name.lower(),
        said["measurement"],
        bool(said["development"]),
        registered.time_s,
        _integer(said["validFrom"]),
        _integer(latest.arguments["validUntil"]),
        _said(by_name.get("EnclaveRevoked"), "revokedAt"),
        _said(by_name.get("EnclaveCompromised"), "compromisedAt"),
    )


def _said(event: RegistryEvent | None, name: str) -> int | None:
    return None if event is None else _integer(event.arguments[name])


def _integer(value: int | str) -> int:
    """Larger ones are decimal strings."""
    return int(value)
