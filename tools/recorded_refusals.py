"""What the export of foreign history refuses, must not mix, and must let anybody compute again."""

from __future__ import annotations

UNIT = "tests/unit/test_{}.py"
EXPORT, KILLED, RECOMPUTED = "recorded_export", "indexer_export_killed", "recomputed"

_RUN, _STREAMS = "indexer/recorded/export.py", "indexer/recorded/export_streams.py"
_CUBE = "indexer/analytics/sql/from_parquet_recorded.sql"

CHECKS = (
    (
        "foreign rows above the final block in an export",
        _STREAMS,
        "    return min(row.next_block - 1, row.final_block)\n",
        "    return row.next_block - 1\n",
        EXPORT,
    ),
    (
        "foreign rows that came to exported blocks",
        _RUN,
        "entry.rows != (rows := stream.rows_before(session, start)):\n",
        "entry.rows > (rows := stream.rows_before(session, start)):\n",
        EXPORT,
    ),
    (
        "transfers that another import of the chain may still find",
        _STREAMS,
        "min(map(_last_block, rows))",
        "max(map(_last_block, rows))",
        EXPORT,
    ),
    (
        "foreign sources of which nothing was read",
        _STREAMS,
        "if row.kind != Kind.TRANSFERS and _is_begun(row)]",
        "if row.kind != Kind.TRANSFERS]",
        EXPORT,
    ),
    (
        "all foreign rows of a block",
        _STREAMS,
        "            place = rows[-1][:2]\n",
        "            place = (rows[-1][0] + 1, -1)\n",
        EXPORT,
    ),
    (
        "a changed file of foreign history",
        _RUN,
        "        if problem:\n",
        "        if False:\n",
        EXPORT,
    ),
    (
        "a changed manifest of foreign history",
        _RUN,
        " != some.export_digest:\n",
        " == '':\n",
        EXPORT,
    ),
    (
        "the status in the digest of foreign history",
        "indexer/recorded/export_manifest.py",
        "*vars(self.key).values(), self.status]",
        "*vars(self.key).values()]",
        EXPORT,
    ),
    (
        "foreign history of another version",
        "indexer/recorded/export_manifest.py",
        "        if version != SCHEMA_VERSION:\n",
        "        if False:\n",
        EXPORT,
    ),
    (
        "files of foreign history that a killed run left",
        _RUN,
        "        self._remove_leftovers()\n",
        "",
        KILLED,
    ),
    (
        "a manifest that names foreign files too early",
        _RUN,
        "        publish(path)\n",
        "        early = self._manifest.stream(stream.key).with_range(from_block, to_block, file)\n"
        "        save_manifest(self._folder / FOLDER, self._manifest.having(early))\n"
        "        sync_folder(self._folder / FOLDER)\n"
        "        publish(path)\n",
        KILLED,
    ),
    (
        "claims that count once, computed from an export",
        _CUBE,
        "WHERE NOT repeated AND wk",
        "WHERE wk",
        RECOMPUTED,
    ),
    (
        "claims without a limit, computed from an export",
        _CUBE,
        "            ELSE least(CAST(claimed_batch_size AS BIGINT), 1000000000) END",
        "            ELSE CAST(claimed_batch_size AS BIGINT) END",
        RECOMPUTED,
    ),
    (
        "money out of pay addresses, computed from an export",
        _CUBE,
        "    SELECT lower(value), prover, 1 FROM pay_address\n",
        "    SELECT lower(value), prover, 0 FROM pay_address\n",
        RECOMPUTED,
    ),
    (
        "transfers of full weeks only, computed from an export",
        _CUBE,
        "chain_id') AND week_of(t.block_time) < (SELECT max(wk) + 1 FROM week);",
        "chain_id');",
        RECOMPUTED,
    ),
    (
        "transfers of this chain only, computed from an export",
        _CUBE,
        "WHERE t.chain_id = getvariable('chain_id') AND week_of",
        "WHERE week_of",
        RECOMPUTED,
    ),
    (
        "a metric that no export can answer",
        "examples/notebook/recompute.py",
        'NOT_EXPORTED = {"health"}\n',
        'NOT_EXPORTED = {"health", "verified-recorded"}\n',
        RECOMPUTED,
    ),
    (
        "a new metric that the export does not fill",
        "indexer/analytics/sql/from_parquet.sql",
        "INSERT INTO refund_week\n",
        "CREATE TABLE unused AS\n",
        RECOMPUTED,
    ),
    (
        "equally busy payers in the order of their addresses",
        "indexer/analytics/sql/label_captive.sql",
        "ORDER BY n DESC, LOWER(a.value))",
        "ORDER BY n DESC, payer)",
        "analytics_labels",
    ),
    (
        "the last 28 days of a list",
        "indexer/export/sql/duckdb/busiest.sql",
        " // 86400 - 28\n",
        " // 86400 - 29\n",
        RECOMPUTED,
    ),
    (
        "labels of what a party settled",
        "indexer/export/sql/duckdb/parties.sql",
        "    development,\n    unbound,\n",
        "    false AS development,\n    unbound,\n",
        RECOMPUTED,
    ),
    (
        "the time of the last exported block",
        "indexer/export/run.py",
        "self._report.block_timestamp_s if to_block == self._report.block_number else None",
        "None",
        "indexer_lake",
    ),
)
