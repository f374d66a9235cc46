-- The same per day (UTC) and model.
SELECT
    chain_id,
    settlement,
    day,
    tier,
    model_id,
    asset,
    development,
    unbound,
    sum(inferences) AS inferences,
    sum(amount_base_units) AS amount_base_units
FROM rollup_day_model
GROUP BY chain_id, settlement, day, tier, model_id, asset, development, unbound
ORDER BY chain_id, settlement, day, tier, model_id, asset, development, unbound;
