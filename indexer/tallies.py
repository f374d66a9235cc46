"""How the indexed inferences split over the tiers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session, col, select

from indexer.chain import SettlementChain
from indexer.counters import CounterComparison, compare_counters
from indexer.database import Database
from indexer.errors import CounterMismatchError, NothingIndexedError
from indexer.rpc import JsonRpc
from indexer.store import read_cursor
from indexer.tables import AddressRow, AssetRow, RollupRow
from veritally.labels import Labels
from veritally.tiers import SETTLED_TIERS, Tier

VERIFIED_BY = {
    Tier.SIGNED: "prover's signature",
    Tier.TEE: "attested enclave key",
    Tier.ZKML: "zk proof (ezkl)",
}
"""What the contract checked before it counted an inference at a tier."""

_MOST_DECIMALS = 36


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
        if self.decimals is None or self.decimals > _MOST_DECIMALS:
            return None
        digits = str(self.amount_base_units).rjust(self.decimals + 1, "0")
        whole = len(digits) - self.decimals
        return f"{digits[:whole]}.{digits[whole:]}" if self.decimals else digits


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


def read_tallies(session: Session) -> TallyReport | None:
    """The report from the roll-ups, without the contract's side; None before the first range."""
    cursor = read_cursor(session)
    if cursor is None or cursor.last_block_hash is None or cursor.last_block_timestamp_s is None:
        return None
    statement = (
        select(RollupRow, AddressRow.value, AssetRow.decimals)
        .join(AddressRow, col(AddressRow.id) == col(RollupRow.asset_id))
        .join(AssetRow, col(AssetRow.address_id) == col(RollupRow.asset_id))
        .order_by(col(AddressRow.value), col(RollupRow.development), col(RollupRow.unbound))
    )
    assets: dict[int, list[AssetTally]] = {}
    for row, asset, decimals in session.exec(statement):
        labels = Labels.DEVELOPMENT * row.development | Labels.UNBOUND * row.unbound
        tally = AssetTally(asset, decimals, Labels(labels), row.inferences, row.amount_base_units)
        assets.setdefault(row.tier, []).append(tally)
    return TallyReport(
        chain_id=cursor.chain_id,
        settlement=cursor.settlement,
        block_number=cursor.next_block - 1,
        block_hash=cursor.last_block_hash,
        block_timestamp_s=cursor.last_block_timestamp_s,
        tiers=tuple(TierTally(tier, tuple(assets.get(tier, ()))) for tier in SETTLED_TIERS),
    )


def read_report(database: Database) -> TallyReport:
    """What the database holds, without the contract's side.

    Raises:
        NothingIndexedError: there is no finished range yet.
    """
    database.require_existing()
    with database.transaction() as session:
        report = read_tallies(session) if database.has_tables() else None
    if report is None:
        raise NothingIndexedError(database.shown_url)
    return report


def compared(rpc: JsonRpc, report: TallyReport) -> TallyReport:
    """The report with the contract's counters beside it, at the report's block.

    Raises:
        WrongChainError: the node serves another chain than the indexed one.
        ChainReorganisedError: the block is no longer in the chain.
    """
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
