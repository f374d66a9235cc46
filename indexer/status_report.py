"""Writes a status for people or as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from eth_utils.address import to_checksum_address

from indexer.nodes import ONE_NODE
from indexer.status import RATE_HOURS, Status, Verification

CSV_COLUMNS = (
    "chain_id",
    "settlement",
    "current",
    "reason",
    "block",
    "timestamp_s",
    "final_block",
    "head",
    "nodes",
    "lag_blocks",
    "lag_s",
    "inferences",
    "inferences_per_hour",
    "incidents",
    "open_incidents",
    "verified_block",
    "verified_at_s",
    "problems",
)


def to_text(statuses: Sequence[Status], max_lag_s: float) -> str:
    """A paragraph for each deployment."""
    return "\n\n".join(_paragraph(status, max_lag_s) for status in statuses)


def to_json(statuses: Sequence[Status], max_lag_s: float) -> str:
    """One JSON object."""
    is_current = not any(status.behind(max_lag_s) for status in statuses)
    deployments = [_json(status, max_lag_s) for status in statuses]
    return json.dumps({"current": is_current, "deployments": deployments}, indent=2)


def to_csv(statuses: Sequence[Status], max_lag_s: float) -> str:
    """One line for each deployment."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for status in statuses:
        content = _json(status, max_lag_s)
        verification = content["verification"] or {}
        content |= {
            "current": str(content["current"]).lower(),
            "open_incidents": len(content["open_incidents"]),
            "verified_block": verification.get("block"),
            "verified_at_s": verification.get("verified_at_s"),
            "problems": verification.get("problems"),
        }
        writer.writerow(content)
    return text.getvalue().rstrip("\n")


def name_of(status: Status) -> str:
    """The deployment in words."""
    return f"Settlement {to_checksum_address(status.settlement)} on chain {status.chain_id}"


def _paragraph(status: Status, max_lag_s: float) -> str:
    behind = status.behind(max_lag_s)
    rate = f"{_per_hour(status)} per hour in the last {RATE_HOURS} hours"
    lines = {
        "indexed": _indexed(status),
        "head": _head(status),
        "nodes": ONE_NODE if status.nodes == 1 else str(status.nodes),
        "inferences": f"{status.inferences}; {rate}",
        "verified": _verified(status.audits.verification),
        "incidents": _incidents(status),
    }
    title = f"{name_of(status)}: {'NOT CURRENT: ' + behind if behind else 'current'}"
    return "\n".join([title, *(f"  {name:<12}{text}" for name, text in lines.items())])


def _indexed(status: Status) -> str:
    if status.block is None:
        return "nothing yet"
    final = "none of it final" if status.final_block is None else f"final up to block {status.final_block}"
    return f"up to block {status.block} of {_time(status.timestamp_s or 0)}, {final}"


def _head(status: Status) -> str:
    if status.head is None:
        return "unknown"
    if status.lag_s is None:
        return f"block {status.head}"
    return f"block {status.head}; lag {status.lag_blocks} blocks, {status.lag_s:.0f} s"


def _per_hour(status: Status) -> Decimal:
    return (Decimal(status.recent_inferences) / RATE_HOURS).quantize(Decimal("0.1"))


def _verified(verification: Verification | None) -> str:
    if verification is None:
        return "never; run `veritally-indexer verify`"
    verdict = f"PROBLEMS: {verification.problems}" if verification.problems else "all as on the chain"
    digest = f"digest 0x{verification.digest.hex()}"
    return f"up to block {verification.block} at {_time(verification.verified_at_s)}: {verdict}; {digest}"


def _incidents(status: Status) -> str:
    audits = status.audits
    if not audits.incidents:
        return "none"
    if not audits.open_incidents:
        return f"{audits.incidents}, all repaired"
    still_open = [f"blocks {i.first_block} to {i.last_block}: {i.kind}" for i in audits.open_incidents]
    return f"{audits.incidents}, {len(still_open)} of them OPEN: {'; '.join(still_open)}"


def _time(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat().replace("+00:00", "Z")


def _json(status: Status, max_lag_s: float) -> dict[str, Any]:
    verification = status.audits.verification
    behind = status.behind(max_lag_s)
    return {
        "chain_id": status.chain_id,
        "settlement": to_checksum_address(status.settlement),
        "current": not behind,
        "reason": behind or None,
        "block": status.block,
        "timestamp_s": status.timestamp_s,
        "final_block": status.final_block,
        "head": status.head,
        "nodes": status.nodes,
        "lag_blocks": status.lag_blocks,
        "lag_s": None if status.lag_s is None else round(status.lag_s, 3),
        "inferences": status.inferences,
        "inferences_per_hour": str(_per_hour(status)),
        "incidents": status.audits.incidents,
        "open_incidents": [vars(incident) for incident in status.audits.open_incidents],
        "verification": verification
        and {
            "block": verification.block,
            "digest": f"0x{verification.digest.hex()}",
            "problems": verification.problems,
            "verified_at_s": verification.verified_at_s,
        },
    }
