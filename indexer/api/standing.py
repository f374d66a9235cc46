"""`/v1/overview`, `/v1/health` and `/v1/incidents`: how it stands."""

from __future__ import annotations

import time
from typing import Any

from indexer.analytics.answer import Answer, Cell, Column, Kind
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.verdict import Verdict
from indexer.analytics.weeks import Window, monday_of
from indexer.analytics.writing import json_rows
from indexer.api import columns as c
from indexer.api.place import Finality, Snapshot, place_of
from indexer.api.reply import Reply
from indexer.api.source import Source
from indexer.incidents import incidents as read_incidents
from indexer.status import stored_status
from indexer.tallies import TierTally, read_tallies

OVERVIEW_COLUMNS = (
    c.TIER,
    c.DEVELOPMENT,
    c.UNBOUND,
    c.INFERENCES,
    Column("share", Kind.SHARE, "of all inferences, free ones among them"),
    c.ASSET,
    c.DECIMALS,
    c.AMOUNT,
    c.WHOLE_AMOUNT,
)
HEALTH_COLUMNS = (
    Column("block", Kind.COUNT, "last indexed block"),
    Column("block_time", Kind.TIME, "its time"),
    Column("final_block", Kind.COUNT, "last block that no reorganisation reaches; none before there is one"),
    Column("final_block_time", Kind.TIME, "its time"),
    Column("age_s", Kind.SECONDS, "since the time of the last indexed block, by this machine's clock"),
    Column("inferences", Kind.COUNT, "all that are indexed"),
    Column("inferences_24_hours", Kind.COUNT, "in the last 24 hours before the last indexed block"),
    Column("incidents", Kind.COUNT, "what could not be trusted, ever"),
    Column("open_incidents", Kind.COUNT, "of these not put right"),
    Column("verified_to_block", Kind.COUNT, "up to which block the last `verify` went"),
    Column("verified_at", Kind.TIME, "when it ended"),
    Column("verified", Kind.FLAG, "whether everything was as on the chain"),
    Column("digest", Kind.ID, "of all rows up to that block; the same on every machine"),
)
INCIDENT_COLUMNS = (
    Column("first_block", Kind.COUNT, "first block that it is about"),
    Column("last_block", Kind.COUNT, "last block that it is about"),
    Column("kind", Kind.TEXT, "what could not be trusted: endpoint, rows or rollups"),
    Column("noticed_at", Kind.TIME, "when"),
    Column("resolved", Kind.FLAG, "whether it was put right"),
)
_SHARES = ("count-share", "value-share", "payer-equal-share", "capped-share", "strong-share")


def overview(snapshot: Snapshot, source: Source) -> Reply:
    """Tallies of everything that counts, shares of the last full weeks, and both verdicts."""
    is_final = snapshot.place.finality is Finality.FINAL
    report = read_tallies(snapshot.session, snapshot.cursor, is_final)
    tiers = report.tiers if report is not None else ()
    everything = sum(tier.inferences for tier in tiers)
    rows = tuple(row for tier in tiers for row in _tier_rows(tier, everything))
    analysis = source.analysis
    scope = Scope(analysis.window())
    verdicts = {rows.name.lower(): described_verdict(analysis.verdict(rows)) for rows in Rows}
    extra = {
        "inferences": everything,
        "analysed_to": {"block": analysis.state.block_number, "hash": analysis.state.block_hash},
        "window": described_window(scope.now),
        "verdict": verdicts,
        "shares": {
            name: json_rows(analysis.answer(BY_NAME[name], scope)) for name in _SHARES if name in BY_NAME
        },
        "health": json_rows(Answer(HEALTH_COLUMNS, (_health_row(snapshot),)))[0],
    }
    return Reply(snapshot.place, Answer(OVERVIEW_COLUMNS, rows), extra, is_statistic=True)


def health(snapshot: Snapshot) -> Reply:
    """How fresh, complete and final the data is."""
    return Reply(snapshot.place, Answer(HEALTH_COLUMNS, (_health_row(snapshot),)))


def incidents(snapshot: Snapshot) -> Reply:
    """What could not be trusted, the last one first. What nodes said stays with the operator."""
    found = read_incidents(snapshot.session, snapshot.cursor)[::-1]
    rows = tuple((i.first_block, i.last_block, i.kind, i.noticed_at_s, i.resolved) for i in found)
    return Reply(snapshot.place, Answer(INCIDENT_COLUMNS, rows))


def described_window(window: Window) -> dict[str, Any]:
    """Weeks by the dates of their Mondays; the end is not among them."""
    dates = {"from": monday_of(window.first).isoformat(), "until": monday_of(window.end).isoformat()}
    return dates | {"weeks": window.weeks}


def described_verdict(verdict: Verdict) -> dict[str, Any]:
    """For JSON."""
    return {
        "word": verdict.word.value,
        "reason": verdict.reason,
        "rows": verdict.rows.name.lower(),
        "before": described_window(verdict.before),
        "now": described_window(verdict.now),
        "share_before": verdict.share_before,
        "share_now": verdict.share_now,
        "delta": verdict.delta,
        "low": verdict.low,
        "high": verdict.high,
        "n_eff_before": verdict.n_eff_before,
        "n_eff_now": verdict.n_eff_now,
        "parts": dict(verdict.parts),
    }


def _tier_rows(tier: TierTally, everything: int) -> list[tuple[Cell, ...]]:
    nothing = (int(tier.tier), False, False, 0, 0.0 if everything else None, None, None, 0, None)
    rows: list[tuple[Cell, ...]] = [
        (
            int(tier.tier),
            of.labels.development,
            of.labels.unbound,
            of.inferences,
            of.inferences / everything,
            c.address_text(of.asset),
            of.decimals,
            of.amount_base_units,
            of.amount,
        )
        for of in tier.assets
    ]
    return rows or [nothing]


def _health_row(snapshot: Snapshot) -> tuple[Cell, ...]:
    status = stored_status(snapshot.session, snapshot.cursor)
    final = None
    if status.final_block is not None:
        final = place_of(snapshot.session, snapshot.cursor, Finality.FINAL)
    verification = status.audits.verification
    verified: tuple[Cell, ...] = (None, None, None, None)
    if verification is not None:
        digest = f"0x{verification.digest.hex()}"
        verified = (verification.block, verification.verified_at_s, not verification.problems, digest)
    return (
        status.block,
        status.timestamp_s,
        None if final is None else final.block_number,
        None if final is None else final.block_time_s,
        max(0, round(time.time()) - (status.timestamp_s or 0)),
        status.inferences,
        status.recent_inferences,
        status.audits.incidents,
        len(status.audits.open_incidents),
        *verified,
    )
