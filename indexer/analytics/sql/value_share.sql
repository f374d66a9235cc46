-- M2: what was paid per token and counted tier. Exact amounts are amount_e20 * 10^20 + amount_e10 * 10^10 + amount_e0.
WITH paid AS (
    SELECT asset, counted, SUM(n) AS n,
           SUM(amount_e20) AS amount_e20, SUM(amount_e10) AS amount_e10, SUM(amount_e0) AS amount_e0,
           1e20 * SUM(amount_e20) + 1e10 * SUM(amount_e10) + 1e0 * SUM(amount_e0) AS v
    FROM paid_week
    WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged
    GROUP BY asset, counted
)
SELECT a.value AS asset, p.counted AS tier, p.n, p.amount_e20, p.amount_e10, p.amount_e0,
       p.v / NULLIF(SUM(p.v) OVER (PARTITION BY p.asset), 0) AS share, d.decimals
FROM paid AS p
JOIN address AS a ON a.id = p.asset LEFT JOIN asset AS d ON d.id = p.asset
ORDER BY a.value, p.counted
