-- One week of settled_week, from the rows of `inference` with the keys of its blocks.
-- Runs on SQLite and Postgres.
SELECT $wk AS wk, payer_id, prover_id, model_id, asset_id, floor, tier,
       CASE WHEN development OR unbound THEN 1 ELSE tier END AS counted,
       scheme,
       CASE WHEN development THEN 1 ELSE 0 END AS development,
       CASE WHEN unbound THEN 1 ELSE 0 END AS unbound,
       COUNT(*) AS n,
       CAST(SUM(amount_e20) AS BIGINT) AS amount_e20,
       CAST(SUM(amount_e10) AS BIGINT) AS amount_e10,
       CAST(SUM(amount_e0) AS BIGINT) AS amount_e0
FROM inference
WHERE id >= $first_id AND id < $end_id
GROUP BY payer_id, prover_id, model_id, asset_id, floor, tier, scheme, development, unbound
