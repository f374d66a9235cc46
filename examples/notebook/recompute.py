# ruff: noqa: D100, T201, S608

# %% [markdown]
# # Compute every number again
#
# The indexer publishes metrics; this notebook computes them from exported files, with DuckDB in place of the
# indexer's database. It needs no network, and the `duckdb` package besides this project. Make the files with
# `veritally-indexer export --to lake`, then run the cells, or all at once:
# `python examples/notebook/recompute.py lake`.

# %%
from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import duckdb
from eth_utils.address import to_checksum_address

import indexer.export
from indexer.analytics.catalogue import METRICS
from indexer.analytics.cube import sql
from indexer.analytics.labels import load_labels
from indexer.analytics.metric import Rows, Scope
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import judge
from indexer.analytics.weeks import Window, monday_of
from indexer.analytics.writing import shown
from indexer.pay_addresses import pay_addresses

LAKE = Path(sys.argv[1] if len(sys.argv) > 1 else "lake")
VIEWS = Path(indexer.export.__file__).parent / "sql" / "duckdb"
NOT_EXPORTED = {"health"}
"""How far one indexer is behind, and what it noticed: no fact of the chain, another one says otherwise."""

# %% [markdown]
# ## The files
# Views over what the manifests name, and nothing else: verified events, and foreign history apart from them.

# %%
lake = duckdb.connect()
lake.create_function("checksum", to_checksum_address, ["VARCHAR"], "VARCHAR")
lake.execute(f"SET VARIABLE export = '{LAKE}'")
for views in ("views.sql", "recorded_views.sql"):
    lake.execute((VIEWS / views).read_text(encoding="utf-8"))
print(
    lake.sql("""
        SELECT tier, count(*) AS inferences, min(block_time), max(block_time)
        FROM inference GROUP BY tier ORDER BY tier
    """)
)

# %% [markdown]
# ## The cube
# Sums per week, from which all metrics are computed: the committed tables, filled by committed SQL. The week
# of the last exported block is left out, because it may not be over.

# %%
deployments = lake.execute("SELECT chain_id, settlement FROM exported_deployment").fetchall()
(chain_id, settlement), *others = deployments
assert not others, f"say which one is meant: {deployments}"
lake.execute(f"SET VARIABLE chain_id = {chain_id}")
lake.execute(f"SET VARIABLE settlement = '{settlement}'")
end_s = "coalesce(block_time_s, (SELECT max(epoch_ms(block_time)) // 1000 FROM block))"
lake.execute(f"SET VARIABLE end_week = (SELECT ({end_s} - 345600) // 604800 FROM exported_deployment)")
lake.execute(sql("cube"))
lake.execute(sql("from_parquet"))
end_week = lake.execute("SELECT getvariable('end_week')").fetchall()[0][0]
print(lake.sql("SELECT counted, sum(n) AS inferences FROM settled_week GROUP BY counted ORDER BY counted"))

# %% [markdown]
# ## One share in plain SQL
# The count share (M1) of the last four weeks, without any program in between.

# %%
print(
    lake.sql(f"""
        SELECT counted AS tier, sum(n) AS inferences, sum(n) / sum(sum(n)) OVER () AS share
        FROM settled_week WHERE payer <> 0 AND wk >= {end_week - 4} AND wk < {end_week}
        GROUP BY counted ORDER BY counted
    """)
)

# %% [markdown]
# ## All metrics
# Their SQL runs here on DuckDB. What SQL cannot do, quantiles of the t distribution for example, is done by
# the same Python as in the indexer.


# %%
class LakeCube:
    """What the definitions of the metrics need of a cube."""

    def select(self, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a committed SQL file."""
        used = set(re.findall(r"\$(\w+)", sql(name)))
        return lake.execute(sql(name), {k: v for k, v in (parameters or {}).items() if k in used}).fetchall()

    def execute(self, statement: str) -> None:
        """Changes the cube."""
        lake.execute(statement)

    def insert(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Adds rows."""
        if rows:
            marks = ", ".join("?" * len(columns))
            lake.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


cube: Any = LakeCube()
((factory, implementation),) = lake.execute(
    "SELECT pay_address_factory, pay_address_implementation FROM exported_deployment"
).fetchall()
for number, prover in cube.select("provers") if factory else ():
    found = pay_addresses(factory, implementation, prover)
    cube.insert("pay_address", ("prover", "value"), [(number, value) for value in found])
lake.execute(sql("from_parquet_recorded"))
load_labels(None, cube, 0)  # type: ignore[arg-type]  # the rules look at the cube alone
lake.execute(sql("payer_week"))

window = Window(end_week - 4, end_week)
answers = {
    (metric.name, rows): metric.compute(cube, Scope(window, rows))
    for metric in METRICS
    if metric.name not in NOT_EXPORTED
    for rows in Rows
}
verdicts = {(of, rows): judge(cube, Scope(window, rows), of) for of in TierSet for rows in Rows}

# %%
print(f"weeks from {monday_of(window.first)}, before {monday_of(window.end)}")
for (name, rows), answer in answers.items():
    print(f"\n{name}, {rows.name.lower()}")
    for row in answer.rows[:20]:
        print(
            "  ",
            *(f"{c.name}={shown(c.kind, cell)}" for c, cell in zip(answer.columns, row, strict=True)),
        )
for (of, rows), verdict in verdicts.items():
    print(f"\n{of.name.lower()} tiers, {rows.name.lower()}: {verdict.word}\n   {verdict.reason}")
