-- Fills the cube in DuckDB from an export (docs/scale.md), so that every metric can be computed again without the
-- indexer's database. Run cube.sql before it, and indexer/export/sql/duckdb/views.sql before that. Then say which
-- deployment of the export is meant, and the first week that shall not count, for example the one in which the last
-- exported block lies:
--
--   SET VARIABLE chain_id = 84532;
--   SET VARIABLE settlement = '0x...';   -- lower case
--   SET VARIABLE end_week = (
--     SELECT (coalesce(block_time_s, (SELECT max(epoch_ms(block_time)) // 1000 FROM block)) - 345600) // 604800
--     FROM exported_deployment
--     WHERE chain_id = getvariable('chain_id') AND settlement = getvariable('settlement')
--   );
--   CREATE MACRO checksum(address) AS address;
--
-- The cube holds addresses with checksum, which SQL cannot compute: examples/notebook has a function for it.
-- from_parquet_recorded.sql fills what is made of foreign history. How fresh the indexer's database is, is no fact of
-- the chain: `health` stays empty.

CREATE TEMP MACRO week_of(t) AS (epoch_ms(t) // 1000 - 345600) // 604800;
CREATE TEMP MACRO e20(amount) AS CAST(amount // 100000000000000000000 AS BIGINT);
CREATE TEMP MACRO e10(amount) AS CAST(amount // 10000000000 % 10000000000 AS BIGINT);
CREATE TEMP MACRO e0(amount) AS CAST(amount % 10000000000 AS BIGINT);
CREATE TEMP MACRO tier_number(tier) AS CASE tier WHEN 'signed' THEN 1 WHEN 'tee' THEN 2 ELSE 3 END;

INSERT INTO address
SELECT row_number() OVER (ORDER BY value), checksum(value)
FROM (
    SELECT unnest([payer, prover, asset]) AS value FROM inference
    UNION
    SELECT unnest([payer, prover, asset]) FROM channel_refunded
)
WHERE value IS NOT NULL;

INSERT INTO model
SELECT row_number() OVER (ORDER BY model_id), model_id, NULL FROM (SELECT DISTINCT model_id FROM inference);

CREATE TEMP TABLE address_number AS SELECT id, lower(value) AS value FROM address;

-- One row for each inference of the deployment in the weeks that count, with the numbers of the cube.
CREATE TEMP TABLE own AS
SELECT
    week_of(i.block_time) AS wk, i.block_number, i.log_index, epoch_ms(i.block_time) // 1000 AS time_s,
    coalesce(payer.id, 0) AS payer, prover.id AS prover, model.id AS model, asset.id AS asset, i.asset_decimals,
    tier_number(i.floor) AS required, tier_number(i.tier) AS achieved,
    CASE WHEN i.development OR i.unbound THEN 1 ELSE tier_number(i.tier) END AS counted,
    list_position(['none', 'upto', 'upto_with_permit', 'batch_settlement', 'exact'], i.scheme) - 1 AS scheme,
    CAST(i.development AS INTEGER) AS development, CAST(i.unbound AS INTEGER) AS unbound,
    CAST(i.amount_base_units AS HUGEINT) AS amount, i.served_at_s
FROM inference AS i
LEFT JOIN address_number AS payer ON payer.value = i.payer
JOIN address_number AS prover ON prover.value = i.prover
JOIN address_number AS asset ON asset.value = i.asset
JOIN model ON model.value = i.model_id
WHERE i.chain_id = getvariable('chain_id') AND i.settlement = getvariable('settlement')
    AND week_of(i.block_time) < getvariable('end_week');

INSERT INTO asset SELECT DISTINCT asset, asset_decimals FROM own;

INSERT INTO week
SELECT w.wk, count(own.wk)
FROM (SELECT unnest(range((SELECT min(wk) FROM own), getvariable('end_week'))) AS wk) AS w
LEFT JOIN own ON own.wk = w.wk
GROUP BY w.wk;

INSERT INTO settled_week
SELECT wk, payer, prover, model, asset, required, achieved, counted, scheme, development, unbound, count(*),
    sum(e20(amount)), sum(e10(amount)), sum(e0(amount))
FROM own
GROUP BY ALL;

INSERT INTO price_week
SELECT wk, model, asset, counted, e20(amount), e10(amount), e0(amount), count(*)
FROM own
WHERE payer <> 0
GROUP BY ALL;

INSERT INTO latency_week
SELECT wk, achieved, counted, CASE WHEN served_at_s > time_s THEN -1 ELSE least(time_s - served_at_s, 604800) END,
    count(*)
FROM own
GROUP BY ALL;

INSERT INTO skipped_week
SELECT week_of(block_time), kind, coalesce(reason_name, 'unknown'), count(*)
FROM (
    SELECT chain_id, settlement, block_time, 'receipt' AS kind, reason_name FROM receipt_skipped
    UNION ALL
    SELECT chain_id, settlement, block_time, 'group', reason_name FROM group_skipped
)
WHERE chain_id = getvariable('chain_id') AND settlement = getvariable('settlement')
    AND week_of(block_time) BETWEEN (SELECT min(wk) FROM week) AND getvariable('end_week') - 1
GROUP BY ALL;

INSERT INTO refund_week
SELECT week_of(r.block_time), coalesce(payer.id, 0), prover.id, asset.id, count(*),
    e20(amount), e10(amount), e0(amount)
FROM (SELECT *, CAST(amount_base_units AS UHUGEINT) AS amount FROM channel_refunded) AS r
LEFT JOIN address_number AS payer ON payer.value = r.payer
JOIN address_number AS prover ON prover.value = r.prover
JOIN address_number AS asset ON asset.value = r.asset
WHERE chain_id = getvariable('chain_id') AND settlement = getvariable('settlement')
    AND week_of(block_time) BETWEEN (SELECT min(wk) FROM week) AND getvariable('end_week') - 1
GROUP BY ALL;

INSERT INTO start_week
SELECT wk, payer, prover, time_s, asset, e20(amount), e10(amount), e0(amount)
FROM own
WHERE payer <> 0
QUALIFY row_number() OVER (PARTITION BY wk, payer, prover ORDER BY block_number, log_index) = 1;

CREATE TEMP TABLE own_event AS
SELECT event, subject, arguments, epoch_ms(block_time) // 1000 AS time_s
FROM registry_event
WHERE chain_id = getvariable('chain_id') AND settlement = getvariable('settlement')
ORDER BY block_number, log_index;

INSERT INTO model_owner
SELECT model.id, checksum(lower(arguments ->> '$.owner'))
FROM own_event JOIN model ON model.value = subject
WHERE event = 'ModelRegistered';

INSERT INTO doubt
SELECT event, subject, NULL, CAST(arguments ->> '$.compromisedAt' AS BIGINT), time_s
FROM own_event WHERE event = 'EnclaveCompromised'
UNION ALL
SELECT event, subject, arguments ->> '$.modelId', 0, time_s
FROM own_event WHERE event = 'ContradictionShown';

-- The event of a group comes behind its inferences, and each inference has one: the next one in its block.
INSERT INTO tainted_week
WITH own_group AS (
    SELECT block_number, log_index, key, route, model_id
    FROM group_settled
    WHERE chain_id = getvariable('chain_id') AND settlement = getvariable('settlement')
),
grouped AS (
    SELECT own.*, g.key, g.route, g.model_id
    FROM own ASOF JOIN own_group AS g ON own.block_number = g.block_number AND own.log_index < g.log_index
),
earliest AS (
    SELECT cause, subject, model, min(since_s) AS since_s FROM doubt GROUP BY ALL
)
SELECT wk, payer, prover, g.model, asset, required, achieved, counted, cause, subject, count(*)
FROM grouped AS g
JOIN earliest AS d
    ON d.since_s <= g.time_s
    AND ((d.model IS NULL AND d.subject = g.key) OR (d.subject = g.route AND d.model = g.model_id))
GROUP BY ALL;
