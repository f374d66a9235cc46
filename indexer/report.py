"""Writes a tally report as a table, as JSON or as CSV. Amounts are decimal strings in all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eth_utils.address import to_checksum_address
from rich.console import Console
from rich.table import Table

from indexer.tallies import AssetTally, TallyReport, TierTally
from veritally.labels import Labels
from veritally.tables import print_whole

CSV_COLUMNS = (
    "tier",
    "development",
    "unbound",
    "asset",
    "inferences",
    "share_percent",
    "amount_base_units",
    "amount",
    "verified_by",
    "chain_id",
    "settlement",
    "as_of_block",
    "on_chain_counters",
)
NOTES = {
    Labels.DEVELOPMENT: "DEVELOPMENT: the evidence rests on a development root or SRS and proves nothing",
    Labels.UNBOUND: "UNBOUND: the evidence names no chain, prover or payer; it may have been made for others",
}
"""What is said below a table for each label that stands in it."""
_NARROWEST = 120
_NO_ASSET = AssetTally(b"", None, Labels(0), 0, 0)


def counters_status(report: TallyReport) -> str:
    """`match`, `mismatch` or `not compared`."""
    if report.counters is None:
        return "not compared"
    return "match" if report.counters.match else "mismatch"


def counters_line(report: TallyReport) -> str:
    """The sentence about the contract's counters."""
    if report.counters is None or report.counters.match:
        return f"on-chain counters: {counters_status(report)}"
    return f"on-chain counters: MISMATCH: {'; '.join(report.counters.differences)}"


def print_table(report: TallyReport, console: Console) -> None:
    """Prints the tables. Lines are never broken when the output is no terminal."""
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    paid = [(tier, asset) for tier in report.tiers for asset in tier.assets if asset.amount_base_units]
    tokens = {asset.asset for _, asset in paid}
    console.print(_tier_table(report, tokens))
    console.print()
    if len(tokens) > 1:
        print_whole(_amount_table(paid), console)
        console.print()
    time = datetime.fromtimestamp(report.block_timestamp_s, UTC).isoformat().replace("+00:00", "Z")
    lines = [
        f"as of block {report.block_number} ({time}), chain {report.chain_id}, "
        f"settlement {to_checksum_address(report.settlement)}",
        counters_line(report),
    ]
    if len(tokens) == 1:
        lines.insert(0, f"amounts in token {to_checksum_address(paid[0][1].asset)}")
    found = {label for tier in report.tiers for labels in tier.by_labels for label in labels}
    lines[:0] = [note for label, note in NOTES.items() if label in found]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def to_json(report: TallyReport) -> str:
    """The report as one JSON object."""
    content = {
        "chain_id": report.chain_id,
        "settlement": to_checksum_address(report.settlement),
        "as_of": {
            "block": report.block_number,
            "hash": f"0x{report.block_hash.hex()}",
            "timestamp_s": report.block_timestamp_s,
        },
        "inferences": report.inferences,
        "tiers": [_tier_json(report, tier) for tier in report.tiers],
        "on_chain_counters": _counters_json(report),
    }
    return json.dumps(content, indent=2)


def to_csv(report: TallyReport) -> str:
    """One line per tier, labels and asset: `inferences` can be summed; a tier without any has one line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for tier in report.tiers:
        for asset in tier.assets or (_NO_ASSET,):
            writer.writerow(_csv_row(report, tier, asset))
    return text.getvalue().rstrip("\n")


def _plain_table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))


def _tier_table(report: TallyReport, tokens: set[bytes]) -> Table:
    """One line per tier and labels, with its amount when everything was paid in one token."""
    with_amount = len(tokens) == 1
    table = _plain_table()
    table.add_column("tier")
    for heading in ("inferences", "share", *(["amount"] if with_amount else [])):
        table.add_column(heading, justify="right")
    table.add_column("verified by")
    for tier in report.tiers:
        for labels, assets in tier.by_labels.items():
            inferences = sum(asset.inferences for asset in assets)
            share = report.share_percent(inferences)
            table.add_row(
                _marked(tier, labels),
                str(inferences),
                "-" if share is None else f"{share} %",
                *([_amount_in(assets, tokens)] if with_amount else []),
                tier.verified_by,
            )
    return table


def _marked(tier: TierTally, labels: Labels) -> str:
    return " ".join([tier.tier.label, *(f"[{label.name}]" for label in labels)])


def _amount_in(assets: Sequence[AssetTally], tokens: set[bytes]) -> str:
    amounts = [_shown_amount(asset) for asset in assets if asset.asset in tokens]
    return amounts[0] if amounts else "-"


def _amount_table(paid: list[tuple[TierTally, AssetTally]]) -> Table:
    """One line per tier, labels and token."""
    table = _plain_table()
    for heading in ("tier", "asset"):
        table.add_column(heading)
    for heading in ("base units", "amount"):
        table.add_column(heading, justify="right")
    for tier, asset in paid:
        table.add_row(
            _marked(tier, asset.labels),
            to_checksum_address(asset.asset),
            str(asset.amount_base_units),
            asset.amount or "decimals unknown",
        )
    return table


def _shown_amount(asset: AssetTally) -> str:
    return asset.amount or f"{asset.amount_base_units} base units"


def _tier_json(report: TallyReport, tier: TierTally) -> dict[str, Any]:
    share = report.share_percent(tier.inferences)
    return {
        "tier": tier.tier.label,
        "inferences": tier.inferences,
        "share_percent": None if share is None else str(share),
        "development_inferences": tier.development_inferences,
        "unbound_inferences": tier.unbound_inferences,
        "verified_by": tier.verified_by,
        "assets": [
            {
                "asset": to_checksum_address(asset.asset),
                "decimals": asset.decimals,
                "development": asset.labels.development,
                "unbound": asset.labels.unbound,
                "inferences": asset.inferences,
                "amount_base_units": str(asset.amount_base_units),
                "amount": asset.amount,
            }
            for asset in tier.assets
        ],
    }


def _counters_json(report: TallyReport) -> dict[str, Any]:
    counters = report.counters
    return {
        "status": counters_status(report),
        "tiers": [
            {"tier": c.tier.label, "indexed": c.indexed, "on_chain": c.on_chain}
            for c in (counters.tiers if counters else ())
        ],
        "amounts_base_units": [
            {
                "tier": c.tier.label,
                "asset": to_checksum_address(c.asset),
                "indexed": str(c.indexed_base_units),
                "on_chain": str(c.on_chain_base_units),
            }
            for c in (counters.amounts if counters else ())
        ],
    }


def _csv_row(report: TallyReport, tier: TierTally, asset: AssetTally) -> dict[str, Any]:
    return {
        "tier": tier.tier.label,
        "development": str(asset.labels.development).lower(),
        "unbound": str(asset.labels.unbound).lower(),
        "asset": to_checksum_address(asset.asset) if asset.asset else "",
        "inferences": asset.inferences,
        "share_percent": report.share_percent(asset.inferences),
        "amount_base_units": asset.amount_base_units,
        "amount": asset.amount,
        "verified_by": tier.verified_by,
        "chain_id": report.chain_id,
        "settlement": to_checksum_address(report.settlement),
        "as_of_block": report.block_number,
        "on_chain_counters": counters_status(report),
    }
