"""Cubes that are filled by hand or by chance, in the memory and in DuckDB at once."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from eth_utils.address import to_checksum_address

from indexer.amounts import split
from indexer.analytics.answer import Answer
from indexer.analytics.cube import Cube, sql
from indexer.analytics.metric import Metric, Rows, Scope
from indexer.analytics.weeks import Window, start_s

LIMBS = ("amount_e20", "amount_e10", "amount_e0")
SETTLED = ("wk", "payer", "prover", "model", "asset", "required", "achieved", "counted", "scheme")
FIRST_WEEK = 2_900


def address(number: int) -> str:
    return to_checksum_address(number.to_bytes(20))


def model_id(number: int) -> str:
    return f"0x{number:064x}"


@dataclass(frozen=True)
class Trade:
    """One settled inference."""

    wk: int
    payer: int
    prover: int = 900
    model: int = 1
    asset: int = 990
    required: int = 1
    achieved: int = 1
    development: bool = False
    unbound: bool = False
    amount: int = 10
    into_week_s: int = 0
    latency_s: int = 5

    @property
    def counted(self) -> int:
        return 1 if self.development or self.unbound else self.achieved

    @property
    def time_s(self) -> int:
        return start_s(self.wk) + self.into_week_s


class MadeCube:
    """A cube, and the same tables in DuckDB."""

    def __init__(self, trades: Sequence[Trade] = (), weeks: Iterable[int] | None = None) -> None:
        self.cube = Cube()
        self.duck = duckdb.connect()
        self.duck.execute(sql("cube").replace("INTEGER", "BIGINT"))
        self.trades = trades
        spoken = sorted({t.wk for t in trades}) if weeks is None else list(weeks)
        self.insert("week", ("wk", "inferences"), [(wk, sum(t.wk == wk for t in trades)) for wk in spoken])
        parties = {n for t in trades for n in (t.payer, t.prover, t.asset)} - {0}
        self.insert("address", ("id", "value"), [(n, address(n)) for n in sorted(parties)])
        models = sorted({t.model for t in trades})
        self.insert("model", ("id", "value"), [(n, model_id(n)) for n in models])
        self._settle(trades)

    def _settle(self, trades: Sequence[Trade]) -> None:
        rows = [
            (
                *(t.wk, t.payer, t.prover, t.model, t.asset, t.required, t.achieved, t.counted, 1),
                *(t.development, t.unbound, 1, *split(t.amount)),
            )
            for t in trades
        ]
        self.insert("settled_week", (*SETTLED, "development", "unbound", "n", *LIMBS), rows)
        paid = [t for t in trades if t.payer]
        prices = [(t.wk, t.model, t.asset, t.counted, *split(t.amount), 1) for t in paid]
        self.insert("price_week", ("wk", "model", "asset", "counted", *LIMBS, "n"), prices)
        latencies = [(t.wk, t.achieved, t.counted, t.latency_s, 1) for t in trades]
        self.insert("latency_week", ("wk", "achieved", "counted", "latency_s", "n"), latencies)
        first: dict[tuple[int, int, int], Trade] = {}
        for t in sorted(paid, key=lambda t: t.time_s):
            first.setdefault((t.wk, t.payer, t.prover), t)
        starts = [(t.wk, t.payer, t.prover, t.time_s, t.asset, *split(t.amount)) for t in first.values()]
        self.insert("start_week", ("wk", "payer", "prover", "time_s", "asset", *LIMBS), starts)
        self.sum_up()

    def sum_up(self) -> None:
        """Fills `payer_week`, after labels have changed."""
        for run in (self.cube.execute, self.duck.execute):
            run("DELETE FROM payer_week")
            run(sql("payer_week"))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        rows = list(rows)
        self.cube.insert(table, columns, rows)
        if rows:
            values = zip(*(map(plain, row) for row in rows), strict=True)
            self.duck.register("given", pa.table(dict(zip(columns, map(list, values), strict=True))))
            self.duck.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM given")

    def label(self, *labels: tuple[int, int, str, str]) -> None:
        """Payer, prover, label and rule of each."""
        columns = ("payer", "prover", "label", "rule", "version", "confidence")
        self.insert("pair_label", columns, [(*label, "1", None) for label in labels])
        self.sum_up()

    def select(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What both say, which must be the same."""
        given = parameters or {}
        used = set(re.findall(r"\$(\w+)", sql(name)))
        found = self.cube.select(name, {key: given[key] for key in used})
        duck = self.duck.execute(sql(name), {key: given[key] for key in used}).fetchall()
        assert [tuple(map(rounded, row)) for row in found] == [tuple(map(rounded, row)) for row in duck]
        return found

    def answer(self, metric: Metric, first: int, end: int, rows: Rows = Rows.RAW, **more: Any) -> Answer:
        """The metric's answer; its SQL says the same in DuckDB."""
        scope = Scope(Window(first, end), rows)
        for name in metric.sql:
            self.select(name, scope.parameters | more)
        answer = metric.compute(self.cube, scope)
        assert answer.columns == metric.columns
        assert all(len(row) == len(answer.columns) for row in answer.rows)
        return answer


def plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def rounded(value: Any) -> Any:
    return round(value, 12) if isinstance(value, float) else value


def some_trades(seed: int, count: int = 600) -> list[Trade]:
    """Ten weeks of thirty payers, six provers, four models, two tokens, with free and labelled ones."""
    chance = random.Random(seed)
    trades = []
    for _ in range(count):
        achieved = chance.choice((1, 1, 2, 2, 3))
        trades.append(
            Trade(
                wk=FIRST_WEEK + chance.choice((0, 1, 2, 3, 4, 5, 6, 7, 9)),
                payer=chance.choice((0, *range(1, 31))),
                prover=chance.randrange(900, 906),
                model=chance.randrange(1, 5),
                asset=chance.choice((990, 991)),
                required=chance.randrange(1, achieved + 1),
                achieved=achieved,
                development=chance.random() < 0.1,
                unbound=chance.random() < 0.1,
                amount=chance.choice((3, 7, 10**10, 10**21 + chance.randrange(5), chance.randrange(1, 50))),
                into_week_s=chance.randrange(600_000),
                latency_s=chance.choice((-1, 0, 2, 5, chance.randrange(100), 604_800)),
            )
        )
    return trades
