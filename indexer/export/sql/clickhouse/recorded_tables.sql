-- Tables for the foreign history of an export in ClickHouse: recorded, unverified, and in no roll-up. Its files are
-- those that recorded/manifest.json names; insert.sql takes them like the others. See tables.sql about clusters.

CREATE TABLE IF NOT EXISTS recorded_settlement
(
    chain_id Int64,
    source LowCardinality(String),
    status LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    contract LowCardinality(String),
    form LowCardinality(String),
    claim Nullable(String) CODEC(ZSTD),
    root Nullable(String) CODEC(ZSTD),
    claimed_batch_size Nullable(String) CODEC(ZSTD),
    tee_id Nullable(String) CODEC(ZSTD),
    input_hash Nullable(String) CODEC(ZSTD),
    output_hash Nullable(String) CODEC(ZSTD),
    claimed_timestamp Nullable(String) CODEC(ZSTD),
    payer Nullable(String) CODEC(ZSTD),
    payee Nullable(String) CODEC(ZSTD),
    asset Nullable(String) CODEC(ZSTD),
    amount_base_units Nullable(String) CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, source, contract, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS token_transfer
(
    chain_id Int64,
    source LowCardinality(String),
    status LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    asset LowCardinality(String),
    sender String CODEC(ZSTD),
    recipient String CODEC(ZSTD),
    amount_base_units UInt128 CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;
