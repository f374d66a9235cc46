-- The same per day (UTC) and model.
SELECT
    chain_id,
    settlement,
    CAST(utc(block_time) AS DATE) AS day,
    tier,
    model_id,
    asset,
    development,
    unbound,
    count(*) AS inferences,
    sum(amount_base_units) AS amount_base_units
FROM inference
GROUP BY ALL
ORDER BY ALL;
