"""`/v1/models`, and one model, prover or payer: who they are and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eth_utils.address import to_checksum_address

from indexer.amounts import join, whole_tokens
from indexer.analytics.answer import Answer, Column, Kind
from indexer.api import columns as c
from indexer.api.errors import UnknownThingError
from indexer.api.names import Names, number_of
from indexer.api.parameters import AskedParties, By
from indexer.api.place import Snapshot
from indexer.api.registries import events_about, registrations
from indexer.api.reply import Reply
from indexer.api.spans import span_of
from indexer.api.sums import INFERENCES, KEPT, SUMS, added, held_span, require_few_cells
from indexer.api.tallies import COUNTS, asset_decimals, span_described
from indexer.tables import AddressRow, ModelRow

LISTED_DAYS = 30
"""What a list counts when nothing else is asked for."""

MODEL_COLUMNS = (
    c.MODEL,
    Column("owner", Kind.ADDRESS, "who registered it"),
    Column("uri", Kind.TEXT, "where its owner says that the package can be had"),
    Column("weights_hash", Kind.ID, "sha256 of the ONNX file"),
    Column("registered_at", Kind.TIME, "block time"),
    c.INFERENCES,
    *c.BY_TIER,
    c.STRONG,
    c.DEVELOPMENT_COUNT,
    c.UNBOUND_COUNT,
)
TOTAL_COLUMNS = (
    c.TIER,
    c.DEVELOPMENT,
    c.UNBOUND,
    c.INFERENCES,
    c.ASSET,
    c.DECIMALS,
    c.AMOUNT,
    c.WHOLE_AMOUNT,
)
_NOTHING = (0,) * 7


def models(snapshot: Snapshot, names: Names, asked: AskedParties) -> Reply:
    """Registered models with their inferences in a span, by default of the last 30 days, the busiest first.

    Raises:
        NotTogetherError: the span is too long or not on the border of a day.
    """
    kept = KEPT[By.MODEL]
    span = span_of(asked.after, asked.before, held_span(snapshot, kept))
    if asked.after is None:
        span = replace(span, first=max(span.first, span.end - LISTED_DAYS))
    require_few_cells(snapshot, kept, span)
    rows = added(snapshot, kept, span, f"model_id, {INFERENCES}, {COUNTS}", "1")
    ids = names.models(snapshot.session, (row[0] for row in rows))
    counts = {ids[row[0]]: tuple(row[1:]) for row in rows}
    registered = registrations(snapshot)
    order = sorted({*counts, *registered}, key=lambda id_: (-counts.get(id_, _NOTHING)[0], id_))
    found = []
    for id_ in order[: asked.limit]:
        event = registered.get(id_)
        said: Mapping[str, Any] = event.arguments if event else {}
        owner = to_checksum_address(said["owner"]) if said else None
        about = owner, said.get("uri"), said.get("weightsHash")
        registered_at_s = None if event is None else event.time_s
        found.append((id_, *about, registered_at_s, *counts.get(id_, _NOTHING)))
    extra = {**span_described(span), "truncated": len(order) > asked.limit}
    return Reply(snapshot.place, Answer(MODEL_COLUMNS, tuple(found)), extra)


def model(snapshot: Snapshot, names: Names, id_: str) -> Reply:
    """One model.

    Raises:
        UnknownThingError: nobody registered or used it.
    """
    octets = bytes.fromhex(id_[2:])
    events = [event.described() for event in events_about(snapshot, octets)]
    number = number_of(snapshot.session, ModelRow, octets)
    about = {"model_id": f"0x{octets.hex()}", "registry_events": events}
    return _totals(snapshot, names, By.MODEL, number, about, is_known=bool(events))


def party(snapshot: Snapshot, names: Names, by: By, address: str) -> Reply:
    """One prover or payer.

    Raises:
        UnknownThingError: no inference names it so.
    """
    octets = bytes.fromhex(address[2:])
    number = number_of(snapshot.session, AddressRow, octets)
    about = {by.value: to_checksum_address(octets)}
    return _totals(snapshot, names, by, number, about, is_known=False)


def _totals(
    snapshot: Snapshot, names: Names, by: By, number: int | None, about: dict[str, Any], *, is_known: bool
) -> Reply:
    """All that somebody did, by tier, token and labels."""
    kept = KEPT[by]
    span = held_span(snapshot, kept)
    columns = "tier, asset_id, development, unbound"
    rows = added(
        snapshot, kept, span, f"{columns}, {SUMS}", columns, party=number or -1, tail=f"ORDER BY {columns}"
    )
    if not rows and not is_known:
        raise UnknownThingError(
            f"no inference up to block {snapshot.place.block_number} names this {by}; newer ones are seen "
            "with ?finality=latest"
        )
    tokens = names.addresses(snapshot.session, {row.asset_id for row in rows})
    decimals = asset_decimals(snapshot)
    found = []
    for row in rows:
        amount = join(row.amount_e20, row.amount_e10, row.amount_e0)
        exact = decimals.get(row.asset_id)
        labels = bool(row.development), bool(row.unbound), int(row.inferences)
        money = tokens.get(row.asset_id), exact, amount, whole_tokens(amount, exact)
        found.append((row.tier, *labels, *money))
    return Reply(snapshot.place, Answer(TOTAL_COLUMNS, tuple(found)), about)
