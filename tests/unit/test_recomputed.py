"""Every metric of the page is found again in an export, by the notebook: with DuckDB and committed SQL."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from comparing import plainly_equal
from foreign_rows import FOREIGN_CHAIN, settlement, source, transfer, write
from indexed import indexer_of
from indexer_chain import CHAIN_ID, SETTLEMENT, USDC, RecordedChain, serve
from market_chain import DAY_S, MONDAY_S, PROVERS, WEEKS, address, market_chain

from indexer.analytics.analysis import Analysis
from indexer.analytics.answer import Answer
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.tiers import TierSet
from indexer.analytics.weeks import Window
from indexer.analytics.writing import json_rows
from indexer.database import Database
from indexer.export.run import export
from indexer.pages.lookups import DatabaseLookups
from indexer.pages.overview import WEEK_CHOICES
from indexer.pages.source import Party, Total
from indexer.recorded.export import export_recorded
from indexer.rpc import JsonRpc
from veritally.labels import Labels
from veritally.pay_address import pay_address_of
from veritally.tiers import SETTLED_TIERS, Tier

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebook" / "recompute.py"
QUESTIONS = ROOT / "indexer" / "export" / "sql" / "duckdb"
TIERS = {int(tier): tier.label for tier in SETTLED_TIERS}
NO_FACTS_OF_THE_CHAIN = {"health"}
"""The only metrics that cannot be found in an export. docs/metrics.md and the page say why."""
_END_S = MONDAY_S + 7 * WEEKS * DAY_S


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `market.db` and its export `lake`."""
    folder, chain = tmp_path_factory.mktemp("market"), market_chain()
    with serve(chain) as url:
        indexer_of(chain, JsonRpc(url), folder / "market.db").sync_once()
    database = Database(f"sqlite:///{folder}/market.db")
    write(database, *_claims(), *_money_back(chain))
    export(database, folder / "lake", 30)
    export_recorded(database, folder / "lake", 30)
    return folder


def _claims() -> Iterator[Any]:
    """Two relays that repeat each other, one that claims too much, and payments."""
    one, other, late = b"\x01" * 32, b"\x02" * 32, _END_S - 3 * DAY_S
    yield from (source(1, "opengradient"), source(2, "opengradient"), source(3, "x402", payee=b"\x03" * 20))
    yield settlement(1, 5, late, claim=one, claimed_batch_size="700")
    yield settlement(1, 70, late, claim=other, claimed_batch_size="9", repeated=True)
    yield settlement(2, 7, late, claim=other, claimed_batch_size="9")
    yield settlement(2, 6, late, claim=one, claimed_batch_size="700", repeated=True)
    yield settlement(1, 8, late, claimed_batch_size=str(2**256 - 1))
    yield settlement(2, 9, late, claimed_batch_size="4000000000")
    yield from (settlement(1, block, late) for block in (20, 21, 40))
    yield settlement(3, 9, late, form="exact", amount_base_units="5")
    yield settlement(2, 90, _END_S, claimed_batch_size="5")
    yield settlement(2, 2, MONDAY_S + DAY_S, claimed_batch_size="5")


def _money_back(chain: RecordedChain) -> Iterator[Any]:
    """All that one payer pays comes back every week; another gets more out of a pay address than it paid."""
    ours: dict[str, Any] = {"chain_id": CHAIN_ID, "contract": bytes.fromhex(SETTLEMENT[2:])}
    yield source(4, "transfers", **ours, next_block=chain.final + 1, final_block=chain.final)
    yield source(5, "transfers")
    round_trip, pay_address = address("payer 1"), pay_address_of(chain.deployment, PROVERS[0], Tier.TEE)
    for week in range(WEEKS):
        time_s = MONDAY_S + (7 * week + 6) * DAY_S + 4_000
        yield transfer(CHAIN_ID, 10 + week, (USDC, PROVERS[1], round_trip), 10**9, time_s)
    yield transfer(CHAIN_ID, 50, (USDC, pay_address, address("payer 2")), 2**96 - 1, _END_S - DAY_S)
    yield transfer(CHAIN_ID, 51, (USDC, pay_address, address("payer 4")), 2**95, _END_S)
    yield transfer(FOREIGN_CHAIN, 52, (USDC, pay_address, address("payer 4")), 2**95, _END_S - DAY_S)
    yield transfer(CHAIN_ID, 53, (USDC, PROVERS[1], address("nobody")), 5, _END_S - DAY_S)


@pytest.fixture(scope="module")
def analysis(market: Path) -> Analysis:
    """What the page shows."""
    chain = market_chain()
    return Analysis(Database(f"sqlite:///{market}/market.db"), chain.deployment)


@pytest.fixture(scope="module")
def notebook(market: Path) -> dict[str, Any]:
    """What the notebook holds at its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["recompute.py", str(market / "lake")])
        return runpy.run_path(str(NOTEBOOK))


def require_same(shown: Answer, found: Answer) -> None:
    """The same cells; rows in the same order."""
    for one, other in zip(json_rows(shown), json_rows(found), strict=True):
        assert plainly_equal(one, other), (one, other)


def test_nothing_is_left_out(notebook: dict[str, Any], analysis: Analysis) -> None:
    assert {name for name, _ in notebook["answers"]} == BY_NAME.keys() - NO_FACTS_OF_THE_CHAIN
    assert notebook["NOT_EXPORTED"] == NO_FACTS_OF_THE_CHAIN
    assert notebook["end_week"] == analysis.state.end_week


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - NO_FACTS_OF_THE_CHAIN))
def test_each_metric_is_found_again(notebook: dict[str, Any], analysis: Analysis, name: str) -> None:
    """In all windows that the page offers, and over all weeks, raw and strict."""
    every = Window(analysis.state.first_week, analysis.state.end_week)
    for rows in Rows:
        for window in (*map(analysis.window, WEEK_CHOICES), every):
            shown = analysis.answer(BY_NAME[name], Scope(window, rows))
            require_same(shown, BY_NAME[name].compute(notebook["cube"], Scope(window, rows)))
            assert shown.rows or window != every, "nothing was compared"
        shown = analysis.answer(BY_NAME[name], Scope(analysis.window(), rows))
        require_same(shown, notebook["answers"][name, rows])


@pytest.mark.parametrize("of", TierSet)
def test_verdicts_are_found_again(notebook: dict[str, Any], analysis: Analysis, of: TierSet) -> None:
    for rows in Rows:
        one, other = (
            vars(verdict) for verdict in (analysis.verdict(rows, of), notebook["verdicts"][of, rows])
        )
        assert plainly_equal(one, other)


def test_the_market_has_what_foreign_history_changes(analysis: Analysis) -> None:
    """Else the comparison above would prove nothing about it."""
    pairs = analysis.answer(BY_NAME["labelled-pairs"]).records()
    assert {str(row["rule"]) for row in pairs} >= {"payout", "round-trip"}
    recorded = analysis.answer(BY_NAME["verified-recorded"]).records()
    claims = {str(row["source"]): (row["events"], row["claimed_inferences"]) for row in recorded}
    assert claims["batch"] == (4, 709 + 2 * 10**9)
    assert (claims["single-v1"], claims["exact"]) == ((3, 3), (1, None))


@pytest.mark.parametrize("party", Party)
def test_numbers_on_detail_pages_are_found_again(
    market: Path, notebook: dict[str, Any], analysis: Analysis, party: Party
) -> None:
    """Everything that is indexed in this market is final."""
    database = Database(f"sqlite:///{market}/market.db")
    lookups = DatabaseLookups(database, analysis.state.chain_id, analysis.state.settlement)
    listed = lookups.parties(party)
    shown = {(one.id.lower(), TIERS[tier], count) for one in listed for tier, count in one.by_tier}
    assert len(listed) > 1
    assert {row[3:] for row in rows_of(notebook, "busiest") if row[2] == party.value} == shown
    totals = rows_of(notebook, "parties")
    for one in listed:
        detail = lookups.party(party, one.id)
        assert detail is not None
        found = [row[4:] for row in totals if row[2:4] == (party.value, one.id.lower())]
        assert found == [cells_of(total) for total in detail.totals]


def rows_of(notebook: dict[str, Any], name: str) -> list[tuple[Any, ...]]:
    """What a committed question finds in the export."""
    rows: list[tuple[Any, ...]] = notebook["lake"].execute((QUESTIONS / f"{name}.sql").read_text()).fetchall()
    return rows


def cells_of(total: Total) -> tuple[Any, ...]:
    """As the export writes them."""
    labels = Labels.DEVELOPMENT in total.labels, Labels.UNBOUND in total.labels
    amount = total.inferences, Decimal(total.amount_base_units)
    return TIERS[total.tier], *labels, total.asset.lower(), total.decimals, *amount


def test_without_foreign_history_the_views_are_empty(tmp_path: Path, market: Path) -> None:
    """And have the same columns."""
    views = (QUESTIONS / "recorded_views.sql").read_text()
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    database.prepare()
    export_recorded(database, tmp_path / "lake", 30)
    found = []
    for lake in (tmp_path / "lake", market / "lake"):
        with duckdb.connect() as connection:
            connection.execute(f"SET VARIABLE export = '{lake}'")
            connection.execute(views)
            tables = ("recorded_settlement", "token_transfer")
            columns = [connection.execute(f"DESCRIBE {table}").fetchall() for table in tables]
            found.append([[row[:2] for row in some] for some in columns])
            ((rows,),) = connection.execute("SELECT count(*) FROM recorded_settlement").fetchall()
            assert (rows == 0) == (lake.parent == tmp_path)
    assert found[0] == found[1]
