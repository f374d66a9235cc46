"""The pages beside the HTTP interface: over the same analysis, database and finder of receipts."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.api.source import Source
from indexer.pages.lookups import DatabaseLookups
from indexer.pages.source import AnalysisView


@dataclass(frozen=True)
class ServedPages:
    """What the pages show."""

    analysis: AnalysisView
    lookups: DatabaseLookups


def pages_over(source: Source) -> ServedPages:
    """The pages of the deployment that the interface serves."""
    analysis = source.analysis
    chain_id, settlement = analysis.state.chain_id, analysis.state.settlement
    return ServedPages(analysis, DatabaseLookups(source.database, chain_id, settlement, source.finder.find))
