-- M5: how paid inferences (asset is NULL) and what was paid in each token spread over payers, provers and models.
WITH part AS (
    SELECT 1 AS place, payer AS member, asset, SUM(n) AS n,
           1e20 * SUM(amount_e20) + 1e10 * SUM(amount_e10) + 1e0 * SUM(amount_e0) AS v
    FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged GROUP BY payer, asset
    UNION ALL
    SELECT 2 AS place, prover AS member, asset, SUM(n) AS n,
           1e20 * SUM(amount_e20) + 1e10 * SUM(amount_e10) + 1e0 * SUM(amount_e0) AS v
    FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged GROUP BY prover, asset
    UNION ALL
    SELECT 3 AS place, model AS member, asset, SUM(n) AS n,
           1e20 * SUM(amount_e20) + 1e10 * SUM(amount_e10) + 1e0 * SUM(amount_e0) AS v
    FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged GROUP BY model, asset
),
measured AS (
    SELECT place, 0 AS asset, member, 1e0 * SUM(n) AS x FROM part GROUP BY place, member
    UNION ALL
    SELECT place, asset, member, v AS x FROM part WHERE v > 0
),
ranked AS (
    SELECT place, asset, x, ROW_NUMBER() OVER (PARTITION BY place, asset ORDER BY x DESC, member) AS nth
    FROM measured
)
SELECT CASE r.place WHEN 1 THEN 'payers' WHEN 2 THEN 'provers' ELSE 'models' END AS kind, a.value AS asset,
       COUNT(*) AS members, SUM(x) * SUM(x) / SUM(x * x) AS n_eff, MAX(x) / SUM(x) AS top1,
       SUM(CASE WHEN nth <= 10 THEN x ELSE 0 END) / SUM(x) AS top10, SUM(x * x) / (SUM(x) * SUM(x)) AS hhi
FROM ranked AS r LEFT JOIN address AS a ON a.id = r.asset AND r.asset <> 0
GROUP BY r.place, r.asset, a.value ORDER BY r.place, r.asset <> 0, a.value
