-- The models, provers and payers of the last 28 days (UTC) up to the last exported block, as in the lists of the page:
-- inferences by counted tier, which is signed where the evidence is labelled.
WITH party AS (
    SELECT
        i.chain_id,
        i.settlement,
        unnest(['model', 'prover', 'payer']) AS kind,
        unnest([i.model_id, i.prover, i.payer]) AS id,
        CASE WHEN i.development OR i.unbound THEN 'signed' ELSE i.tier END AS counted
    FROM inference AS i
    JOIN exported_deployment AS d ON d.chain_id = i.chain_id AND d.settlement = i.settlement
    WHERE epoch_ms(i.block_time) // 86400000 > d.block_time_s // 86400 - 28
)
SELECT chain_id, settlement, kind, id, counted, count(*) AS inferences
FROM party
WHERE id IS NOT NULL
GROUP BY ALL
ORDER BY ALL;
