"""What is loaded from either database is what the logs were made of; doubt moves exactly what it names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from indexer_chain import serve
from sqlalchemy import text
from traded_chain import (
    ASSETS,
    FIRST_WEEK,
    KEYS,
    MODELS,
    PAYERS,
    PROVERS,
    ROUTES,
    WEEKS,
    Batch,
    Sale,
    TradedChain,
    compromised,
    contradicted,
    refunded,
    registered,
    some_trade,
    unknown_group_skip,
)

from indexer.amounts import join
from indexer.analytics import taint
from indexer.analytics.analysis import Analysis
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.details import LONGEST_LATENCY_S, STATED_LATER
from indexer.analytics.metric import Scope
from indexer.analytics.weeks import Window, start_s
from indexer.cursor import all_cursors
from indexer.database import Database
from indexer.digest import STREAMS, Digest, records_of
from indexer.rpc import JsonRpc
from indexer.stored import StoredRows
from indexer.sync import Indexer
from indexer.tables import BlockRow

END = start_s(FIRST_WEEK + WEEKS)
ALL = Window(FIRST_WEEK, FIRST_WEEK + WEEKS)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, path: Path) -> Database:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{path}"
    return Database(url)


@pytest.fixture
def traded() -> TradedChain:
    return some_trade(3)


@pytest.fixture
def node(traded: TradedChain) -> Iterator[JsonRpc]:
    with serve(traded.chain) as url:
        yield JsonRpc(url)


def indexed(traded: TradedChain, node: JsonRpc, database: Database) -> Analysis:
    indexer = Indexer(node, database, traded.chain.deployment, 1000)
    indexer.open()
    indexer.sync_once()
    return Analysis(database, traded.chain.deployment)


def table(analysis: Analysis, name: str, *columns: str) -> list[tuple[Any, ...]]:
    statement = f"SELECT {', '.join(columns)} FROM {name}"
    return analysis._cube._connection.execute(statement).fetchall()


def named(analysis: Analysis, name: str) -> dict[int, str]:
    return {0: "nobody"} | {number: value.lower() for number, value in table(analysis, name, "id", "value")}


def test_prices(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    analysis = indexed(traded, node, database)
    models, addresses = named(analysis, "model"), named(analysis, "address")
    columns = "wk", "model", "asset", "counted", "amount_e20", "amount_e10", "amount_e0", "n"
    found = Counter()
    for wk, model, asset, counted, *limbs, n in table(analysis, "price_week", *columns):
        found[wk, models[model], addresses[asset], counted, join(*limbs)] += n
    assert found == Counter(
        (b.wk, f"0x{b.model.hex()}", s.asset, b.counted, s.amount) for b, s in traded.sales if s.amount
    )


def test_latencies_are_clipped(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    analysis = indexed(traded, node, database)
    found = Counter()
    for *key, n in table(analysis, "latency_week", "wk", "achieved", "counted", "latency_s", "n"):
        found[tuple(key)] += n
    expected = Counter()
    for batch, sale in traded.sales:
        stated_s = batch.time_s - sale.served_at
        clipped_s = STATED_LATER if stated_s < 0 else min(stated_s, LONGEST_LATENCY_S)
        expected[batch.wk, batch.tier, batch.counted, clipped_s] += 1
    assert found == expected
    assert {STATED_LATER, 0, LONGEST_LATENCY_S} <= {key[3] for key in expected}


def test_first_payments(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    analysis = indexed(traded, node, database)
    addresses = named(analysis, "address")
    first: dict[tuple[int, str, str], tuple[int, str, int]] = {}
    for batch, sale in traded.sales:
        if sale.amount:
            place = batch.wk, sale.payer, batch.prover
            first.setdefault(place, (batch.time_s, sale.asset, sale.amount))
    columns = "wk", "payer", "prover", "time_s", "asset", "amount_e20", "amount_e10", "amount_e0"
    assert {
        (wk, addresses[payer], addresses[prover]): (time_s, addresses[asset], join(*limbs))
        for wk, payer, prover, time_s, asset, *limbs in table(analysis, "start_week", *columns)
    } == first


def test_what_was_left_untouched(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    traded.chain.blocks[-1]["timestamp"] = hex(END - 9)
    traded.mine(END - 1, unknown_group_skip(), unknown_group_skip())
    traded.mine(END, unknown_group_skip())
    analysis = indexed(traded, node, database)
    expected = Counter({(FIRST_WEEK + WEEKS - 1, "group", "unknown"): 2})
    for batch in traded.batches:
        expected[batch.wk, "receipt", "NotBacked"] += batch.skips and 1
    found = {row[:3]: row[3] for row in table(analysis, "skipped_week", "wk", "kind", "reason", "n")}
    assert found == +expected


def test_refunds(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    traded.chain.blocks[-1]["timestamp"] = hex(END - 9)
    back = [(PAYERS[0], PROVERS[0], ASSETS[0], 2**128 - 1)] * 3 + [(PAYERS[1], PROVERS[0], ASSETS[1], 5)]
    traded.mine(END - 1, *(refunded(*one) for one in back))
    traded.mine(END, refunded(PAYERS[2], PROVERS[0], ASSETS[0], 5))
    analysis = indexed(traded, node, database)
    addresses = named(analysis, "address")
    columns = "wk", "payer", "prover", "asset", "n", "amount_e20", "amount_e10", "amount_e0"
    found = {}
    for wk, *parties, n, e20, e10, e0 in table(analysis, "refund_week", *columns):
        found[wk, *(addresses[party] for party in parties)] = n, join(e20, e10, e0)
    last = FIRST_WEEK + WEEKS - 1
    assert found == {
        (last, *back[0][:3]): (3, 2**128 - 1),
        (last, *back[3][:3]): (1, 5),
    }


def tainted(analysis: Analysis) -> Counter[Any]:
    """Doubtful inferences by everything that is known of them."""
    models, addresses = named(analysis, "model"), named(analysis, "address")
    columns = (
        *("wk", "payer", "prover", "model", "asset", "required", "achieved", "counted"),
        *("cause", "subject", "n"),
    )
    found: Counter[Any] = Counter()
    for wk, payer, prover, model, asset, *rest, n in table(analysis, "tainted_week", *columns):
        found[wk, addresses[payer], addresses[prover], models[model], addresses[asset], *rest] += n
    return found


def expected_taint(
    traded: TradedChain, since: dict[bytes, int], broken: set[tuple[bytes, bytes]]
) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for b, s in traded.sales:
        cause = None
        if (b.route, b.model) in broken:
            cause = "ContradictionShown", f"0x{b.route.hex()}"
        if b.key in since and b.time_s >= since[b.key]:
            cause = "EnclaveCompromised", f"0x{b.key.hex()}"
        if cause and b.time_s < END:
            payer = s.payer if s.amount else "nobody"
            model = f"0x{b.model.hex()}"
            found[b.wk, payer, b.prover, model, s.asset, s.floor, b.tier, b.counted, *cause] += 1
    return found


def digest(database: Database, last_block: int) -> bytes:
    """The digest of everything that is stored up to a block."""
    with database.transaction() as session:
        (cursor,) = all_cursors(session)
        stored, found = StoredRows(session, cursor), Digest()
        for kind in STREAMS:
            rows = stored.blocks(0, last_block) if kind is BlockRow else stored.events(kind, 0, last_block)
            found.add(kind, records_of(rows))
        return found.value(cursor.chain_id, cursor.settlement, last_block)


def test_compromise_in_the_past_moves_exactly_what_came_at_it_or_after(
    traded: TradedChain, node: JsonRpc, database: Database
) -> None:
    analysis = indexed(traded, node, database)
    last = len(traded.chain.blocks) - 1
    before, settled = digest(database, last), analysis.answer(BY_NAME["count-share"])
    assert not tainted(analysis)
    times = sorted(b.time_s for b in traded.batches if b.key == KEYS[0])
    at = times[len(times) // 2]
    for since, said in ((at + 1, at + 1), (at, at), (times[2], times[2]), (times[4], times[2])):
        traded.mine(END + 10, compromised(KEYS[0], since))
        indexed(traded, node, database)
        analysis.refresh()
        assert tainted(analysis) == expected_taint(traded, {KEYS[0]: said}, set())
        assert digest(database, last) == before
        assert analysis.answer(BY_NAME["count-share"]) == settled
    (doubt,) = analysis.answer(BY_NAME["doubts"]).rows
    number = sum(b.key == KEYS[0] and b.time_s >= times[2] for b, _ in traded.sales)
    assert doubt[1:] == (f"0x{KEYS[0].hex()}", times[2], END + 10, END + 10, number, None)


def test_series_as_known_today(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    analysis = indexed(traded, node, database)
    since = start_s(FIRST_WEEK + 2)
    traded.mine(END + 10, compromised(KEYS[1], since), contradicted(ROUTES[2], MODELS[0]))
    indexed(traded, node, database)
    analysis.refresh()
    settled: dict[int, Counter[int]] = defaultdict(Counter)
    today: dict[int, Counter[int]] = defaultdict(Counter)
    for b, s in traded.sales:
        if s.amount and b.time_s < END:
            key, circuit = (
                b.key == KEYS[1] and b.time_s >= since,
                (b.route, b.model) == (ROUTES[2], MODELS[0]),
            )
            settled[b.wk][b.counted] += 1
            today[b.wk][1 if key or circuit else b.counted] += 1
    assert analysis.window(WEEKS) == ALL
    for week, tier, as_settled, _, as_known, _, _ in analysis.answer(BY_NAME["tainted"], Scope(ALL)).rows:
        assert (as_settled, as_known) == (settled[week][tier], today[week][tier])
    assert settled != today


def test_contradiction_makes_all_of_its_route_and_model_doubtful(
    traded: TradedChain, node: JsonRpc, database: Database
) -> None:
    broken = {(ROUTES[2], MODELS[1]), (ROUTES[3], MODELS[0])}
    traded.mine(END + 10, *(contradicted(*one) for one in sorted(broken)), contradicted(ROUTES[2], MODELS[1]))
    analysis = indexed(traded, node, database)
    expected = expected_taint(traded, {}, broken)
    assert tainted(analysis) == expected
    assert sum(expected.values()) > 3


def test_two_reasons_make_an_inference_doubtful_once(
    traded: TradedChain, node: JsonRpc, database: Database
) -> None:
    since = {key: start_s(FIRST_WEEK + 2) for key in KEYS}
    broken = {(route, model) for route in ROUTES for model in MODELS}
    logs = [compromised(*one) for one in since.items()] + [contradicted(*one) for one in sorted(broken)]
    traded.mine(END + 10, *logs)
    analysis = indexed(traded, node, database)
    found = tainted(analysis)
    assert found == expected_taint(traded, since, broken)
    assert {row[8] for row in found} == {"EnclaveCompromised", "ContradictionShown"}
    answer = analysis.answer(BY_NAME["tainted"], Scope(ALL))
    assert all(as_known >= 0 for as_known in answer.column("as_known_today"))


def test_doubt_above_the_final_block_does_not_count_yet(
    traded: TradedChain, node: JsonRpc, database: Database
) -> None:
    final = traded.chain.final
    traded.mine(END + 10, compromised(KEYS[0], start_s(FIRST_WEEK)))
    traded.chain.final = final
    analysis = indexed(traded, node, database)
    assert not tainted(analysis)
    traded.chain.final = final + 1
    indexed(traded, node, database)
    analysis.refresh()
    assert tainted(analysis)


def test_many_doubts(traded: TradedChain, node: JsonRpc, database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(taint, "_AT_ONCE", 2)
    since = {KEYS[0]: start_s(FIRST_WEEK + 1), KEYS[1]: start_s(FIRST_WEEK + 3), KEYS[2]: start_s(FIRST_WEEK)}
    broken = {(ROUTES[3], model) for model in MODELS}
    logs = [compromised(*one) for one in since.items()] + [contradicted(*one) for one in broken]
    traded.mine(END + 10, *logs, compromised(bytes([9]) * 32, 1))
    analysis = indexed(traded, node, database)
    assert tainted(analysis) == expected_taint(traded, since, broken)


def test_owners(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    own = Sale(PAYERS[0], ASSETS[0], 5, 1, END - 5)
    prover, owner = "0x" + "77" * 20, PAYERS[0]
    traded.chain.blocks[-1]["timestamp"] = hex(END - 9)
    mine = bytes([0x31]) * 32
    traded.mine(END - 5, registered(mine, owner), registered(MODELS[0], owner), registered(bytes(32), owner))
    traded.settle(Batch(END - 4, prover, mine, ROUTES[0], bytes(32), 1, 0, (own,)))
    traded.mine(END)
    analysis = indexed(traded, node, database)
    names = named(analysis, "address")
    found = {
        (names[payer], names[prover], rule)
        for payer, prover, rule in table(analysis, "pair_label", "payer", "prover", "rule")
    }
    assert (owner, prover, "owner") in found
    assert {row[:2] for row in found if row[2] == "owner"} == {(owner, prover)}


def test_health(traded: TradedChain, node: JsonRpc, database: Database) -> None:
    traded.chain.final -= 3
    analysis = indexed(traded, node, database)
    (row,) = analysis.answer(BY_NAME["health"]).records()
    head, final = len(traded.chain.blocks) - 1, traded.chain.final
    assert (row["block"], row["final_block"]) == (head, final)
    final_s = int(traded.chain.blocks[final]["timestamp"], 16)
    assert (row["block_time"], row["final_block_time"], row["final_lag"]) == (END, final_s, END - final_s)
    assert (row["inferences"], row["counter_difference"]) == (len(traded.sales), 0)
    assert (row["incidents"], row["open_incidents"], row["verified"]) == (0, 0, None)
    with database.writing() as session:
        session.connection().execute(
            text("UPDATE rollup SET inferences = inferences - 1 WHERE tier = 1 AND asset_id = :asset"),
            {"asset": next(n for n, name in named(analysis, "address").items() if name == ASSETS[0])},
        )
    traded.chain.final = head
    Indexer(node, database, traded.chain.deployment, 1000).open()
    assert Analysis(database).answer(BY_NAME["health"]).records()[0]["counter_difference"] == -1
