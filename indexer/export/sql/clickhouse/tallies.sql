-- How the inferences split over the tiers, from the roll-up. Labelled evidence has lines of its own: see
-- docs/indexer.md.
SELECT
    chain_id,
    settlement,
    tier,
    asset,
    development,
    unbound,
    sum(inferences) AS inferences,
    sum(amount_base_units) AS amount_base_units
FROM rollup_day_model
GROUP BY chain_id, settlement, tier, asset, development, unbound
ORDER BY chain_id, settlement, tier, asset, development, unbound;
