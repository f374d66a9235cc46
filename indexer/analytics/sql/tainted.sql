-- M19: paid inferences of each week and tier, as settled, and as known today: what was called doubtful counts as signed.
WITH tier AS (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3),
     settled AS (
    SELECT wk, counted, SUM(n) AS n FROM paid_week
    WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged GROUP BY wk, counted),
     doubtful AS (
    SELECT t.wk, t.counted, SUM(t.n) AS n FROM tainted_week AS t
    WHERE t.payer <> 0 AND t.wk >= $w1_first AND t.wk < $w1_end
      AND ($flagged = 1 OR NOT EXISTS (SELECT 1 FROM pair_label AS l WHERE l.payer = t.payer AND l.prover = t.prover))
    GROUP BY t.wk, t.counted),
     moved AS (SELECT wk, SUM(n) AS n FROM doubtful WHERE counted > 1 GROUP BY wk),
     total AS (SELECT wk, SUM(n) AS n FROM settled GROUP BY wk)
SELECT w.wk, k.k, COALESCE(s.n, 0) AS as_settled, COALESCE(d.n, 0) AS tainted,
       COALESCE(s.n, 0) + CASE k.k WHEN 1 THEN COALESCE(m.n, 0) ELSE -COALESCE(d.n, 0) END AS as_known_today,
       COALESCE(t.n, 0) AS total
FROM week AS w CROSS JOIN tier AS k
LEFT JOIN settled AS s ON s.wk = w.wk AND s.counted = k.k
LEFT JOIN doubtful AS d ON d.wk = w.wk AND d.counted = k.k
LEFT JOIN moved AS m ON m.wk = w.wk
LEFT JOIN total AS t ON t.wk = w.wk
WHERE w.wk >= $w1_first AND w.wk < $w1_end ORDER BY w.wk, k.k
