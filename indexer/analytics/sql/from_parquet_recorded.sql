-- Fills what is left of the cube in DuckDB from the foreign history of an export: what other contracts claim, and
-- what provers sent to their payers. Run from_parquet.sql and indexer/export/sql/duckdb/recorded_views.sql before it.
-- Fill `pay_address` before it as well, where the addresses are known: SQL cannot compute them from the provers'.

-- An event that claims what an earlier one of its chain claims counts once. Whoever claims more than 10^9 inferences
-- is taken to claim so many.
INSERT INTO recorded_week
WITH claimed AS (
    SELECT week_of(block_time) AS wk, form,
        CASE WHEN claimed_batch_size IS NULL THEN 1
            WHEN length(claimed_batch_size) > 10 THEN 1000000000
            ELSE least(CAST(claimed_batch_size AS BIGINT), 1000000000) END AS inferences,
        claim IS NOT NULL AND rank() OVER (PARTITION BY chain_id, claim ORDER BY block_number, log_index) > 1 AS repeated
    FROM recorded_settlement
)
SELECT wk, form, count(*), sum(inferences)
FROM claimed
WHERE NOT repeated AND wk < (SELECT max(wk) + 1 FROM week)
GROUP BY wk, form;

INSERT INTO transfer_back
WITH sender AS (
    SELECT DISTINCT a.value, s.prover, 0 AS from_pay_address
    FROM settled_week AS s JOIN address_number AS a ON a.id = s.prover
    UNION
    SELECT lower(value), prover, 1 FROM pay_address
),
pair AS (
    SELECT DISTINCT payer, prover FROM settled_week WHERE payer <> 0
)
SELECT p.payer, p.prover, asset.id, s.from_pay_address, epoch_ms(t.block_time) // 1000,
    e20(amount), e10(amount), e0(amount)
FROM (SELECT *, CAST(amount_base_units AS HUGEINT) AS amount FROM token_transfer) AS t
JOIN sender AS s ON s.value = t.sender
JOIN address_number AS payer ON payer.value = t.recipient
JOIN address_number AS asset ON asset.value = t.asset
JOIN pair AS p ON p.payer = payer.id AND p.prover = s.prover
WHERE t.chain_id = getvariable('chain_id') AND week_of(t.block_time) < (SELECT max(wk) + 1 FROM week);

INSERT INTO payment
SELECT payer, prover, asset, time_s, count(*), sum(e20(amount)), sum(e10(amount)), sum(e0(amount))
FROM own
WHERE (payer, prover) IN (SELECT (payer, prover) FROM transfer_back)
GROUP BY ALL;
