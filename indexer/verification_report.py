"""Writes a verification for people, as JSON or as CSV."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from eth_utils.address import to_checksum_address

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.writing import to_csv as write_csv
from indexer.errors import blocks_named
from indexer.verification import EndpointFinding, Verification

_COLUMNS = (
    Column("chain_id", Kind.COUNT, "id of the chain"),
    Column("settlement", Kind.ADDRESS, "the contract"),
    Column("block", Kind.COUNT, "last block that counts"),
    Column("block_hash", Kind.ID, "its hash"),
    Column("digest", Kind.ID, "of all stored events"),
    Column("events", Kind.COUNT, "number of stored events"),
    Column("match", Kind.FLAG, "whether the database holds what every endpoint that answers shows"),
    Column("contradictions", Kind.TEXT, "how the database contradicts itself"),
    Column("endpoint", Kind.TEXT, "who was asked"),
    Column("endpoint_digest", Kind.ID, "of the events that it shows; none without a believable answer"),
    Column("counters", Kind.TEXT, "match, not compared, or what differs"),
    Column("problem", Kind.TEXT, "why it gave no believable answer"),
    Column("has_answered", Kind.FLAG, "whether it gave any"),
    Column("differing_ranges", Kind.COUNT, "ranges of blocks that are stored otherwise"),
)


def to_json(found: Verification) -> str:
    """The result as one JSON object."""
    content = {
        "chain_id": found.chain_id,
        "settlement": to_checksum_address(found.settlement),
        "block": found.block_number,
        "block_hash": f"0x{found.block_hash.hex()}",
        "digest": f"0x{found.digest.hex()}",
        "events": found.events,
        "match": found.match,
        "contradictions": list(found.contradictions),
        "endpoints": [_endpoint(finding) for finding in found.endpoints],
    }
    return json.dumps(content, indent=2)


def to_lines(found: Verification) -> list[str]:
    """The result in sentences."""
    counts = ", ".join(f"{number} {name}" for name, number in found.events.items() if number)
    lines = [
        f"chain {found.chain_id}, settlement {to_checksum_address(found.settlement)}",
        f"up to block {found.block_number} (0x{found.block_hash.hex()})",
        f"{sum(found.events.values())} events: {counts or 'none'}",
        f"digest 0x{found.digest.hex()}",
    ]
    for finding in found.endpoints:
        same = finding.digest == found.digest and not finding.spans
        said = "the same events" if same else "other events"
        if finding.digest is None:
            said = finding.problem
        lines.append(f"{finding.endpoint}: {said}; counters: {finding.counters}")
        lines += [
            f"  {blocks_named(s.first_block, s.last_block)}: {s.stored_events} events stored, "
            f"{s.chain_events} on chain"
            for s in finding.spans
        ]
    return [*lines, *found.contradictions, "verified" if found.match else "NOT verified"]


def to_csv(verified: Sequence[Verification]) -> str:
    """One line for each deployment and endpoint."""
    rows = (_cells(found, finding) for found in verified for finding in found.endpoints)
    return write_csv(Answer(_COLUMNS, tuple(rows)))


def _cells(found: Verification, finding: EndpointFinding) -> tuple[Cell, ...]:
    return (
        found.chain_id,
        to_checksum_address(found.settlement),
        found.block_number,
        f"0x{found.block_hash.hex()}",
        f"0x{found.digest.hex()}",
        sum(found.events.values()),
        found.match,
        "; ".join(found.contradictions) or None,
        finding.endpoint,
        None if finding.digest is None else f"0x{finding.digest.hex()}",
        finding.counters,
        finding.problem or None,
        finding.has_answered,
        len(finding.spans),
    )


def _endpoint(finding: EndpointFinding) -> dict[str, object]:
    return {
        "endpoint": finding.endpoint,
        "digest": None if finding.digest is None else f"0x{finding.digest.hex()}",
        "counters": finding.counters,
        "problem": finding.problem or None,
        "has_answered": finding.has_answered,
        "differing_blocks": [asdict(span) for span in finding.spans],
    }
