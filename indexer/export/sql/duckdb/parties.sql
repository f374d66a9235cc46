-- What each model, prover and payer settled, as on its page: by tier, label and token.
WITH party AS (
    SELECT *, unnest(['model', 'prover', 'payer']) AS kind, unnest([model_id, prover, payer]) AS id FROM inference
)
SELECT
    chain_id,
    settlement,
    kind,
    id,
    tier,
    development,
    unbound,
    asset,
    asset_decimals,
    count(*) AS inferences,
    sum(amount_base_units) AS amount_base_units
FROM party
WHERE id IS NOT NULL
GROUP BY ALL
ORDER BY ALL;
