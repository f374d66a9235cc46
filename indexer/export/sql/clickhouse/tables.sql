-- Tables for an export in ClickHouse, and a roll-up that grows with each file.
--
-- `non_replicated_deduplication_window` lets a table remember the tokens of its last insertions; ClickHouse
-- Cloud and ReplicatedMergeTree do so by themselves (`replicated_deduplication_window`). On a cluster replace
-- MergeTree by ReplicatedMergeTree and SummingMergeTree by ReplicatedSummingMergeTree.

CREATE TABLE IF NOT EXISTS inference
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    seq Int64 CODEC(Delta, ZSTD),
    receipt_hash String CODEC(ZSTD),
    payer Nullable(String) CODEC(ZSTD),
    prover LowCardinality(String),
    model_id LowCardinality(String),
    tier LowCardinality(String),
    floor LowCardinality(String),
    scheme LowCardinality(String),
    development Bool,
    unbound Bool,
    asset LowCardinality(String),
    asset_decimals Nullable(Int16),
    amount_base_units UInt128 CODEC(ZSTD),
    served_at_s UInt64 CODEC(ZSTD),
    request_hash String CODEC(ZSTD),
    response_hash String CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS group_settled
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    root String CODEC(ZSTD),
    prover LowCardinality(String),
    model_id LowCardinality(String),
    route LowCardinality(String),
    key Nullable(String) CODEC(ZSTD),
    tier LowCardinality(String),
    development Bool,
    unbound Bool,
    settled Int64,
    skipped Int64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS group_skipped
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    prover String CODEC(ZSTD),
    model_id String CODEC(ZSTD),
    route LowCardinality(String),
    group_index Int32,
    reason_name LowCardinality(Nullable(String)),
    reason String CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS receipt_skipped
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    receipt_hash String CODEC(ZSTD),
    payer Nullable(String) CODEC(ZSTD),
    prover String CODEC(ZSTD),
    reason_name LowCardinality(Nullable(String)),
    reason String CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS channel_refunded
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    payer Nullable(String) CODEC(ZSTD),
    prover String CODEC(ZSTD),
    asset LowCardinality(String),
    amount_base_units UInt128 CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS registry_event
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    log_index Int32 CODEC(Delta, ZSTD),
    transaction_hash String CODEC(ZSTD),
    contract LowCardinality(String),
    event LowCardinality(String),
    subject String CODEC(ZSTD),
    arguments String CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number, log_index)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS block
(
    chain_id Int64,
    settlement LowCardinality(String),
    block_number Int64 CODEC(Delta, ZSTD),
    block_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    hash String CODEC(ZSTD),
    events Int32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(block_time)
ORDER BY (chain_id, settlement, block_number)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS rollup_day_model
(
    chain_id Int64,
    settlement LowCardinality(String),
    day Date32,
    tier LowCardinality(String),
    model_id LowCardinality(String),
    asset LowCardinality(String),
    development Bool,
    unbound Bool,
    inferences UInt64,
    amount_base_units UInt256
)
ENGINE = SummingMergeTree((inferences, amount_base_units))
PARTITION BY toYYYYMM(day)
ORDER BY (chain_id, settlement, day, tier, model_id, asset, development, unbound)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_day_model_of_inference TO rollup_day_model AS
SELECT
    chain_id,
    settlement,
    toDate32(block_time) AS day,
    tier,
    model_id,
    asset,
    development,
    unbound,
    count() AS inferences,
    sum(toUInt256(amount_base_units)) AS amount_base_units
FROM inference
GROUP BY chain_id, settlement, day, tier, model_id, asset, development, unbound;
