"""How the indexed inferences split over the tiers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sqlmodel import Session, and_, col, func, select

from indexer.amounts import join, whole_tokens
from indexer.chain import SettlementChain
from indexer.counters import CounterComparison, compare_counters
from indexer.cursor import Cursor, find_cursor, held, only_cursor
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.errors import CounterMismatchError, NothingIndexedError, UnknownDeploymentError
from indexer.rollup_tables import RollupRow
from indexer.rpc import JsonRpc
from indexer.tables import AddressRow, AssetRow, BlockRow, InferenceRow
from veritally.deployment import Deployment
from veritally.labels import Labels
from veritally.tiers import SETTLED_TIERS, Tier

VERIFIED_BY = {
    Tier.SIGNED: "prover's signature",
    Tier.TEE: "attested enclave key",
    Tier.ZKML: "zk proof (ezkl)",
}
"""What the contract checked before it counted an inference at a tier."""


@dataclass(frozen=True)
class AssetTally:
    """The inferences of one tier that were charged in one asset, with evidence of the same labels."""

    asset: bytes
    decimals: int | None
    """The token's `decimals()`; None when it gave no usable answer."""
    labels: Labels
    """How the evidence is weaker than the tier says."""
    inferences: int
    amount_base_units: int

    @property
    def amount(self) -> str | None:
        """The amount in whole tokens, exact; None without decimals."""
        return whole_tokens(self.amount_base_units, self.decimals)


@dataclass(frozen=True)
class TierTally:
    """The inferences of one tier."""

    tier: Tier
    assets: tuple[AssetTally, ...]

    @property
    def inferences(self) -> int:
        """Number of inferences, those with labelled evidence among them."""
        return sum(asset.inferences for asset in self.assets)

    @property
    def development_inferences(self) -> int:
        """Number of inferences whose evidence rests on a development root or SRS."""
        return sum(asset.inferences for asset in self.assets if asset.labels.development)

    @property
    def unbound_inferences(self) -> int:
        """Number of inferences whose evidence may have been made for somebody else."""
        return sum(asset.inferences for asset in self.assets if asset.labels.unbound)

    @property
    def by_labels(self) -> dict[Labels, tuple[AssetTally, ...]]:
        """The assets apart by labels of the evidence; one empty entry when the tier has no inferences."""
        found = sorted({asset.labels for asset in self.assets}) or [Labels(0)]
        return {labels: tuple(asset for asset in self.assets if asset.labels == labels) for labels in found}

    @property
    def verified_by(self) -> str:
        """What the contract checked."""
        return VERIFIED_BY[self.tier]


@dataclass(frozen=True)
class TallyReport:
    """All tiers, as of one block."""

    chain_id: int
    settlement: bytes
    block_number: int
    block_hash: bytes
    block_timestamp_s: int
    tiers: tuple[TierTally, ...]
    counters: CounterComparison | None = None
    """None when the contract was not asked."""

    @property
    def inferences(self) -> int:
        """Number of all inferences."""
        return sum(tier.inferences for tier in self.tiers)

    def share_percent(self, inferences: int) -> Decimal | None:
        """Percentage of all inferences, to two digits; None when there are none."""
        if not self.inferences:
            return None
        return (Decimal(100 * inferences) / self.inferences).quantize(Decimal("0.01"))


_Cell: TypeAlias = tuple[int, int, bool, bool]
"""Tier, asset, and the labels: development, unbound."""


def read_report(database: Database, deployment: Deployment | None = None, final: bool = False) -> TallyReport:
    """What the database holds of a deployment, of its only one by default, without the contract's side.

    With `final`, only what no reorganisation reaches.

    Raises:
        NothingIndexedError: there is no finished range yet, or no final one.
        UnknownDeploymentError: the database holds several deployments, or not the one that is meant.
    """
    database.require_existing()
    if database.has_tables():
        with database.transaction() as session:
            report = read_tallies(session, chosen_cursor(session, deployment), final)
            if report is not None:
                return report
    raise NothingIndexedError(database.shown_url, final)


def chosen_cursor(session: Session, deployment: Deployment | None) -> Cursor | None:
    """The cursor of a deployment, of the only one by default; None in an empty database.

    Raises:
        UnknownDeploymentError: the database holds several deployments, or not the one that is meant.
    """
    if deployment is None:
        return only_cursor(session)
    found = find_cursor(session, deployment.chain_id, bytes.fromhex(deployment.settlement[2:]))
    if found is None:
        meant = f"Settlement {deployment.settlement} on chain {deployment.chain_id} is not indexed"
        raise UnknownDeploymentError(meant, held(session))
    return found


def read_tallies(session: Session, cursor: Cursor | None, final: bool) -> TallyReport | None:
    """The report from the roll-ups; None before the first range."""
    if cursor is None or cursor.last_block_hash is None or cursor.last_block_timestamp_s is None:
        return None
    place = cursor.next_block - 1, cursor.last_block_hash, cursor.last_block_timestamp_s
    cells = _totals(session, cursor)
    if final:
        if cursor.final_block is None:
            return None
        block = session.exec(
            select(BlockRow).where(col(BlockRow.id) == cursor.block_key(cursor.final_block))
        ).one()
        place = cursor.final_block, block.hash, block.timestamp_s
        for cell, (inferences, amount) in _hot(session, cursor).items():
            cells[cell] = cells[cell][0] - inferences, cells[cell][1] - amount
    assets: dict[int, list[AssetTally]] = {}
    for (asset_id, asset), decimals in _assets(session, cursor).items():
        for (tier, of, development, unbound), (inferences, amount) in sorted(cells.items()):
            if of == asset_id and inferences:
                labels = Labels(Labels.DEVELOPMENT * development | Labels.UNBOUND * unbound)
                assets.setdefault(tier, []).append(AssetTally(asset, decimals, labels, inferences, amount))
    tiers = tuple(TierTally(tier, tuple(assets.get(tier, ()))) for tier in SETTLED_TIERS)
    return TallyReport(cursor.chain_id, cursor.settlement, *place, tiers)


def _totals(session: Session, cursor: Cursor) -> dict[_Cell, tuple[int, int]]:
    """Number of inferences and base units of each cell."""
    rows = session.exec(select(RollupRow).where(col(RollupRow.deployment_id) == cursor.id))
    return {
        (row.tier, row.asset_id, row.development, row.unbound): (
            row.inferences,
            join(row.amount_e20, row.amount_e10, row.amount_e0),
        )
        for row in rows
    }


def _hot(session: Session, cursor: Cursor) -> dict[_Cell, tuple[int, int]]:
    """The same of the inferences above the final block."""
    row = InferenceRow
    keys = col(row.tier), col(row.asset_id), col(row.development), col(row.unbound)
    limbs = (func.sum(column) for column in (row.amount_e20, row.amount_e10, row.amount_e0))
    above = col(row.id) >= cursor.first_key((cursor.final_block or 0) + 1), col(row.id) <= cursor.last_key
    found = session.connection().execute(select(*keys, func.count(), *limbs).where(*above).group_by(*keys))  # type: ignore[call-overload]
    return {
        (tier, asset, dev, unbound): (count, join(*sums)) for tier, asset, dev, unbound, count, *sums in found
    }


def _assets(session: Session, cursor: Cursor) -> dict[tuple[int, bytes], int | None]:
    """Decimals of the deployment's assets, by number and address, in the order of the addresses."""
    of_deployment = and_(
        col(AssetRow.address_id) == col(AddressRow.id), col(AssetRow.deployment_id) == cursor.id
    )
    statement = select(AddressRow.id, AddressRow.value, AssetRow.decimals).join(AssetRow, of_deployment)
    rows = session.exec(statement.order_by(col(AddressRow.value)))
    return {(id_, value): decimals for id_, value, decimals in rows if id_ is not None}


def compared(source: JsonRpc | Endpoints, report: TallyReport) -> TallyReport:
    """The report with the contract's counters beside it, at the report's block.

    Of several endpoints, the first that answers is asked.

    Raises:
        WrongChainError: the node serves another chain than the indexed one.
        ChainReorganisedError: the block is no longer in the chain.
    """
    return Endpoints.of(source).first_answer(lambda rpc: _compared(rpc, report))


def _compared(rpc: JsonRpc, report: TallyReport) -> TallyReport:
    chain = SettlementChain(rpc, report.chain_id, report.settlement)
    chain.require_chain_id()
    counts = {tier.tier: tier.inferences for tier in report.tiers}
    amounts: Counter[tuple[bytes, Tier]] = Counter()
    for tier in report.tiers:
        for asset in tier.assets:
            amounts[asset.asset, tier.tier] += asset.amount_base_units
    counters = compare_counters(chain, report.block_number, report.block_hash, counts, amounts)
    return dataclasses.replace(report, counters=counters)


def require_match(report: TallyReport) -> None:
    """Checks that the compared counters are the same; passes when they were not compared.

    Raises:
        CounterMismatchError: they are not.
    """
    if report.counters is not None and not report.counters.match:
        raise CounterMismatchError(report.block_number, report.counters.differences)
