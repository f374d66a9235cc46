-- How the inferences split over the tiers. Labelled evidence has lines of its own: see docs/indexer.md.
SELECT
    chain_id,
    settlement,
    tier,
    asset,
    development,
    unbound,
    count(*) AS inferences,
    sum(amount_base_units) AS amount_base_units
FROM inference
GROUP BY ALL
ORDER BY ALL;
