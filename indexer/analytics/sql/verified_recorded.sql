-- M16: what the contract verified, by counted tier, and what other contracts claim, by kind of their event.
-- A plain x402 payment claims no inference: what was sold for it stands in no event.
SELECT 'verified' AS status, CASE counted WHEN 1 THEN 'signed' WHEN 2 THEN 'tee' ELSE 'zkml' END AS source,
       SUM(n) AS events, SUM(n) AS verified_inferences, NULL AS claimed_inferences, counted AS place
FROM settled_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY counted
UNION ALL
SELECT 'recorded', form, SUM(n), NULL, SUM(CASE WHEN form IN ('exact', 'permit2') THEN NULL ELSE claimed END), 4
FROM recorded_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY form
ORDER BY place, source
