"""Transfers from the addresses of a deployment's provers to its payers: what a round trip would look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from indexer.cursor import Cursor
from indexer.recorded import known
from indexer.recorded.logs import Log, Wanted, address_in, in_parts, topic_of, topic_of_address
from indexer.recorded.reading import LogReader
from indexer.recorded.rows import Found, Kind, Source, Transfer
from indexer.rollup_tables import DayPayerRollupRow
from indexer.tables import AddressRow, AssetRow, GroupSettledRow
from veritally.deployment import Deployment
from veritally.pay_address import pay_address_of
from veritally.tiers import SETTLED_TIERS

_TRANSFER = topic_of(known.TRANSFER)


@dataclass(frozen=True)
class Parties:
    """Who takes part in a deployment, as far as it is indexed."""

    assets: tuple[bytes, ...]
    senders: tuple[bytes, ...]
    """Provers and their pay addresses."""
    payers: frozenset[bytes]


class TransferFinder:
    """Finds transfers of the deployment's tokens from provers and pay addresses to payers."""

    kind = Kind.TRANSFERS

    def __init__(self, parties: Parties) -> None:
        self._parties = parties

    def find(self, reader: LogReader, _sources: Sequence[Source], from_block: int, to_block: int) -> Found:
        """Of more than nothing, to those who have paid."""
        parties = self._parties
        senders = in_parts([topic_of_address(sender) for sender in parties.senders])
        wanted = [Wanted(parties.assets, ((_TRANSFER,), some)) for some in senders if parties.assets]
        part = reader.read(wanted, from_block, to_block)
        found = [self._transfer(log) for logs in part.logs for log in logs]
        transfers = [one for one in found if one is not None and one.amount_base_units]
        return Found(part.first, part.last, part.blocks, transfers=transfers)

    def _transfer(self, log: Log) -> Transfer | None:
        addresses = [address_in(topic) for topic in log.topics[1:]]
        if len(addresses) != 2 or len(log.data) != 32:
            return None
        sender, recipient = addresses
        if sender is None or recipient not in self._parties.payers:
            return None
        return Transfer(log, sender, recipient, int.from_bytes(log.data))


def parties_of(session: Session, cursor: Cursor, deployment: Deployment) -> Parties:
    """The tokens, provers and payers of all indexed inferences."""
    group_id = col(GroupSettledRow.id)
    settled = select(GroupSettledRow.prover_id).where(
        group_id >= cursor.first_key(0), group_id <= cursor.last_key
    )
    paid = select(DayPayerRollupRow.payer_id).where(col(DayPayerRollupRow.deployment_id) == cursor.id)
    used = select(AssetRow.address_id).where(col(AssetRow.deployment_id) == cursor.id)
    provers, payers, assets = (
        session.exec(select(AddressRow.value).where(col(AddressRow.id).in_(ids.distinct()))).all()
        for ids in (settled, paid, used)
    )
    pay_addresses = [
        bytes.fromhex(pay_address_of(deployment, f"0x{prover.hex()}", floor)[2:])
        for prover in provers
        for floor in SETTLED_TIERS
    ]
    return Parties(tuple(sorted(assets)), tuple(sorted({*provers, *pay_addresses})), frozenset(payers))
