"""What an export refuses, must not lose, and must not count twice."""

from __future__ import annotations

EXPORT, CHECK, KILLED, LAKE = "export", "export_check", "export_killed", "lake"

_INFERENCES_END = """    response_hash String CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = {};
"""

CHECKS = (
    (
        "an export above the final block",
        "indexer/export/run.py",
        "    report = read_report(database, deployment, final=True)\n",
        "    report = read_report(database, deployment)\n",
        EXPORT,
    ),
    (
        "an export that counts otherwise than the roll-ups",
        "indexer/export/run.py",
        "            sums.require(self._report)\n",
        "            pass\n",
        EXPORT,
    ),
    (
        "an older export that counts otherwise than the roll-ups",
        "indexer/export/run.py",
        "        run.require_tallies()\n",
        "",
        EXPORT,
    ),
    (
        "a gap in the exported sequence numbers",
        "indexer/export/sums.py",
        "        if len(wrong):\n",
        "        if False:\n",
        EXPORT,
    ),
    (
        "two exports into one folder at once",
        "indexer/export/run.py",
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        EXPORT,
    ),
    (
        "an export of another version",
        "indexer/export/manifest.py",
        "        if version != SCHEMA_VERSION:\n",
        "        if False:\n",
        EXPORT,
    ),
    (
        "exported blocks without events",
        "indexer/export/schema.py",
        '        condition="events > 0",',
        '        condition="TRUE",',
        EXPORT,
    ),
    (
        "large exported amounts",
        "indexer/export/columns.py",
        "    return map(join, *(page.values[name] for name in _LIMBS))\n",
        '    return map(int, page.values["amount_e0"])\n',
        EXPORT,
    ),
    (
        "large exported times",
        "indexer/export/columns.py",
        "pa.array(page.numbers(name).astype(np.uint64))",
        "pa.array(abs(page.numbers(name)).astype(np.uint64))",
        EXPORT,
    ),
    (
        "nothing in place of nobody",
        "indexer/export/columns.py",
        "[known[number] if number else None for number in listed]",
        '[known[number] if number else "" for number in listed]',
        EXPORT,
    ),
    (
        "lengths in the content digest",
        "indexer/export/digest.py",
        "    yield _octets(column.is_valid().to_numpy(zero_copy_only=False), np.uint8)\n",
        "",
        EXPORT,
    ),
    (
        "files of a killed export",
        "indexer/export/run.py",
        "        self._remove_leftovers()\n",
        "",
        KILLED,
    ),
    (
        "a manifest that names files too early",
        "indexer/export/run.py",
        "        for file in files:\n            publish(self._folder / file.path)\n",
        "        early = self._entry.with_range((from_block, to_block), sums.next_seq, files, sums.cells())\n"
        "        save_manifest(self._folder, self._manifest.having(early))\n"
        "        for file in files:\n            publish(self._folder / file.path)\n",
        KILLED,
    ),
    (
        "a changed file of an export",
        "indexer/export/files.py",
        "    if _sha256(path) != entry.sha256:\n",
        "    if False:\n",
        CHECK,
    ),
    (
        "a cut file of an export",
        "indexer/export/files.py",
        "    if path.stat().st_size != entry.octets:\n",
        "    if False:\n",
        CHECK,
    ),
    (
        "another content of an exported file",
        "indexer/export/files.py",
        "            if digest.hexadecimal() == entry.content_sha256:\n",
        "            if True:\n",
        CHECK,
    ),
    (
        "a range that is missing from a manifest",
        "indexer/export/run.py",
        "            if entry.chained(before, blocks, some.next_seq, some.files) != some.export_digest:\n",
        "            if False:\n",
        CHECK,
    ),
    (
        "files that the manifest does not name",
        "indexer/export/sql/duckdb/views.sql",
        "inference AS FROM read_parquet(getvariable('inference_files'));",
        "inference AS FROM read_parquet(getvariable('export') || '/inference/*/*/*.parquet');",
        LAKE,
    ),
    (
        "days of another time zone",
        "indexer/export/sql/duckdb/views.sql",
        "AS make_timestamp_ms(epoch_ms(t));",
        "AS CAST(t AS TIMESTAMP);",
        LAKE,
    ),
    (
        "a file that DuckLake holds already",
        "indexer/export/sql/ducklake/add_files.sql",
        "FROM named_file WHERE path NOT IN (SELECT path FROM lake.added_file);",
        "FROM named_file;",
        LAKE,
    ),
    (
        "a file that ClickHouse holds already",
        "indexer/export/sql/clickhouse/tables.sql",
        _INFERENCES_END.format(10_000),
        _INFERENCES_END.format(0),
        LAKE,
    ),
    (
        "a file that ClickHouse's roll-up holds already",
        "indexer/export/sql/clickhouse/insert.sql",
        "    deduplicate_blocks_in_dependent_materialized_views = 1,",
        "    deduplicate_blocks_in_dependent_materialized_views = 0,",
        LAKE,
    ),
    (
        "labelled evidence in the growth of a tier",
        "indexer/export/sql/clickhouse/growth.sql",
        "    WHERE NOT development AND NOT unbound\n",
        "",
        LAKE,
    ),
)
