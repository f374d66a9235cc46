"""Turns logs of our contracts into rows of our tables, by the contracts' own ABIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import SQLModel

from indexer.abi import AbiMismatchError, EventDefinition, error_names
from indexer.errors import UndecodableEventError
from indexer.events import REGISTRY_EVENTS, SETTLEMENT_EVENTS, Columns, EventKind
from indexer.wire import LOG_INDEX_BITS, LogGroup, LogTable, Octets, Places
from veritally.abi import load_artifact
from veritally.contract_table import CONTRACTS

INDEXED_CONTRACTS = ("Settlement", "VerifierRouter", "ModelRegistry", "EnclaveRegistry")
"""Contracts whose events are read."""


@dataclass(frozen=True)
class Rows:
    """Rows of one table, in the order of the chain."""

    table: type[SQLModel]
    places: Places
    columns: Columns
    """All columns but the key."""

    def __len__(self) -> int:
        return len(self.places)


class EventDecoder:
    """Decodes the events of one deployment."""

    def __init__(self, contracts: Mapping[str, bytes]) -> None:
        """`contracts` are addresses by name; those of `INDEXED_CONTRACTS` are needed."""
        kinds = [kind for name in INDEXED_CONTRACTS for kind in _kinds(name)]
        self._by_key = {contracts[kind.contract] + kind.definition.topic: kind for kind in kinds}
        self._error_names = error_names([load_artifact(name).abi for name in CONTRACTS])

    def decode(self, table: LogTable) -> list[Rows]:
        """Rows for the events behind the logs.

        Raises:
            UndecodableEventError: unknown topic, or content that the contract can not have emitted.
        """
        parts: dict[type[SQLModel], list[Rows]] = {}
        for group in table.groups:
            for key, logs in _by_event(group):
                rows = self._decode(key, logs)
                parts.setdefault(rows.table, []).append(rows)
        return [in_order(some) for some in parts.values()]

    def reason_name(self, octets: bytes) -> str | None:
        """Name of the custom error that a skip's reason starts with; None when no contract of ours has it."""
        return self._error_names.get(octets[:4])

    def _decode(self, key: bytes, logs: LogGroup) -> Rows:
        kind = self._by_key.get(key)
        if kind is None:
            topic = f"0x{key[20:].hex()}" if key[20:] else "none"
            raise _undecodable(logs, 0, f"unknown event topic {topic} of 0x{key[:20].hex()}")
        try:
            values = kind.definition.decode(logs)
            columns = kind.columns(kind, values, self._error_names)
        except AbiMismatchError as error:
            raise _undecodable(logs, error.row, f"{kind.definition.name}: {error}") from None
        return Rows(kind.table, logs.places, {"transaction_hash": logs.transaction_hashes} | columns)


def _kinds(contract: str) -> Iterator[EventKind]:
    for entry in load_artifact(contract).abi:
        if entry["type"] != "event" or not entry["inputs"]:
            continue  # one without inputs belongs to contracts behind proxies
        if contract != "Settlement":
            yield EventKind(contract, EventDefinition.from_abi(entry), *REGISTRY_EVENTS)
        elif entry["name"] in SETTLEMENT_EVENTS:
            yield EventKind(contract, EventDefinition.from_abi(entry), *SETTLEMENT_EVENTS[entry["name"]])


def _by_event(group: LogGroup) -> Iterator[tuple[bytes, LogGroup]]:
    """The logs of each event, with the emitting address and the first topic."""
    keys = np.concatenate([group.addresses, _first_topics(group)], axis=1)
    first = keys[0]
    same = (keys == first).all(axis=1)
    if same.all():
        yield first.tobytes(), group
        return
    yield first.tobytes(), group.select(same)
    yield from _by_event(group.select(~same))


def _first_topics(group: LogGroup) -> Octets:
    return group.topics[:, 0] if group.topics.shape[1] else group.topics.reshape(len(group), 0)


def in_order(parts: Sequence[Rows]) -> Rows:
    """Rows of one table as one, in the order of the chain."""
    places = np.concatenate([part.places for part in parts])
    is_ordered = bool((places[1:] > places[:-1]).all())
    if len(parts) == 1 and is_ordered:
        return parts[0]
    columns = {name: _joined([part.columns[name] for part in parts]) for name in parts[0].columns}
    if not is_ordered:
        order = np.argsort(places, kind="stable")
        places, columns = places[order], {name: _chosen(all_, order) for name, all_ in columns.items()}
    return Rows(parts[0].table, places, columns)


def _joined(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], list):
        return [value for column in columns for value in column]
    return np.concatenate(columns)


def _chosen(column: Any, order: NDArray[np.intp]) -> Any:
    return [column[index] for index in order] if isinstance(column, list) else column[order]


def _undecodable(logs: LogGroup, row: int, problem: str) -> UndecodableEventError:
    block, log_index = divmod(int(logs.places[row]), 1 << LOG_INDEX_BITS)
    return UndecodableEventError(block, log_index, problem)
