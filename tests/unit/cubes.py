"""Random inferences in a cube of SQLite, and in DuckDB with the same SQL."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
from settled_world import NOBODY, Settled

from indexer.amounts import split
from indexer.analytics.cube import Cube, sql

FIRST_WEEK = 2916
COLUMNS = (
    *("wk", "payer", "prover", "model", "asset", "required", "achieved", "counted", "scheme"),
    *("development", "unbound", "n", "amount_e20", "amount_e10", "amount_e0"),
)
ASSETS = {"usdc": "0x" + "A1" * 20, "dai": "0x" + "B2" * 20}


class DuckCube:
    """The same tables and statements in DuckDB, as somebody has them who loads the exported files."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(sql("cube"))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(rows)
        )

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def select(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        statement = sql(name)
        used = set(re.findall(r"\$(\w+)", re.sub(r"--.*", "", statement)))
        given = {name: value for name, value in (parameters or {}).items() if name in used}
        return self._connection.execute(statement, given).fetchall()


def random_rows(seed: int, count: int = 1500, payers: int = 60, weeks: int = 8) -> list[Settled]:
    """Payers, provers and models of very different sizes; free and labelled rows among them."""
    chance = random.Random(seed)
    own = {f"payer {i}": [chance.random() for _ in range(3)] for i in range(payers)}
    names, sizes = list(own), [chance.paretovariate(1.1) for _ in own]
    rows = []
    for _ in range(count):
        payer = chance.choices(names, sizes)[0]
        free = chance.random() < 0.05
        rows.append(
            Settled(
                week=chance.randrange(weeks),
                payer=NOBODY if free else payer,
                tier=chance.choices((1, 2, 3), own[payer])[0],
                amount=0
                if free
                else chance.choice((7, 1_000, 10**12, 10**21, 3 * 10**28)) + chance.randrange(9),
                prover=f"prover {min(chance.randrange(6), chance.randrange(6))}",
                model=f"model {chance.randrange(4)}",
                asset=chance.choice(tuple(ASSETS)),
                development=chance.random() < 0.08,
                unbound=chance.random() < 0.04,
            )
        )
    return rows


def fill(cube: Any, rows: Iterable[Settled], flagged: Iterable[tuple[str, str]] = ()) -> None:
    """Puts inferences into a cube, and labels on pairs of payer and prover."""
    rows = list(rows)
    ids: dict[str, int] = {NOBODY: 0}
    for row in rows:
        for name in (row.payer, row.prover, row.asset, f"m:{row.model}"):
            ids.setdefault(name, len(ids))
    cells: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        counted = 1 if row.development or row.unbound else row.tier
        key = (
            *(FIRST_WEEK + row.week, ids[row.payer], ids[row.prover], ids[f"m:{row.model}"], ids[row.asset]),
            *(row.floor, row.tier, counted, 1, int(row.development), int(row.unbound)),
        )
        cell = cells.setdefault(key, [0, 0, 0, 0])
        for place, value in enumerate((1, *split(row.amount))):
            cell[place] += value
    cube.insert("settled_week", COLUMNS, [(*key, *cell) for key, cell in cells.items()])
    weeks = Counter(row.week for row in rows)
    cube.insert("week", ("wk", "inferences"), [(FIRST_WEEK + week, n) for week, n in weeks.items()])
    assets = {row.asset for row in rows}
    cube.insert("address", ("id", "value"), [(ids[name], ASSETS[name]) for name in assets])
    cube.insert("asset", ("id", "decimals"), [(ids[name], 6) for name in assets])
    label = ("self", "test", "1")
    pairs = [(ids[payer], ids[prover], *label) for payer, prover in flagged if {payer, prover} <= ids.keys()]
    if pairs:
        cube.insert("pair_label", ("payer", "prover", "label", "rule", "version"), pairs)
    cube.execute(sql("payer_week"))


def new_cube(engine: str) -> Any:
    """An empty one, in `sqlite` or `duckdb`."""
    return Cube() if engine == "sqlite" else DuckCube()
