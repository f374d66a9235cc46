"""SQL of the look-ups, for SQLite and Postgres alike. `:d` is the number of the deployment."""

from __future__ import annotations

from indexer.pages.source import Party

_TABLES = {
    Party.MODEL: ("rollup_day_model", "model_id", "model"),
    Party.PROVER: ("rollup_day_prover", "prover_id", "address"),
    Party.PAYER: ("rollup_day_payer", "payer_id", "address"),
}
_SUMS = """
SUM(r.inferences) AS n, SUM(r.amount_e20) AS e20, SUM(r.amount_e10) AS e10, SUM(r.amount_e0) AS e0
"""
_TOTALS = """
SELECT r.tier, r.development, r.unbound, a.value AS asset, s.decimals, {sums}
FROM {table} AS r
JOIN address AS a ON a.id = r.asset_id
LEFT JOIN asset AS s ON s.address_id = r.asset_id AND s.deployment_id = r.deployment_id
WHERE r.deployment_id = :d {where}
GROUP BY r.tier, r.development, r.unbound, a.value, s.decimals
ORDER BY r.tier, r.development, r.unbound, a.value
"""
_LINES = """
SELECT i.id, b.timestamp_s, b.hash AS block_hash, i.seq, i.tier, i.floor, i.scheme, i.development, i.unbound,
       i.served_at_s, i.amount_e20, i.amount_e10, i.amount_e0, m.value AS model, u.value AS payer,
       p.value AS prover, a.value AS asset, s.decimals, i.receipt_hash, i.request_hash, i.response_hash,
       i.transaction_hash
FROM inference AS i
JOIN block AS b ON b.id = i.id >> 20
JOIN model AS m ON m.id = i.model_id
JOIN address AS p ON p.id = i.prover_id
JOIN address AS a ON a.id = i.asset_id
LEFT JOIN address AS u ON u.id = i.payer_id
LEFT JOIN asset AS s ON s.address_id = i.asset_id AND s.deployment_id = :d
"""

TOTALS = _TOTALS.format(sums=_SUMS, table="rollup", where="")
"""Of the whole deployment."""
ONE = _LINES + "WHERE i.id = :id"
"""One inference."""
RECEIPT = "SELECT id FROM inference WHERE receipt_hash = :hash AND id >= :first AND id <= :last"
"""Where the inference of a receipt is; nothing leads there faster than looking at all of them."""
GROUP = """
SELECT root, route FROM group_settled
WHERE id > :id AND id < :last AND transaction_hash = :transaction ORDER BY id LIMIT 1
"""
"""The group of an inference is the next one that follows it in its transaction."""
REGISTERED = """
SELECT arguments FROM registry_event
WHERE subject = :subject AND event = 'ModelRegistered' AND id >= :first AND id <= :last ORDER BY id LIMIT 1
"""
BLOCK_AT = "SELECT id, timestamp_s FROM block WHERE id >= :middle AND id <= :last ORDER BY id LIMIT 1"
"""The first block with a row from a number on."""


def totals_of(party: Party) -> str:
    """Sums of one party, `:party`."""
    table, column, _ = _TABLES[party]
    return _TOTALS.format(sums=_SUMS, table=table, where=f"AND r.{column} = :party")


def busiest(party: Party) -> str:
    """Inferences per party and counted tier since the day `:day`; labelled evidence counts as signed."""
    table, column, dictionary = _TABLES[party]
    return f"""
WITH sums AS (
    SELECT {column} AS party, CASE WHEN development OR unbound THEN 1 ELSE tier END AS counted,
           SUM(inferences) AS n
    FROM {table} WHERE deployment_id = :d AND day >= :day AND {column} <> 0
    GROUP BY 1, 2
), top AS (
    SELECT party, SUM(n) AS total FROM sums GROUP BY party ORDER BY total DESC, party LIMIT :most
)
SELECT v.value, t.total, s.counted, s.n
FROM top AS t JOIN sums AS s ON s.party = t.party JOIN {dictionary} AS v ON v.id = t.party
ORDER BY t.total DESC, t.party, s.counted
"""  # noqa: S608


def last_days(party: Party) -> str:
    """The last days with inferences of a party, and how many."""
    table, column, _ = _TABLES[party]
    return f"""
SELECT day, SUM(inferences) AS n FROM {table} WHERE deployment_id = :d AND {column} = :party
GROUP BY day ORDER BY day DESC LIMIT :most
"""  # noqa: S608


def latest(party: Party) -> str:
    """The latest inferences of a party from a key on."""
    column = _TABLES[party][1]
    return (
        _LINES
        + f"WHERE i.{column} = :party AND i.id >= :first AND i.id <= :last ORDER BY i.id DESC LIMIT :most"
    )


def number_of(party: Party) -> str:
    """The number of an address or a model."""
    return f"SELECT id FROM {_TABLES[party][2]} WHERE value = :value"  # noqa: S608
